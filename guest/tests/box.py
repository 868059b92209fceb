"""A scratch root directory in which the guest scripts run, with stubs for the system's programs.

Each test file is run as: FILE SCRIPTS SHELL    (the build's guest folder; dash, bash or busybox)
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

MARKER = "#--innkeeper-parameters--"
CA = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="  # -----BEGIN CERTIFICATE-----
OWN = "host/web.demo.test@DEMO.TEST"
OTHER = "host/src.demo.test@DEMO.TEST"

# Each stub notes its call, then runs its text. $B is the box.
STUBS = {
    "klist": 'printf "Keytab name: FILE:%s\\nKVNO Principal\\n---- ------\\n" "$2"; cat "$2"',
    "kinit": '[ ! -s $B/kinit ] || { cat $B/kinit >&2; exit 1; }; : >"${5#FILE:}"',
    "systemctl": "case $1 in is-active) [ -e $B/sssd-runs ];; is-system-running) cat $B/boot-state;; esac",
    "id": "if [ $# -eq 2 ]; then [ -e $B/users ]; else echo 0; fi",
    "timeout": 'while [ "$1" = -k ]; do shift 2; done; shift; exec "$@"',
    "uname": "cat $B/nodename",
    "hostname": "cat $B/nodename",
    "mv": '[ ! -e $B/keytab-stays ] || case "$*" in *krb5.keytab*) exit 1;; esac; exec /bin/mv "$@"',
    # Time passes only while somebody sleeps.
    "sleep": 'read -r up rest <$B/root/proc/uptime; echo "$((${up%%.*} + $1)).0 0" >$B/root/proc/uptime; '
    "[ ! -e $B/boots ] || echo running >$B/boot-state; [ ! -e $B/on-sleep ] || . $B/on-sleep",
    "blkid": "[ -e $B/blkid ] && cat $B/blkid",
    "mount": '[ ! -e $B/unreadable ] || exit 32; for last; do :; done; cp -r $B/disk/. "$last"',
    "umount": 'rm -rf "$1"/*',
    "apt-get": '[ -e $B/package ] || { echo "E: Unable to locate package freeipa-client"; exit 100; }; '
    'case "$*" in *install*) cp $B/package $B/root/usr/sbin/ipa-client-install;; esac',
    # Stands for the Python that the installer's first line names.
    "python3": '[ "$2" != -c ] || exit 0; script=$3; [ ! -e $B/unsuited ] || exit 90; '
    'IFS= read -r given; printf %s "$given" >$B/password-on-stdin; '
    'cp "$script" $B/client_install.py; . $B/installer',
}

INSTALLER = """
case "$*" in
    *--uninstall*)
        [ ! -e $B/root/etc/krb5.keytab ] || cp $B/root/etc/krb5.keytab $B/unenrolled
        rm -f $B/root/etc/krb5.keytab $B/root/etc/ipa/default.conf $B/root/var/lib/ipa-client/sysrestore/*
        exit 0 ;;
esac
printf 'Version 4.9.11\\n'
cat $B/says
[ ! -s $B/joins ] || { cat $B/joins >$B/root/etc/krb5.keytab
    printf '[installation]\\ncomplete = True\\n' >$B/root/var/lib/ipa-client/sysrestore/sysrestore.state
    rm -f $B/kinit; }
exit $(cat $B/code)
"""


class Box:
    def __init__(self, scripts, shell):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="guest-box."))
        self.root = self.path / "root"
        self.shell = shell
        for folder in (
            "run",
            "etc/ipa",
            "etc/sssd",
            "proc/sys/kernel/random",
            "usr/sbin",
            "usr/lib",
            "var/lib/sss/db",
            "var/lib/ipa-client/sysrestore",
            "var/lib/ipa/sysrestore",
            "var/log",
        ):
            (self.root / folder).mkdir(parents=True)
        self._make_stubs()
        self._compose(pathlib.Path(scripts))
        self.write("root/proc/uptime", "1000.00 1\n")
        self.write("root/proc/sys/kernel/random/boot_id", "b007\n")
        self.write("root/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        self.write("root/etc/os-release", 'PRETTY_NAME="Debian 12"\nID=debian\nVERSION_ID="12"\n')
        self.write("nodename", "web.demo.test\n")
        self.write("boot-state", "running\n")
        self.write("code", "0\n")
        self.write("says", "")
        self.write("sssd-runs", "")
        self.write("users", "")
        self.install_client()

    def _make_stubs(self):
        (self.path / "stub").mkdir()
        for name, text in STUBS.items():
            self.program(
                f"stub/{name}",
                f"#!/bin/sh\nB={self.path}\n" f'printf "%s\\n" "{name} $*" >>$B/calls\n{text}\n',
            )
        busybox = shutil.which("busybox")
        if busybox and "busybox" in self.shell:
            (self.path / "stub/ash").symlink_to(busybox)
            self.shell = str(self.path / "stub/ash")
        else:
            self.shell = shutil.which(self.shell)
        self.write("installer", f"B={self.path}\n{INSTALLER}")

    def _compose(self, scripts):
        path = f"{self.path}/stub:/usr/sbin:/usr/bin:/sbin:/bin"
        self.scripts = {}
        for name in ("join", "verify", "leave", "boot"):
            text = (scripts / name).read_text()
            text = text.replace("\nROOT=\n", f"\nROOT={self.root}\n", 1)
            before, after = text.split("\nPATH=", 1)
            self.scripts[name] = (
                f"{before}\nPATH={path}\n{self._functions()}{after.split(chr(10), 1)[1]}"
            )
        text = (scripts / "bootstrap").read_text()
        self.bootstrap = text.replace("\nROOT=\n", f"\nROOT={self.root}\n").replace(
            "/bin/sh", self.shell
        )

    def _functions(self):
        """Debian's busybox prefers its own applets to PATH: only functions come before them."""
        return "".join(
            f'{name}() {{ {self.path}/stub/{name} "$@"; }}\n'
            for name in STUBS
            if "-" not in name and name not in ("klist", "kinit", "python3")
        )

    # --- what is in the guest ---

    def write(self, name, text):
        (self.path / name).write_text(text)

    def program(self, name, text):
        self.write(name, text)
        (self.path / name).chmod(0o755)

    def install_client(self, python="python3"):
        self.program(
            "root/usr/sbin/ipa-client-install",
            f'#!{self.path}/stub/{python} -I\nB={self.path}\nprintf "%s\\n" "installer $*" >>$B/calls\n'
            f". $B/installer\n",
        )
        if python == "python3":  # run by its own first line it is the stub's text that runs
            text = (self.path / "root/usr/sbin/ipa-client-install").read_text()
            self.program("stub/python3-run", "#!/bin/sh\n" + text.split("\n", 1)[1])
            self.program(
                "stub/python3",
                (self.path / "stub/python3")
                .read_text()
                .replace(
                    '\n[ "$2" != -c ]',
                    "\ncase $2 in *ipa-client-install) shift 2; . $B/stub/python3-run;; esac\n"
                    '[ "$2" != -c ]',
                    1,
                ),
            )

    def joined_as(self, principal=OWN, kvno=3):
        host, realm = principal[5:].split("@")
        self.write("root/etc/krb5.keytab", f"   {kvno} {principal}\n   {kvno} {principal}\n")
        self.write("root/etc/ipa/default.conf", f"[global]\nhost = {host}\nrealm = {realm}\n")
        self.write("root/etc/ipa/ca.crt", "CA\n")
        self.write(
            "root/etc/sssd/sssd.conf", f"[domain/x]\nid_provider = ipa\nipa_hostname = {host}\n"
        )
        self.write("root/var/lib/sss/db/cache_demo.test.ldb", "users")
        self.write(
            "root/var/lib/ipa-client/sysrestore/sysrestore.state",
            "[installation]\ncomplete = True\n",
        )

    def installer_joins(self, principal=OWN, kvno=1):
        self.write("joins", f"   {kvno} {principal}\n")
        self.write(
            "says",
            "Enrolled in IPA realm DEMO.TEST\nThe ipa-client-install command was successful\n",
        )

    def installer_fails(self, text, code=1):
        self.write("says", text)
        self.write("code", f"{code}\n")

    # --- running ---

    def parameters(self, **other):
        return {
            "attempt": "a1",
            "fqdn": "web.demo.test",
            "domain": "demo.test",
            "realm": "DEMO.TEST",
            "servers": "ipa1.demo.test ipa2.demo.test",
            "ca": CA,
            "install": "no",
            "timeout": "800",
            "password": "4Or/m-hMXfH(tRxQNY|a4V",
            **other,
        }

    def start(self, script, **other):
        values = {k: v for k, v in self.parameters(**other).items() if v is not None}
        text = (
            self.scripts[script] + MARKER + "\n" + "".join(f"{k}={v}\n" for k, v in values.items())
        )
        return self.feed(text + "end\n")

    def feed(self, text):
        return subprocess.run(
            [self.shell, "-c", self.bootstrap],
            input=text.encode(),
            capture_output=True,
            env={"PATH": os.environ["PATH"], "HOME": "/root", "LANG": "C.UTF-8"},
            timeout=60,
            check=False,
        )

    def run(self, script, **other):
        done = self.start(script, **other)
        lines = done.stdout.decode("ascii").splitlines()
        if len(lines) != 1:
            raise AssertionError(f"not one line: {done}")
        return json.loads(lines[0])

    def calls(self):
        path = self.path / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def kept(self):
        """Paths set aside, relative to their old root."""
        folders = list((self.root / "var/lib/innkeeper").glob("aside-*"))
        return sorted(str(p.relative_to(f)) for f in folders for p in f.rglob("*") if p.is_file())

    def remove(self):
        shutil.rmtree(self.path)


class GuestTest(unittest.TestCase):
    where = None  # the arguments of this run

    def setUp(self):
        self.box = Box(*GuestTest.where)
        self.addCleanup(self.box.remove)

    def expect(self, answer, **wanted):
        if "class_" in wanted:
            wanted["class"] = wanted.pop("class_")
        self.assertEqual({key: answer.get(key) for key in wanted}, wanted, answer)

    def exists(self, path):
        return (self.box.root / path).exists()


def main():
    GuestTest.where = sys.argv[1:3]
    del sys.argv[1:3]
    unittest.main()
