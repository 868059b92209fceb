"""The main job: guests are enrolled, proven, and leave; and after a lost database their hosts are found.

The one-time passwords that FreeIPA issued meanwhile, heard by the proxy, are then found nowhere.
"""
import shutil
import unittest

import canary
from parts import DOMAIN, env
from world import Story


class EnrolmentStory(Story):
    behind_proxy = True

    def look_for(self, passwords, guests, seen):
        """On no command line, in no file, log, database or answer."""
        for password in passwords:
            secret = password.encode()
            self.assertEqual([text for text in seen if secret in text], [], "on a command line or in an environment")
            self.assertEqual(canary.places_with(self.world, password), [])
            for guest in guests:
                self.assertEqual(canary.files_in_guest_with(guest, password), [], f"files in {guest}")

    def test_guests_come_are_proven_and_leave(self):
        world = self.world
        world.start_agent("host1")
        watcher = canary.HostWatcher()
        self.addCleanup(watcher.stop)
        web = world.new_guest("web", "--enroll", "yes")
        db = world.new_guest("db")
        canary.watch_guest(db)

        # One asked by its metadata, the other is asked for by hand.
        world.until("db is known", lambda: int(world.node("host1").get("domains", 0)) >= 2, 60)
        told = world.cli("enroll", f"lab/{db}", "--wait", "--timeout", "7m")
        self.assertIn(f"is enrolled as {db}.{DOMAIN}", told.stdout)
        world.enrolled(web)
        for guest in (web, db):
            self.assertTrue(world.has_keytab(f"{guest}.{DOMAIN}"))
            self.assertIn("uid=", world.inside(guest, "id admin"))
            self.assertEqual(world.cli("verify", f"lab/{guest}").returncode, 0)
        passwords = self.proxy.passwords()
        self.assertGreaterEqual(len(passwords), 2)
        in_guest = canary.seen_in_guest(db)
        self.assertIn("ipa-getkeytab", in_guest, "the watch saw the join")
        self.look_for(passwords, (web, db), {*watcher.stop(), in_guest.encode()})
        self.assertIn(web, world.cli("guests").stdout)
        self.assertEqual(world.cli("audit").returncode, 0)

        # The database is lost: the hosts are found by their tag, adopted on request, and nothing else moves.
        world.coordinator.stop()
        for name in ("innkeeper.db", "innkeeper.db-wal", "innkeeper.db-shm"):
            path = world.directory / "state" / name
            if path.exists():
                path.unlink()
        world.start_coordinator()
        # The node's record went with the database: it joins anew.
        world.agents.pop("host1").stop()
        shutil.rmtree(world.directory / "host1")
        world.start_agent("host1")
        self.assertEqual(world.cli("audit", "--adopt", check=False).returncode, 0)
        world.enrolled(web)
        world.enrolled(db)

        # An explicit no takes the identity away, from the guest and from FreeIPA.
        world.cli("unenroll", f"lab/{db}", "--yes", "--wait", "--timeout", "5m")
        self.assertTrue(world.host_is_gone(f"{db}.{DOMAIN}"))
        self.assertNotIn("host/", world.inside(db, "klist -k 2>/dev/null || true"))
        self.assertTrue(world.has_keytab(f"{web}.{DOMAIN}"))

        # So does a witnessed undefine, after its grace.
        env("guest", "rm", web)
        world.until("the host of the undefined guest is gone", lambda: world.host_is_gone(f"{web}.{DOMAIN}"), 120)


if __name__ == "__main__":
    unittest.main(verbosity=2)
