"""The life of one tiny guest, gone through again and again while our programs die.

After each death, and at the end of each phase, FreeIPA and the guest are looked at: one host at most and never
another one, one password at most, no attempt carried out twice, passwords of the past refused.
"""
import json
import subprocess
import time

import freeipa
from parts import DOMAIN

REFUSAL = "Joining realm failed: Failed to bind to server: Invalid credentials"


class Life:
    patience = 150  # seconds for one phase

    def __init__(self, world, guest):
        self.world, self.guest, self.fqdn = world, guest, f"{guest}.{DOMAIN}"
        self.mortals, self.phase, self.enrolled = [], "", False
        self.passwords = []

    def go(self, phase):
        """Through one phase, to its end."""
        for mortal in self.mortals:
            mortal.enter(phase)
        self.phase = phase
        getattr(self, phase)()
        self.check_guest()

    # ---- the phases

    def enrol(self):
        assert not self.enrolled
        self.ask("enroll")
        self.wait(self.has_fresh_key(""))
        self.enrolled = True

    def refuse(self):
        """FreeIPA refuses the first password: it is withdrawn, and the next attempt succeeds."""
        self.world.inside(self.guest, f"echo '{REFUSAL}' >/run/installer-fails")
        self.enrol()

    def renew(self):
        before = freeipa.keytab_since(self.guest)
        self.ask("enroll", "--again")
        self.wait(self.has_fresh_key(before))

    def lose(self):
        """An administrator drops the key in FreeIPA: a look at the guest shows it, and it is joined anew."""
        before = freeipa.keytab_since(self.guest)
        freeipa.ipa(f"ipa host-disable {self.fqdn}")
        self.ask("verify", accepted=(0, 7))
        self.wait(self.has_fresh_key(before))

    def remove(self):
        self.enrolled = False
        self.ask("unenroll", "--yes")
        self.wait(lambda: not freeipa.hosts(self.guest) and self.described().get("phase") == "NotEnrolled")
        assert "host/" not in self.world.inside(self.guest, "klist -k 2>/dev/null || true"), "the key is still in the guest"

    # ---- how a phase goes on

    def tend(self):
        for mortal in self.mortals:
            mortal.tend()

    def ask(self, verb, *options, accepted=(0,)):
        """As a person does: once more when the coordinator was away."""
        deadline = time.monotonic() + 120
        while True:
            command = [self.world.program("innkeeper"), "--server", self.world.server, verb, f"lab/{self.guest}", *options]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as asked:
                while asked.poll() is None:
                    self.tend()
                    time.sleep(0.1)
                said = asked.stdout.read().decode(errors="replace")
            if asked.returncode in accepted:
                return
            assert time.monotonic() < deadline, f"{command}: {asked.returncode} {said}\n{self.world.logs(60)}"
            self.tend()
            time.sleep(0.2)

    def wait(self, so):
        deadline = time.monotonic() + self.patience
        while not so():
            self.tend()
            assert time.monotonic() < deadline, f"{self.phase} of {self.guest} does not end: {self.described()}\n{self.world.logs(60)}"
            time.sleep(0.2)
        self.tend()

    def described(self):
        told = self.world.cli("describe", f"lab/{self.guest}", "-o", "json", check=False)
        return json.loads(told.stdout).get("status", {}) if told.returncode == 0 else {}

    def has_fresh_key(self, before):
        """Enrolled, by the coordinator's word, with the very key that FreeIPA has, and not the one of before."""
        def so():
            status = self.described()
            told = "".join(filter(str.isdigit, status.get("keytabSince", "")))
            if status.get("phase") != "Enrolled" or not told or told == before:
                return False
            return freeipa.keytab_since(self.guest) == told
        return so

    # ---- what must be true

    def check_freeipa(self, point=""):
        """At any moment, also while something of ours is dead."""
        found = freeipa.hosts(self.guest)
        where = f"{self.phase}, {point}: {found}"
        assert len(found) <= 1, f"more than one host: {where}"
        assert found or not self.enrolled, f"the host is lost: {where}"
        for host in found:
            assert host["fqdn"] == [self.fqdn], where
            assert len(host.get("userPassword", [])) <= 1, f"two passwords: {where}"
        if point == "identity.failure_stored":
            attempt, password = self.attempts()[-1]
            assert not freeipa.takes_password(self.fqdn, password), f"the password of {attempt} was not withdrawn"

    def attempts(self):
        """(attempt, password) of all that the installer in the guest was ever run with."""
        text = self.world.inside(self.guest, "cat /var/log/installs 2>/dev/null || true")
        return [tuple(line.split(" ", 1)) for line in text.splitlines()]

    def check_guest(self):
        self.check_freeipa("at the end")
        attempts = self.attempts()
        ids = [attempt for attempt, _ in attempts]
        assert len(ids) == len(set(ids)), f"an attempt was carried out twice: {ids}"
        passwords = [password for _, password in attempts]
        assert len(passwords) == len(set(passwords)), "a password was handed out twice"
        if self.enrolled:
            assert "userPassword" not in freeipa.hosts(self.guest)[0], "a password is left beside the key"
        self.passwords = passwords

    def check_passwords(self):
        """Every password that ever reached the guest is refused."""
        for password in self.passwords:
            assert not freeipa.takes_password(self.fqdn, password), f"FreeIPA takes {password}"
