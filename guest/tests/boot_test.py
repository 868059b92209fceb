#!/usr/bin/env -S python3 -B
"""Joining at boot, from the disk labelled INNKEEPER; and what installs that."""

import json
import os
import pathlib
import subprocess

from box import GuestTest, main


class Disk(GuestTest):
    def setUp(self):
        super().setUp()
        self.label = self.box.root / "dev/disk/by-label/INNKEEPER"
        self.label.parent.mkdir(parents=True)
        self.label.touch()
        (self.box.path / "disk").mkdir()
        self.put("join", self.box.scripts["join"])
        self.settings()
        self.put("password", self.box.parameters()["password"] + "\n")

    def put(self, name, text):
        self.box.write(f"disk/{name}", text)

    def settings(self, state="ready", **other):
        values = self.box.parameters(**other)
        del values["password"]
        values = {k: v for k, v in {"state": state, **values}.items() if v is not None}
        self.put("settings", "".join(f"{key}={value}\n" for key, value in values.items()))

    def boot(self):
        """As at a boot: /run is empty; what the unit says."""
        subprocess.run(["rm", "-rf", self.box.root / "run/innkeeper"], check=True)
        text = self.box.scripts["boot"].replace("/bin/sh", self.box.shell)
        self.box.program("boot", text)
        done = subprocess.run(
            [self.box.shell, self.box.path / "boot"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": "/root"},
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        left = sorted(p.name for p in (self.box.root / "run/innkeeper").glob("*"))
        self.assertEqual([p for p in left if p not in ("lock", "progress")], [])
        self.assertNotIn(self.box.parameters()["password"], done.stdout)
        return done.stdout.splitlines()

    def answers(self):
        return [json.loads(line.split(" ", 1)[1]) for line in self.boot()]

    def joins(self):
        calls = self.box.calls()
        return len([c for c in calls if c.startswith("python3 ") and "client_install.py" in c])

    def sleeps(self):
        return [c.split()[1] for c in self.box.calls() if c.startswith("sleep ")]

    def test_joins_the_guest_once(self):
        self.box.installer_joins()
        (answer,) = self.answers()
        self.expect(answer, result="joined", class_="ok", attempt="a1")
        given = (self.box.path / "password-on-stdin").read_text()
        self.assertEqual(given, self.box.parameters()["password"])
        kept = json.loads((self.box.root / "var/lib/innkeeper/result.json").read_text())
        self.assertEqual(kept, answer)
        self.assertEqual(self.answers(), [answer])
        self.assertEqual(self.joins(), 1)
        self.expect(self.box.run("join", password=None, resume="yes"), result="joined")

    def test_is_mounted_so_that_nothing_on_it_runs_and_only_for_the_moment(self):
        self.box.installer_joins()
        self.boot()
        calls = [c for c in self.box.calls() if "mount" in c.split()[0] or "client_install.py" in c]
        self.assertTrue(calls[0].startswith("mount -o ro,nosuid,nodev,noexec "), calls)
        self.assertTrue(calls[1].startswith("umount "), calls)
        self.assertIn("client_install.py", calls[2])

    def test_password_stands_on_no_command_line(self):
        self.box.installer_joins()
        self.boot()
        self.assertNotIn(self.box.parameters()["password"], "\n".join(self.box.calls()))

    def test_that_is_pending_or_done_or_not_there_is_told_and_no_more(self):
        for state, words in [
            ("pending", "no place"),
            ("enrolled", "is enrolled"),
            ("odd", "no settings"),
            (None, "no settings"),
        ]:
            self.settings(state)
            (line,) = self.boot()
            self.assertIn(words, line)
        (self.box.path / "disk/settings").unlink()
        self.assertIn("no settings", self.boot()[0])
        self.box.write("unreadable", "")
        self.assertIn("cannot be read", self.boot()[0])
        self.label.unlink()
        self.assertIn("no disk labelled INNKEEPER", self.boot()[0])
        self.assertEqual(self.joins(), 0)
        self.assertFalse(self.exists("var/lib/innkeeper"))

    def test_is_found_without_its_link(self):
        self.label.unlink()
        self.box.write("blkid", "/dev/vdc\n")
        self.settings("pending")
        self.assertIn("no place", self.boot()[0])
        mounted = f" /dev/vdc {self.box.root}/run/innkeeper/disk"
        self.assertTrue([c for c in self.box.calls() if c.endswith(mounted)])

    def test_that_was_pending_joins_at_a_later_boot(self):
        self.settings("pending")
        (self.box.path / "disk/password").unlink()
        self.boot()
        self.settings("ready")
        self.put("password", "another-password\n")
        self.box.installer_joins()
        self.expect(self.answers()[0], result="joined")

    def test_is_tried_again_while_the_cause_may_pass_and_the_password_is_unspent(self):
        self.box.installer_fails("Unable to discover domain, not provided on command line\n")
        answers = self.answers()
        self.assertEqual({a["class"] for a in answers}, {"dns"})
        self.assertEqual(len(answers), 9)
        self.assertEqual(self.sleeps(), "30 60 120 240 480 900 900 900".split())
        self.box.write("code", "0\n")
        self.box.installer_joins()
        self.expect(self.answers()[-1], result="joined", attempt="a1")

    def test_is_not_tried_again_once_the_password_may_be_spent(self):
        self.box.installer_fails("Joining realm failed: SASL Bind failed\nInvalid credentials\n")
        self.expect(self.answers()[0], class_="otp-rejected")
        self.box.installer_joins()
        self.box.write("code", "0\n")
        self.expect(self.answers()[0], class_="otp-rejected")
        self.assertEqual((self.joins(), self.sleeps()), (1, []))

    def test_waits_for_the_next_boot_where_waiting_is_of_no_use(self):
        (self.box.root / "usr/sbin/ipa-client-install").unlink()
        self.expect(self.answers()[0], class_="package-missing")
        self.assertEqual(self.sleeps(), [])
        self.box.install_client()
        self.box.installer_joins()
        self.expect(self.answers()[0], result="joined")

    def test_never_begins_what_was_given_up(self):
        self.box.run("join", password=None, resume="yes")
        self.box.installer_joins()
        self.expect(self.answers()[0], class_="attempt-unknown")
        self.assertEqual(self.joins(), 0)

    def test_may_set_only_what_an_order_may(self):
        self.put("settings", "state=ready\nresume=yes\npassword=wrong\nend\nagain=no\n")
        self.expect(self.answers()[0], class_="bad-parameters")
        self.settings()
        text = (self.box.path / "disk/settings").read_text()
        self.put("settings", "end\nresume=yes\npassword=wrong\n" + text)
        self.box.installer_joins()
        self.expect(self.answers()[0], result="joined")
        given = (self.box.path / "password-on-stdin").read_text()
        self.assertEqual(given, self.box.parameters()["password"])

    def test_without_a_script_or_a_password_says_so(self):
        (self.box.path / "disk/join").unlink()
        self.assertIn("gave no answer", self.boot()[0])
        self.put("join", self.box.scripts["join"])
        (self.box.path / "disk/password").unlink()
        self.expect(self.answers()[0], class_="bad-parameters")


class Hook(GuestTest):
    """The part of the user-data."""

    UNIT = "etc/systemd/system/innkeeper-join.service"

    def hook(self):
        text = (pathlib.Path(GuestTest.where[0]) / "boothook").read_text()
        self.assertTrue(text.startswith("#cloud-boothook\n#!/bin/sh\nROOT=\n"), text[:60])
        text = text.replace("\nROOT=\n", f"\nROOT={self.box.root}\n", 1)
        text = text.replace("\nPATH=", f"\nPATH={self.box.path}/stub:", 1)
        self.box.program("hook", text.split("\n", 1)[1])
        done = subprocess.run(
            [self.box.shell, self.box.path / "hook"],
            capture_output=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_installs_enables_and_starts_the_unit_and_waits_for_nothing(self):
        (self.box.root / "run/systemd/system").mkdir(parents=True)
        (self.box.root / "etc/systemd/system").mkdir(parents=True)
        self.hook()
        self.hook()
        unit = (self.box.root / self.UNIT).read_text()
        self.assertIn("After=network-online.target cloud-final.service\n", unit)
        self.assertIn("WantedBy=cloud-init.target\n", unit)
        self.assertNotIn("multi-user", unit)
        boot = (self.box.root / "usr/local/lib/innkeeper/boot").read_text()
        self.assertTrue(boot.startswith("#!/bin/sh\nROOT=\nPATH=/usr/local/sbin:"), boot[:80])
        self.assertTrue(boot.endswith("\nmain\n"))
        calls = [c for c in self.box.calls() if c.startswith("systemctl")][:3]
        self.assertEqual(
            calls,
            [
                "systemctl daemon-reload",
                "systemctl --quiet enable innkeeper-join.service",
                "systemctl --no-block start innkeeper-join.service",
            ],
        )

    def test_leaves_an_image_with_the_package_and_a_guest_without_systemd_alone(self):
        (self.box.root / "etc/systemd/system").mkdir(parents=True)
        self.hook()
        (self.box.root / "run/systemd/system").mkdir(parents=True)
        (self.box.root / "usr/lib/systemd/system").mkdir(parents=True)
        (self.box.root / "usr/lib/systemd/system/innkeeper-join.service").touch()
        self.hook()
        self.assertFalse(self.exists(self.UNIT))
        self.assertEqual(self.box.calls(), [])


if __name__ == "__main__":
    main()
