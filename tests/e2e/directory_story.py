"""FreeIPA's bad days: hung, down, a name that is taken, a right that is missing, an answer that is lost, a password
that somebody else used, a service key that was changed. Each shows with its reason, and ends well by itself."""
import base64
import pathlib
import unittest

import freeipa
from parts import DOMAIN, env
from world import Story


class DirectoryStory(Story):
    behind_proxy = True
    timings = {"reconcile_deadline": "20s"}

    def setUp(self):
        super().setUp()
        world = self.world
        world.start_agent("host1")
        self.guest = world.new_tiny("dir", "--client", "--address", "auto")
        self.fqdn = f"{self.guest}.{DOMAIN}"
        env("guest", "wait", self.guest)
        world.until("the guest is known", lambda: int(world.node("host1").get("domains", 0)) >= 1, 60)

    # ---- verbs

    def ask(self):
        self.world.cli("enroll", f"lab/{self.guest}")

    def shows(self, *reasons, seconds=90):
        def so():
            conditions = self.world.guest(self.guest)["status"].get("conditions", [])
            return any(condition["reason"] in reasons for condition in conditions)
        self.world.until(f"{self.guest} shows one of {reasons}", so, seconds)

    def ends_well(self):
        """Enrolled, as one host, with a key that works; then gone again, for the next trial."""
        self.world.enrolled(self.guest, 180)
        found = freeipa.hosts(self.guest)
        self.assertEqual(len(found), 1)
        self.assertIn("krbPrincipalKey", found[0])
        self.assertNotIn("userPassword", found[0])
        self.assertEqual(self.world.cli("verify", f"lab/{self.guest}").returncode, 0)
        self.world.cli("unenroll", f"lab/{self.guest}", "--yes", "--wait", "--timeout", "2m")
        self.assertEqual(freeipa.hosts(self.guest), [])

    # ---- the days

    def test_the_bad_days_of_a_directory(self):
        for day in (self.taken_name, self.hung, self.down, self.missing_right, self.lost_answer, self.burnt_password,
                    self.changed_key):
            with self.subTest(day=day.__name__):
                day()

    def taken_name(self):
        """A host of that name is there and not ours: untouched, whoever asks, until it is gone."""
        freeipa.ipa(f"ipa host-add {self.fqdn} --force --desc theirs --password=theirs-alone")
        before = freeipa.hosts(self.guest)
        self.ask()
        self.shows("Conflict")
        self.world.cli("unenroll", f"lab/{self.guest}", "--yes", check=False)
        self.ask()
        self.shows("Conflict")
        self.assertEqual(freeipa.hosts(self.guest), before)
        self.assertTrue(freeipa.takes_password(self.fqdn, "theirs-alone"))
        freeipa.ipa(f"ipa host-del {self.fqdn}")
        self.ends_well()

    def hung(self):
        env("freeipa", "pause")
        try:
            self.ask()
            self.shows("IpaUnavailable")
        finally:
            env("freeipa", "resume")
        self.ends_well()

    def down(self):
        env("freeipa", "down")
        try:
            self.ask()
            self.shows("IpaUnavailable")
            self.assertEqual(self.world.cli("status").returncode, 0)
        finally:
            env("freeipa", "up")
        self.ends_well()

    def missing_right(self):
        cluster = pathlib.Path(self.world.directory, "state", "cluster-id").read_text(encoding="utf-8").strip()
        names = f"'Innkeeper {cluster}' --permissions='Innkeeper {cluster} add hosts'"
        self.assertIn("Number of permissions removed 1", freeipa.ipa(f"ipa privilege-remove-permission {names}"))
        try:
            self.ask()
            self.shows("IpaDenied")
        finally:
            freeipa.ipa(f"ipa privilege-add-permission {names}")
        self.ends_well()

    def lost_answer(self):
        """FreeIPA made the host, and its answer reached nobody."""
        self.proxy.lose_answer_to('"host_add"')
        self.ask()
        self.world.until("the answer is lost", lambda: self.proxy.lost == ['"host_add"'], 60)
        self.ends_well()

    def burnt_password(self):
        """Somebody else joined with it: their key is dropped, and a new password given."""
        self.world.inside(self.guest, "touch /run/password-burns")
        self.ask()
        self.world.enrolled(self.guest, 180)
        self.assertIn("stale", self.world.inside(self.guest, f"kinit -k -t /run/thief.keytab -c FILE:/run/thief host/{self.fqdn} "
                                                 ">/dev/null 2>&1 || echo stale"))
        self.ends_well()

    def changed_key(self):
        """The service account's key was changed behind our back: it shows, and a restart with the new key is enough.

        A refused login is not tried again for a while, so that it locks no account.
        """
        keytab = pathlib.Path(self.world.directory, "keytab")
        principal = f"innkeeper/centre-{self.world.tag}.{DOMAIN}"
        freeipa.ipa(f"rm -f /tmp/changed && ipa-getkeytab -p {principal} -k /tmp/changed")
        self.restart()  # a session that is still good would hide it for a while
        self.ask()
        self.shows("IpaUnavailable", "IpaDenied")
        keytab.write_bytes(base64.b64decode(env("freeipa", "exec", "base64", "/tmp/changed")))
        self.restart()
        self.ends_well()

    def restart(self):
        self.assertEqual(self.world.coordinator.stop(), 0)
        self.world.start_coordinator()
        self.world.connected("host1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
