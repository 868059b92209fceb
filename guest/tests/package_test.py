#!/usr/bin/env -S python3 -B
"""The package for golden images: what is in it, and what its unit says.

usage: package_test.py SCRIPTS      the build's guest folder
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = pathlib.Path(sys.argv.pop(1))


class Package(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="guest-package."))
        self.addCleanup(shutil.rmtree, self.folder)
        subprocess.run(
            [HERE.parent / "package/deb.sh", SCRIPTS, "1.2.3", self.folder],
            check=True,
            capture_output=True,
        )
        self.package = self.folder / "innkeeper-guest_1.2.3_all.deb"

    def test_holds_scripts_and_unit_owned_by_root(self):
        listing = subprocess.run(
            ["dpkg-deb", "-c", self.package], check=True, capture_output=True, text=True
        ).stdout.splitlines()
        files = {line.split()[-1]: line.split()[:2] for line in listing if line[0] == "-"}
        scripts = {f"./usr/libexec/innkeeper/guest/{n}" for n in ("boot", "join", "verify", "leave")}
        unit = "./usr/lib/systemd/system/innkeeper-join.service"
        self.assertEqual({name for name in files if "/doc/" not in name}, scripts | {unit})
        for name, (mode, owner) in files.items():
            self.assertEqual(owner, "root/root", name)
            self.assertEqual(mode, "-rwxr-xr-x" if name in scripts else "-rw-r--r--", name)

    def test_unit_runs_what_the_package_holds_and_orders_nothing_after_cloud_init(self):
        root = self.folder / "root"
        subprocess.run(["dpkg-deb", "-x", self.package, root], check=True)
        text = (root / "usr/lib/systemd/system/innkeeper-join.service").read_text()
        self.assertIn("WantedBy=multi-user.target\n", text)
        self.assertNotIn("cloud", text)
        self.assertNotIn("@", text)
        (command,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
        program = command.split()[1]
        self.assertEqual((root / program[1:]).read_text(), (SCRIPTS / "boot").read_text())

    def test_maintainer_scripts_are_shell(self):
        subprocess.run(["dpkg-deb", "-e", self.package, self.folder / "control"], check=True)
        for name in ("postinst", "prerm", "postrm"):
            subprocess.run(["sh", "-n", self.folder / "control" / name], check=True)


if __name__ == "__main__":
    unittest.main()
