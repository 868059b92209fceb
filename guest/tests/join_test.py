#!/usr/bin/env -S python3 -B
"""How a script starts, what it accepts, and what a join does to a guest."""

import json
import os
import stat
import subprocess

from box import MARKER, OTHER, OWN, GuestTest, main


class Bootstrap(GuestTest):
    def test_runs_nothing_of_a_script_that_breaks_off(self):
        done = self.box.feed("touch $HOME/never\necho ran\n")
        self.assertEqual(json.loads(done.stdout)["class"], "internal")
        self.assertEqual(list((self.box.root / "run/innkeeper").iterdir()), [])

    def test_refuses_a_symbolic_link_as_its_directory(self):
        (self.box.path / "elsewhere").mkdir()
        (self.box.root / "run/innkeeper").symlink_to(self.box.path / "elsewhere")
        self.expect(self.box.run("verify"), class_="internal")
        self.assertEqual(list((self.box.path / "elsewhere").iterdir()), [])

    def test_refuses_a_directory_of_somebody_else(self):
        if os.getuid() != 0:
            self.skipTest("needs root to make one")
        (self.box.root / "run/innkeeper").mkdir(mode=0o777)
        os.chown(self.box.root / "run/innkeeper", 1234, 1234)
        self.expect(self.box.run("verify"), class_="internal")

    def test_leaves_no_script_and_no_private_directory_behind(self):
        self.box.installer_joins()
        self.expect(self.box.run("join"), result="joined")
        self.assertEqual([p.name for p in (self.box.root / "run/innkeeper").iterdir()], ["lock"])
        self.assertEqual(stat.S_IMODE((self.box.root / "run/innkeeper").stat().st_mode), 0o700)

    def test_has_no_comments_and_fits_an_argument(self):
        self.assertNotIn("#", self.box.bootstrap.replace(MARKER, ""))
        self.assertLess(len(self.box.bootstrap), 2000)


class Parameters(GuestTest):
    def test_that_break_off_are_refused(self):
        text = self.box.scripts["join"] + MARKER + "\nattempt=a1\nfqdn=web.demo.test\npassword=abc"
        self.expect(json.loads(self.box.feed(text).stdout), class_="bad-parameters")

    def test_that_are_unknown_are_ignored(self):
        self.box.installer_joins()
        self.expect(self.box.run("join", attempt="a2", colour="blue"), result="joined")

    def test_that_could_be_options_or_code_are_refused(self):
        for name, value in [
            ("fqdn", "-web.demo.test"),
            ("fqdn", "web"),
            ("fqdn", "Web.demo.test"),
            ("fqdn", "a..b"),
            ("fqdn", "a.b;reboot"),
            ("fqdn", "a.b c"),
            ("domain", "--uninstall"),
            ("domain", "$(reboot).x"),
            ("realm", "demo.test"),
            ("realm", "-R"),
            ("realm", ""),
            ("servers", ""),
            ("servers", "ipa1.demo.test --force"),
            ("servers", "a.b,c.d"),
            ("ca", "a b"),
            ("ca", ""),
            ("timeout", "1e3"),
            ("timeout", "-5"),
            ("attempt", ""),
            ("attempt", "../x"),
            ("attempt", '"'),
            ("password", ""),
            ("password", "a\tbcdefgh"),
        ]:
            with self.subTest(name=name, value=value):
                self.expect(
                    self.box.run("join", **{name: value}), result="failed", class_="bad-parameters"
                )
        self.assertFalse(
            [call for call in self.box.calls() if "installer" in call or "python3" in call]
        )
        self.assertFalse(self.exists("var/lib/innkeeper/result.json"))

    def test_of_verify_are_checked_too(self):
        for name, value in [
            ("user", "-u"),
            ("user", "a b"),
            ("fqdn", "x"),
            ("realm", "a"),
            ("domain", ""),
        ]:
            with self.subTest(name=name, value=value):
                self.expect(self.box.run("verify", **{name: value}), class_="bad-parameters")


class Join(GuestTest):
    def test_of_a_clean_guest_proves_itself(self):
        self.box.installer_joins(kvno=7)
        answer = self.box.run("join")
        self.expect(
            answer,
            attempt="a1",
            result="joined",
            class_="ok",
            exit=0,
            principal=OWN,
            kvno=7,
            family="debian",
            foreign_moved=False,
            sssd=True,
        )
        self.assertEqual(
            set(answer),
            {
                "attempt",
                "result",
                "class",
                "detail",
                "exit",
                "principal",
                "kvno",
                "seconds",
                "family",
                "foreign_moved",
                "sssd",
            },
        )

    def test_names_every_server_the_issuing_one_first_and_always_a_ca_outside_etc_ipa(self):
        self.box.installer_joins()
        self.box.run("join")
        call = [c for c in self.box.calls() if "client_install.py" in c][-1].split()
        self.assertEqual(
            [call[i + 1] for i, word in enumerate(call) if word == "--server"],
            ["ipa1.demo.test", "ipa2.demo.test"],
        )
        self.assertIn("/run/innkeeper/attempt.", call[call.index("--ca-cert-file") + 1])
        for option in ("--unattended", "--no-ntp", "--no-dns-sshfp", "--mkhomedir"):
            self.assertIn(option, call)
        self.assertNotIn("--hostname", call)

    def test_sets_the_host_name_only_where_it_differs(self):
        self.box.installer_joins()
        self.box.write("nodename", "template\n")
        self.box.run("join")
        self.assertIn("--hostname web.demo.test", "\n".join(self.box.calls()))

    def test_gives_the_password_to_nobody_but_the_installers_standard_input(self):
        for password in (
            "4Or/m-hMXfH(tRxQNY|a4V",
            " a'b\"c`d$(e)\\f!*?[x]~ ",
            "-n -e %s %d",
            "end of=it=all",
        ):
            with self.subTest(password=password):
                self.box.installer_fails(
                    f"Joining realm failed: Invalid credentials {password} {password}\n"
                )
                answer = self.box.run(
                    "join", attempt="p" + str(abs(hash(password))), password=password
                )
                self.expect(answer, class_="otp-rejected")
                self.assertEqual((self.box.path / "password-on-stdin").read_text(), password)
                self.assertNotIn(password, answer["detail"])
                found = subprocess.run(
                    ["grep", "-rlF", "-e", password, self.box.root],
                    capture_output=True,
                    text=True,
                    check=False,
                ).stdout
                self.assertEqual(found, "")
                self.assertNotIn(password, "\n".join(self.box.calls()))

    def test_falls_back_to_the_command_line_only_where_the_client_is_built_otherwise(self):
        self.box.installer_joins()
        self.box.write("unsuited", "")
        self.expect(self.box.run("join"), result="joined")
        self.assertIn("--password", "\n".join(self.box.calls()))

    def test_takes_the_password_out_of_the_installers_log(self):
        self.box.installer_joins()
        self.box.write(
            "root/var/log/ipaclient-install.log",
            "args: 4Or/m-hMXfH(tRxQNY|a4V, 4Or/m-hMXfH(tRxQNY|a4V\nmore\n",
        )
        self.box.run("join")
        self.assertEqual(
            (self.box.root / "var/log/ipaclient-install.log").read_text(), "args: ***, ***\nmore\n"
        )

    def test_of_a_joined_guest_changes_nothing(self):
        self.box.joined_as()
        self.expect(self.box.run("join"), result="already", class_="already", kvno=3, principal=OWN)
        self.assertFalse([call for call in self.box.calls() if "python3" in call])

    def test_with_a_stale_key_moves_it_aside_and_joins(self):
        self.box.joined_as()
        self.box.write(
            "kinit", "kinit: Preauthentication failed while getting initial credentials\n"
        )
        self.box.installer_joins(kvno=4)
        self.expect(self.box.run("join"), result="joined", kvno=4, foreign_moved=False)
        self.assertFalse((self.box.path / "unenrolled").exists())
        self.assertIn("etc/krb5.keytab", self.box.kept())

    def test_with_a_working_key_but_no_configuration_uses_the_key(self):
        self.box.write("root/etc/krb5.keytab", f"   3 {OWN}\n")
        self.box.installer_joins(kvno=4)
        self.expect(self.box.run("join"), result="joined", kvno=4)
        self.assertFalse((self.box.path / "password-on-stdin").exists())

    def test_does_not_risk_the_password_when_the_old_key_cannot_be_judged(self):
        for text, reason in [
            ("kinit: Clock skew too great", "clock-skew"),
            ("kinit: Cannot contact any KDC", "kdc"),
        ]:
            with self.subTest(reason=reason):
                self.box.joined_as()
                self.box.write("kinit", text)
                self.expect(self.box.run("join", attempt=reason), result="failed", class_=reason)
                self.assertTrue(self.exists("etc/krb5.keytab"))
        self.assertFalse((self.box.path / "password-on-stdin").exists())

    def test_of_a_clone_moves_the_foreign_identity_aside_and_never_unenrols_it(self):
        self.box.joined_as(OTHER)
        self.box.installer_joins()
        self.expect(self.box.run("join"), result="joined", foreign_moved=True, principal=OWN)
        uninstalls = [call for call in self.box.calls() if call.startswith("installer --uninstall")]
        self.assertEqual(len(uninstalls), 1)
        self.assertFalse(
            (self.box.path / "unenrolled").exists(), "the uninstaller saw the source's keytab"
        )
        for path in (
            "etc/krb5.keytab",
            "etc/ipa/default.conf",
            "etc/ipa/ca.crt",
            "etc/sssd/sssd.conf",
            "var/lib/sss/db/cache_demo.test.ldb",
            "var/lib/ipa-client/sysrestore/sysrestore.state",
        ):
            self.assertIn(path, self.box.kept())
        self.assertIn("systemctl stop sssd", self.box.calls())

    def test_does_not_uninstall_when_the_foreign_key_cannot_be_moved(self):
        self.box.joined_as(OTHER)
        self.box.write("keytab-stays", "")
        self.expect(self.box.run("join"), result="failed", class_="internal")
        self.assertFalse([call for call in self.box.calls() if "--uninstall" in call])
        self.assertTrue(self.exists("etc/krb5.keytab"))

    def test_of_a_guest_that_is_joined_elsewhere_touches_nothing(self):
        self.box.write("root/etc/krb5.keytab", "   1 host/web.demo.test@CORP.TEST\n")
        self.expect(self.box.run("join"), result="failed", class_="config")
        self.assertTrue(self.exists("etc/krb5.keytab"))

    def test_of_a_freeipa_server_touches_nothing(self):
        self.box.joined_as(OTHER)
        self.box.write(
            "root/var/lib/ipa/sysrestore/sysrestore.state", "[installation]\ncomplete = True\n"
        )
        self.expect(self.box.run("join"), result="failed", class_="config")
        self.assertTrue(self.exists("etc/krb5.keytab"))

    def test_cleans_up_after_a_join_that_broke_off(self):
        self.box.write(
            "root/etc/ipa/default.conf", "[global]\nhost = web.demo.test\nrealm = DEMO.TEST\n"
        )
        self.box.write(
            "root/var/lib/ipa-client/sysrestore/sysrestore.state",
            "[installation]\ncomplete = False\n",
        )
        self.box.installer_joins()
        self.expect(self.box.run("join"), result="joined", foreign_moved=False)
        self.assertTrue([call for call in self.box.calls() if "--uninstall" in call])

    def test_waits_for_the_end_of_the_boot(self):
        self.box.installer_joins()
        self.box.write("boot-state", "starting\n")
        self.box.write("boots", "")
        self.expect(self.box.run("join"), result="joined")
        self.assertIn("sleep 1", self.box.calls())

    def test_does_not_wait_for_ever_for_a_boot_that_hangs(self):
        self.box.installer_joins()
        self.box.write("boot-state", "starting\n")
        self.expect(self.box.run("join", settle="20"), result="joined", seconds=20)

    def test_is_done_although_users_are_not_known_yet(self):
        self.box.installer_joins()
        (self.box.path / "users").unlink()
        answer = self.box.run("join")
        self.expect(answer, result="joined", class_="ok")
        self.assertIn("does not know admin", answer["detail"])

    def test_refuses_a_ca_that_is_none(self):
        self.expect(self.box.run("join", ca="aGVsbG8="), result="failed", class_="ca")

    def test_fails_when_the_new_key_does_not_work(self):
        self.box.installer_joins()
        self.box.write(
            "installer", (self.box.path / "installer").read_text().replace("rm -f $B/kinit", ":")
        )
        self.box.write("kinit", "kinit: Client 'host/web' not found in Kerberos database\n")
        self.expect(self.box.run("join"), result="failed", class_="replica-lag")


class Packages(GuestTest):
    def setUp(self):
        super().setUp()
        installer = self.box.root / "usr/sbin/ipa-client-install"
        self.package = installer.read_text()
        installer.unlink()

    def test_are_not_installed_without_leave(self):
        self.expect(self.box.run("join"), result="failed", class_="package-missing")

    def test_are_installed_where_that_is_allowed(self):
        self.box.program("package", self.package)
        self.box.installer_joins()
        self.expect(self.box.run("join", install="yes"), result="joined")

    def test_that_cannot_be_installed_are_named(self):
        answer = self.box.run("join", install="yes")
        self.expect(answer, result="failed", class_="package-install-failed")
        self.assertIn("Unable to locate package", answer["detail"])

    def test_exist_for_three_families_only(self):
        for text, family in [
            ('ID="rhel"\n', "rhel"),
            ("ID=fedora\n", "rhel"),
            ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "rhel"),
            ("ID=ubuntu\nID_LIKE=debian\n", "debian"),
            ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", "debian"),
            ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "suse"),
            ("ID=sles\n", "suse"),
            ("ID=alpine\n", "other"),
            ("NAME=x\n", "other"),
            ("ID=$(reboot)\n", "other"),
        ]:
            with self.subTest(text=text):
                self.box.write("root/etc/os-release", text)
                reason = "unsupported-os" if family == "other" else "package-missing"
                self.expect(
                    self.box.run("join", attempt=family + str(len(text))),
                    class_=reason,
                    family=family,
                )


if __name__ == "__main__":
    main()
