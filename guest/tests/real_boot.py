#!/usr/bin/env -S python3 -B
"""Stories of joining at boot, in a genuine Debian guest with cloud-init and a genuine FreeIPA (tests/env).

usage: real_boot.py SCRIPTS STORY...      SCRIPTS: the build's guest folder
       real_boot.py SCRIPTS list

What the coordinator composes is composed here: user-data of several parts, and the files of disk.md.
"""

import base64
import email.mime.multipart
import email.mime.text
import json
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time

from real_guest import FreeIpa, Guest, env

USERS = """#cloud-config
runcmd:
  - [sh, -c, 'echo ran >>/root/users-runcmd']
"""


class BootGuest(Guest):
    """Seeded by files; the join is nobody's order."""

    def __init__(self, name, scripts, ipa, user_data, **disk):
        self.folder = tempfile.TemporaryDirectory(prefix="guest-boot.")
        self.scripts, self.ipa = pathlib.Path(scripts), ipa
        self.name, self.fqdn, self.passwords = name, f"{name}.{ipa.domain}", []
        env("guest", "new", name, self.fqdn, *self.seeds(user_data, **disk))
        env("guest", "wait", name, "600")

    def seeds(self, user_data, state="ready", password=None):
        """Options of `env guest new` and `reseed`."""
        root = pathlib.Path(tempfile.mkdtemp(dir=self.folder.name))
        (root / "user-data").write_text(user_data)
        disk = root / "disk"
        disk.mkdir()
        settings = {"state": state}
        if state == "ready":
            self.passwords.append(password)
            settings |= {
                "attempt": secrets.token_hex(8),
                "fqdn": self.fqdn,
                "domain": self.ipa.domain,
                "realm": self.ipa.realm,
                "servers": self.ipa.server,
                "ca": base64.b64encode(self.ipa.ca).decode(),
                "install": "no",
                "timeout": "900",
            }
            (disk / "password").write_text(password + "\n")
        self.attempt = settings.get("attempt")
        (disk / "settings").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        (disk / "join").write_text((self.scripts / "join").read_text())
        return "--user-data", str(root / "user-data"), "--files", str(disk)

    def reboot(self, user_data, **disk):
        self.shell("sync")
        env("guest", "stop", self.name)
        env("guest", "reseed", self.name, *self.seeds(user_data, **disk))
        env("guest", "start", self.name)
        env("guest", "wait", self.name, "600")

    def journal(self):
        return self.shell("journalctl -q --no-pager -b -u innkeeper-join -o cat")[1]

    def until(self, what, script, seconds=900):
        """Waits inside until the script is true there."""
        code, text = self.shell(
            f"end=$(($(date +%s) + {seconds})); until {script}; do\n"
            '[ "$(date +%s)" -lt "$end" ] || exit 1; sleep 2; done',
            seconds + 60,
        )
        assert code == 0, f"not within {seconds} s: {what}: {text}\n{self.journal()}"

    def unit_ended(self):
        self.until(
            "the unit ends",
            "systemctl show -p ActiveState,ExecMainStartTimestampMonotonic innkeeper-join | tr '\\n' ' ' | "
            "grep -q 'ActiveState=inactive .*Monotonic=[1-9]' || "
            "systemctl show -p ExecMainExitTimestampMonotonic innkeeper-join | grep -q '=[1-9]'",
        )

    def booted(self):
        self.until(
            "the boot is over", "systemctl is-system-running | grep -qE 'running|degraded'"
        )

    def users_part_ran(self, times):
        text = self.shell("cat /root/users-runcmd")[1]
        assert text.split() == ["ran"] * times, f"the user's own part: {text}"

    def joined(self):
        self.unit_ended()
        text = self.journal()
        answer = json.loads(next(x for x in text.splitlines() if "{" in x).split(" ", 1)[1])
        assert (answer["result"], answer["attempt"]) == ("joined", self.attempt), text
        code, said = self.shell(f"kinit -k -c MEMORY: host/{self.fqdn}@{self.ipa.realm} && id admin")
        assert code == 0, said
        assert self.ipa.state(self.fqdn) == (False, True)
        self.assert_no_password_left()

    def resumes(self):
        """What an agent that asks for the disk's attempt is told."""
        parameters = self.join_parameters("unused")
        del parameters["password"]
        self.passwords.pop()
        answer = self.finish(
            self.start("join", parameters | {"resume": "yes", "attempt": self.attempt})
        )
        assert answer["result"] == "joined", answer

    def remove(self):
        super().remove()
        self.folder.cleanup()


def composed(scripts, users=USERS):
    """The user's own bytes, and our part beside them."""
    message = email.mime.multipart.MIMEMultipart("mixed")
    part = email.mime.text.MIMEText("", "plain")
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(users.encode()).decode())
    message.attach(part)
    hook = (pathlib.Path(scripts) / "boothook").read_text()
    message.attach(email.mime.text.MIMEText(hook, "cloud-boothook"))
    return message.as_string()


def story_first(scripts, ipa, keep):
    """A guest joins at its first boot; the user's own part ran; the boot did not wait for the join."""
    fqdn = f"gb-first.{ipa.domain}"
    password = ipa.one_time_password(fqdn)
    guest = keep(BootGuest("gb-first", scripts, ipa, composed(scripts), password=password))
    guest.joined()
    guest.booted()
    guest.users_part_ran(1)
    code, text = guest.shell(
        "systemctl show -p ActiveEnterTimestampMonotonic multi-user.target; "
        "systemctl show -p ExecMainExitTimestampMonotonic innkeeper-join; journalctl -b -q --no-pager "
        "-o cat | grep -iE 'ordering cycle|deleted to break' && exit 1; true"
    )
    assert code == 0, text
    reached, ended = [int(line.split("=")[1]) for line in text.splitlines()[:2]]
    assert 0 < reached < ended, f"multi-user.target waited for the join: {text}"
    guest.resumes()


def story_late(scripts, ipa, keep):
    """A guest that ran before opts in: pending first, then it joins; to cloud-init the same instance."""
    guest = keep(BootGuest("gb-late", scripts, ipa, USERS, state="pending"))
    guest.booted()
    guest.users_part_ran(1)
    assert guest.shell("systemctl cat innkeeper-join")[0] != 0
    guest.reboot(composed(scripts), state="pending")
    guest.unit_ended()
    assert "no place for this machine" in guest.journal(), guest.journal()
    assert guest.shell("test -e /var/lib/innkeeper || test -e /etc/krb5.keytab")[0] != 0
    guest.reboot(composed(scripts), password=ipa.one_time_password(guest.fqdn))
    guest.joined()
    guest.users_part_ran(1)
    guest.reboot(composed(scripts), state="enrolled")
    guest.unit_ended()
    assert "is enrolled" in guest.journal(), guest.journal()


def story_package(scripts, ipa, keep):
    """A golden image with the package joins without any part in the user-data."""
    guest = keep(BootGuest("gb-golden", scripts, ipa, USERS, state="pending"))
    guest.booted()
    with tempfile.TemporaryDirectory() as folder:
        maker = pathlib.Path(__file__).resolve().parent.parent / "package/deb.sh"
        subprocess.run([maker, scripts, "1.0", folder], check=True, capture_output=True)
        package = (pathlib.Path(folder) / "innkeeper-guest_1.0_all.deb").read_bytes()
    code, text = guest.shell(
        "base64 -d >/root/package.deb <<'END'\n"
        + base64.encodebytes(package).decode()
        + "END\ndpkg -i /root/package.deb && systemctl is-enabled innkeeper-join && "
        "systemd-analyze verify innkeeper-join.service"
    )
    assert code == 0, text
    guest.reboot(USERS, password=ipa.one_time_password(guest.fqdn))
    guest.joined()
    guest.users_part_ran(1)
    code, text = guest.shell("dpkg --purge innkeeper-guest && test ! -e /var/lib/innkeeper")
    assert code == 0, text


STORIES = {name[6:]: story for name, story in list(globals().items()) if name.startswith("story_")}


def main():
    scripts, *names = sys.argv[1:]
    if names == ["list"]:
        print("\n".join(f"{name:12} {story.__doc__}" for name, story in STORIES.items()))
        return 0
    ipa = FreeIpa()
    failed = 0
    for name in names or STORIES:
        made = []

        def keep(guest):
            made.append(guest)
            return guest

        print(f"{name}: {STORIES[name].__doc__}", flush=True)
        began = time.monotonic()
        try:
            STORIES[name](scripts, ipa, keep)
            print(f"  ok, {time.monotonic() - began:.0f} s", flush=True)
        except (AssertionError, RuntimeError) as problem:
            failed += 1
            print(f"  FAILED, {time.monotonic() - began:.0f} s: {problem}", flush=True)
        for guest in reversed(made):
            guest.remove()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
