#!/usr/bin/env -S python3 -B
"""What the scripts answer: causes of failures, attempts, verification, leaving."""

import json
import stat
import subprocess

from box import MARKER, OTHER, OWN, GuestTest, main


class Causes(GuestTest):
    """What the installer says, as seen with FreeIPA 4.9 and 4.12, and the class that it has."""

    TABLE = [
        ("otp-rejected", "Joining realm failed: SASL Bind failed\nInvalid credentials (49)!\n"),
        (
            "network",
            "Joining realm failed: SASL Bind failed\n{'desc': \"Can't contact LDAP server\"}\n",
        ),
        (
            "ca",
            "Joining realm failed: SASL Bind failed\n{'desc': \"Can't contact LDAP server\", "
            "'info': '(certificate verify failed)'}\n",
        ),
        ("already-enrolled", "Joining realm failed: Enrollment failed. Host already enrolled.\n"),
        ("host-missing", "Joining realm failed: Enrollment failed. Host not found.\n"),
        (
            "clock-skew",
            "Enrolled in IPA realm DEMO.TEST\nPlease make sure the following ports are opened\n"
            "Failed to obtain host TGT: Major (851968): Unspecified GSS failure., "
            "Minor (2529638949): Clock skew too great\n",
        ),
        (
            "kdc",
            "Enrolled in IPA realm DEMO.TEST\nFailed to obtain host TGT: Major (851968): Unspecified, "
            "Minor (2529639068): Cannot contact any KDC for realm 'DEMO.TEST'\n",
        ),
        (
            "replica-lag",
            "Enrolled in IPA realm DEMO.TEST\nFailed to obtain host TGT: Major (851968): Unspecified, "
            "Minor (2529638918): Client 'host/web.demo.test@DEMO.TEST' not found in Kerberos database\n",
        ),
        (
            "network",
            "Failed to verify that ipa1.demo.test is an IPA Server.\nThis may mean that the remote server "
            "is not up or is not reachable due to network or firewall settings.\n",
        ),
        ("dns", "Unable to discover domain, not provided on command line\n"),
        ("dns", "Unable to find IPA Server to join\n"),
        ("config", "The provided realm name [X.TEST] does not match discovered one [DEMO.TEST]\n"),
        ("config", "Invalid hostname, 'localhost' must not be used.\n"),
        ("config", "Invalid hostname 'Web.demo.test', must be lower-case.\n"),
        ("config", "IPA client is already configured on this system.\n"),
        (
            "ca",
            "Cannot obtain CA certificate\n'ldap://ipa1.demo.test' doesn't have a certificate.\n",
        ),
        (
            "rolled-back",
            "Enrolled in IPA realm DEMO.TEST\nCreated /etc/ipa/default.conf\nFailed to add CA\n",
        ),
        (
            "internal",
            "CalledProcessError(Command ['/usr/bin/hostnamectl'] returned non-zero exit status 1)\n",
        ),
    ]

    def test_are_found_before_the_rollback(self):
        for number, (reason, text) in enumerate(self.TABLE):
            with self.subTest(text=text):
                self.box.installer_fails(
                    text + "Installation failed. Rolling back changes.\nUnenrolling client from "
                    "IPA server\nJoining realm failed: Invalid credentials\n"
                    "The ipa-client-install command failed. See the log\n"
                )
                answer = self.box.run("join", attempt=f"c{number}")
                self.expect(answer, result="failed", class_=reason, exit=1)
                self.assertTrue(
                    [line for line in text.splitlines() if line[:60] in answer["detail"]], answer
                )

    def test_in_the_search_for_servers_are_read_from_the_log(self):
        self.box.write(
            "root/var/log/ipaclient-install.log",
            "2026 DEBUG Discovery result: REALM_NOT_FOUND; server=None\n",
        )
        self.box.installer_fails("Failed to verify that ipa1.demo.test is an IPA Server.\n")
        self.expect(self.box.run("join"), class_="config")

    def test_by_exit_code(self):
        for code, reason in [
            (91, "clock-skew"),
            (92, "ca"),
            (124, "interrupted"),
            (137, "interrupted"),
            (127, "package-missing"),
        ]:
            with self.subTest(code=code):
                self.box.installer_fails("x\n", code)
                self.expect(self.box.run("join", attempt=f"e{code}"), class_=reason, exit=code)

    def test_are_valid_json_whatever_the_installer_prints(self):
        raw = (
            bytes(range(1, 256))
            + b'"\\"\\\\\\\n\x00\xff\xc3\x28 \\u0041 </script> %s %n $(reboot) '
            + b"x" * 5000
        )
        (self.box.path / "says").write_bytes(raw)
        self.box.write("code", "1\n")
        answer = self.box.run("join")
        self.expect(answer, result="failed", class_="internal")
        self.assertLessEqual(len(answer["detail"]), 300)
        self.assertTrue(answer["detail"].isprintable())


class Attempts(GuestTest):
    def test_that_are_finished_answer_the_same_again(self):
        self.box.installer_joins()
        first = self.box.run("join")
        calls = len(self.box.calls())
        self.assertEqual(self.box.run("join"), first)
        self.assertEqual(self.box.run("join", password=None, resume="yes"), first)
        self.assertFalse([c for c in self.box.calls()[calls:] if "python3" in c])
        result = self.box.root / "var/lib/innkeeper/result.json"
        self.assertEqual(json.loads(result.read_text()), first)
        self.assertEqual(stat.S_IMODE(result.stat().st_mode), 0o600)

    def test_that_nobody_knows_are_unknown(self):
        self.expect(
            self.box.run("join", password=None, resume="yes"),
            result="failed",
            class_="attempt-unknown",
        )

    def test_that_somebody_was_told_are_unknown_never_begin_any_more(self):
        """A slow guest: the question overtakes the script of its attempt, which is still being read."""
        self.box.installer_joins()
        values = "".join(f"{k}={v}\n" for k, v in self.box.parameters().items())
        with subprocess.Popen(
            [self.box.shell, "-c", self.box.bootstrap],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as slow:
            slow.stdin.write(self.box.scripts["join"][:2000])
            slow.stdin.flush()
            ask = {"password": None, "resume": "yes"}
            self.expect(self.box.run("join", **ask), class_="attempt-unknown")
            slow.stdin.write(self.box.scripts["join"][2000:] + f"{MARKER}\n{values}end\n")
            slow.stdin.close()
            said = json.loads(slow.stdout.read())
        self.expect(said, result="failed", class_="attempt-unknown", attempt="a1")
        self.assertFalse([c for c in self.box.calls() if "ipa-client-install" in c])
        self.expect(self.box.run("join", attempt="a2"), result="joined")
        self.expect(self.box.run("join", **ask), class_="attempt-unknown")
        for number in range(40):
            self.box.run("join", attempt=f"g{number}", **ask)
        given_up = (self.box.root / "var/lib/innkeeper/given-up").read_text().split()
        self.assertEqual(given_up, [f"g{number}" for number in range(24, 40)])

    def test_are_not_given_up_by_a_look(self):
        self.box.installer_joins()
        look = {"password": None, "resume": "look"}
        self.expect(self.box.run("join", **look), class_="attempt-unknown")
        joined = self.box.run("join")
        self.expect(joined, result="joined")
        self.assertEqual(self.box.run("join", **look), joined)

    def test_are_found_while_the_lock_is_taken_and_not_yet_named(self):
        (self.box.root / "run/innkeeper").mkdir(mode=0o700)
        lock = self.box.root / "run/innkeeper/lock"
        lock.write_text("a0\n")
        self.box.write("on-sleep", f"echo a1 >{lock}\n")
        with subprocess.Popen(["flock", lock, "cat"], stdin=subprocess.PIPE) as holder:
            while subprocess.run(["flock", "-n", lock, "true"], check=False).returncode == 0:
                pass
            self.expect(self.box.run("join", password=None, resume="yes"), result="running")
            self.box.write("on-sleep", "")
            self.expect(
                self.box.run("join", attempt="a2", password=None, resume="yes"),
                result="failed",
                class_="busy",
            )
            holder.stdin.close()

    def test_that_cannot_be_noted_do_not_begin(self):
        (self.box.root / "var/lib/innkeeper/started").mkdir(parents=True)
        (self.box.root / "var/lib/innkeeper").chmod(0o700)
        self.box.installer_joins()
        self.expect(self.box.run("join"), result="failed", class_="internal")
        self.assertFalse([c for c in self.box.calls() if "ipa-client-install" in c])

    def test_that_began_and_left_nothing_are_interrupted(self):
        self.box.write("installer", "kill -9 $(cat $B/shell-pid)\n")
        self.box.scripts["join"] = self.box.scripts["join"].replace(
            "\nmain\n", f"\necho $$ >{self.box.path}/shell-pid\nmain\n"
        )
        self.box.start("join")
        self.expect(
            self.box.run("join", password=None, resume="yes"), class_="interrupted", attempt="a1"
        )
        self.expect(
            self.box.run("join", attempt="zz", password=None, resume="yes"),
            class_="attempt-unknown",
        )
        self.box.run("join", attempt="a2", ca="bm9uZQ==")
        self.assertEqual(list((self.box.root / "run/innkeeper").glob("attempt.*")), [])

    def test_that_run_are_busy_and_tell_their_id(self):
        (self.box.root / "run/innkeeper").mkdir(mode=0o700)
        lock = self.box.root / "run/innkeeper/lock"
        lock.write_text("a1\n")
        (self.box.root / "run/innkeeper/progress").write_text("a1 joining 12\n")
        with subprocess.Popen(["flock", lock, "cat"], stdin=subprocess.PIPE) as holder:
            while subprocess.run(["flock", "-n", lock, "true"], check=False).returncode == 0:
                pass
            self.expect(
                self.box.run("join", attempt="a2"), result="failed", class_="busy", attempt="a1"
            )
            self.expect(
                self.box.run("leave", attempt="a2"), result="failed", class_="busy", attempt="a1"
            )
            self.expect(
                self.box.run("join", password=None, resume="yes"),
                result="running",
                attempt="a1",
                detail="under way: a1 joining 12",
            )
            holder.stdin.close()
        self.box.installer_joins()
        self.expect(self.box.run("join", attempt="a2"), result="joined")

    def test_that_get_a_signal_say_so(self):
        self.box.write("installer", "kill -TERM $(cat $B/shell-pid)\nexit 1\n")
        self.box.scripts["join"] = self.box.scripts["join"].replace(
            "\nmain\n", f"\necho $$ >{self.box.path}/shell-pid\nmain\n"
        )
        self.expect(self.box.run("join"), result="failed", class_="interrupted")
        self.expect(self.box.run("join", password=None, resume="yes"), class_="interrupted")


class Verify(GuestTest):
    def test_of_a_joined_guest_is_ok(self):
        self.box.joined_as()
        self.expect(
            self.box.run("verify"),
            principal=OWN,
            kvno=3,
            kinit="ok",
            configured=True,
            sssd=True,
            lookup=True,
            class_="ok",
            machine_id="0123456789abcdef0123456789abcdef",
            boot_id="b007",
            hostname="web.demo.test",
        )

    def test_names_the_worst_first(self):
        self.expect(self.box.run("verify"), class_="not-joined", kinit="none")
        self.box.joined_as(OTHER)
        self.expect(self.box.run("verify"), class_="foreign-principal", principal=OTHER)
        self.box.joined_as()
        for text, reason in [
            ("Preauthentication failed", "stale-key"),
            ("Generic preauthentication failure", "stale-key"),
            ("Client 'x' not found in Kerberos database", "stale-key"),
            ("Clock skew too great", "clock-skew"),
            ("Cannot contact any KDC for realm", "kdc"),
            ("Cannot find KDC for realm", "kdc"),
            ("something new", "kdc"),
        ]:
            self.box.write("kinit", f"kinit: {text} while getting initial credentials\n")
            self.expect(
                self.box.run("verify"),
                class_=reason,
                kinit=reason,
                detail=f"kinit: {text} while getting initial credentials",
            )
        self.box.write("kinit", "")
        (self.box.path / "users").unlink()
        self.expect(self.box.run("verify"), class_="sssd", sssd=True, lookup=False)
        (self.box.path / "sssd-runs").unlink()
        self.expect(self.box.run("verify"), class_="sssd", sssd=False)

    def test_accepts_further_host_keys_beside_its_own(self):
        self.box.joined_as()
        with open(self.box.root / "etc/krb5.keytab", "a", encoding="ascii") as keytab:
            keytab.write("   1 host/alias.demo.test@DEMO.TEST\n")
        self.expect(self.box.run("verify"), class_="ok", kvno=3)

    def test_works_without_a_kerberos_client(self):
        for name in ("klist", "kinit"):
            (self.box.path / "stub" / name).unlink()
            self.box.scripts["verify"] = self.box.scripts["verify"].replace(
                "has klist", "has no-klist"
            )
        self.expect(self.box.run("verify"), class_="not-joined")


class Leave(GuestTest):
    def test_unenrols_exactly_its_own_identity(self):
        self.box.joined_as()
        self.expect(self.box.run("leave"), result="left", class_="ok")
        self.assertIn(OWN, (self.box.path / "unenrolled").read_text())
        self.assertFalse(self.exists("etc/krb5.keytab"))
        self.assertFalse(self.exists("var/lib/sss/db/cache_demo.test.ldb"))

    def test_twice_is_already(self):
        self.box.joined_as()
        self.box.run("leave")
        self.expect(self.box.run("leave", attempt="a2"), result="already", class_="already")

    def test_removes_what_joins_had_set_aside(self):
        self.box.joined_as(OTHER)
        self.box.installer_joins()
        self.box.run("join")
        self.assertTrue(self.box.kept())
        self.box.run("leave", attempt="a2")
        self.assertEqual(self.box.kept(), [])

    def test_never_touches_an_identity_that_is_not_exactly_the_one_to_give_up(self):
        for label, change in [
            ("other key", lambda: self.box.joined_as(OTHER)),
            ("other realm", lambda: self.box.joined_as("host/web.demo.test@CORP.TEST")),
            (
                "other configuration",
                lambda: self.box.write("root/etc/ipa/default.conf", "host = src.demo.test\n"),
            ),
            (
                "other name in sssd",
                lambda: self.box.write("root/etc/sssd/sssd.conf", "ipa_hostname = src.demo.test\n"),
            ),
            ("two keys", lambda: self.box.write("root/etc/krb5.keytab", f" 1 {OWN}\n 1 {OTHER}\n")),
        ]:
            with self.subTest(label):
                self.box.joined_as()
                change()
                before = (self.box.root / "etc/krb5.keytab").read_text()
                self.expect(
                    self.box.run("leave", attempt=label.replace(" ", "-")),
                    result="failed",
                    class_="foreign-principal",
                )
                self.assertEqual((self.box.root / "etc/krb5.keytab").read_text(), before)
        self.assertFalse((self.box.path / "unenrolled").exists())


if __name__ == "__main__":
    main()
