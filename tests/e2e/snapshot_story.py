"""A guest is reverted to a snapshot with an old key: it shows, and is repaired without anybody's help."""
import unittest

import freeipa
from parts import DOMAIN, env
from world import Story


class SnapshotStory(Story):
    def test_a_reverted_key_shows_and_is_replaced(self):
        world = self.world
        world.start_agent("host1")
        guest = world.new_guest("snap", "--enroll", "yes")
        world.enrolled(guest)
        first = freeipa.keytab_since(guest)
        env("guest", "snapshot", guest, "joined")

        world.cli("enroll", f"lab/{guest}", "--again", "--wait", "--timeout", "7m")
        second = freeipa.keytab_since(guest)
        self.assertGreater(second, first)

        env("guest", "revert", guest, "joined")
        env("guest", "wait", guest)
        world.until("the old key shows", lambda: "StaleKey" in world.cli("events", f"lab/{guest}", "-o", "json").stdout, 180)
        world.until("a new key is made", lambda: freeipa.keytab_since(guest) > second, 420)
        world.enrolled(guest)
        self.assertEqual(len(freeipa.hosts(guest)), 1)
        self.assertIn("uid=", world.inside(guest, f"kinit -k host/{guest}.{DOMAIN} && id admin"))
        self.assertEqual(world.cli("verify", f"lab/{guest}").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
