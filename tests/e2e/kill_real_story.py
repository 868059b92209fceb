"""Three kills in one genuine join of a Debian guest: the order is out, the join runs, its result is there."""
import unittest

from life import Life
from mortal import Mortal
from world import Story


class RealLife(Life):
    """Its installer keeps no list: what was carried out shows in the version of the key."""

    def attempts(self):
        return []


class KillRealStory(Story):
    def test_a_join_outlives_coordinator_and_agent(self):
        world = self.world
        world.start_agent("host1")
        life = RealLife(world, world.new_guest("real"))
        world.until("the guest is known", lambda: int(world.node("host1").get("domains", 0)) >= 1, 60)
        life.mortals = [
            Mortal(world.coordinator, [("enrol", "identity.order_sent"), ("enrol", "identity.result_seen")],
                   lambda: world.cli("status", check=False).returncode == 0, life.check_freeipa),
            Mortal(world.agents["host1"], [("enrol", "agent.start.told")], lambda: True, life.check_freeipa),
        ]
        life.patience = 600
        life.go("enrol")
        self.assertEqual([len(mortal.deaths) for mortal in life.mortals], [2, 1])
        self.assertIn("uid=", world.inside(life.guest, f"kinit -k host/{life.fqdn} && id admin"))
        self.assertEqual(world.cli("verify", f"lab/{life.guest}").returncode, 0)
        life.go("remove")


if __name__ == "__main__":
    unittest.main(verbosity=2)
