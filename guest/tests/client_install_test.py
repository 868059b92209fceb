#!/usr/bin/env -S python3 -B
"""client_install.py against doubles of the FreeIPA client's modules and of python-ldap."""

import contextlib
import importlib.util
import io
import pathlib
import sys
import types
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "client_install.py"
PASSWORD = "4Or/m-hMXfH(tRxQNY|a4V"
JOIN = [
    "/usr/sbin/ipa-join",
    "-s",
    "ipa1.demo.test",
    "-b",
    "dc=demo,dc=test",
    "-h",
    "web.demo.test",
    "-k",
    "/etc/krb5.keytab",
    "-w",
    PASSWORD,
]


class LdapError(Exception):
    pass


class InvalidCredentials(LdapError):
    pass


class Connection:
    def __init__(self, world):
        self.world = world

    def set_option(self, *_):
        pass

    def simple_bind_s(self, dn, password):
        if self.world.bind_error:
            raise self.world.bind_error
        self.world.bound = (dn, password)

    def extop_s(self, request):
        if self.world.extop_error:
            raise self.world.extop_error
        self.world.asked = request
        return None, b"host/web.demo.test@DEMO.TEST\0"

    def unbind_s(self):
        self.world.unbound = True


class World:
    """A FreeIPA client whose installer does nothing but join."""

    def __init__(self, join=None):
        self.commands = []
        self.bind_error = self.extop_error = self.bound = self.asked = None
        self.unbound = False
        self.getkeytab_code = 0
        self.join = join or JOIN
        self.joined = None
        self.options = None

    def run(self, args, stdin=None, **_):
        self.commands.append((args, stdin))
        return types.SimpleNamespace(
            returncode=self.getkeytab_code, error_output="Failed to parse result"
        )

    def install(self):
        self.options = sys.argv
        client = sys.modules["ipaclient.install.client"]
        self.joined = client.run(
            self.join,
            raiseonerr=False,
            env={"KRB5_CONFIG": "/tmp/krb5"},
            nolog=(PASSWORD,),
            capture_error=True,
        )
        client.run(["/usr/bin/certutil"])
        return self.joined.returncode

    def modules(self):
        run = self.run  # one object, as in the real modules
        ldap = types.ModuleType("ldap")
        ldap.LDAPError, ldap.INVALID_CREDENTIALS, ldap.INAPPROPRIATE_AUTH = (
            LdapError,
            InvalidCredentials,
            InvalidCredentials,
        )
        ldap.OPT_NETWORK_TIMEOUT = 1
        ldap.extop = types.ModuleType("ldap.extop")
        ldap.extop.ExtendedRequest = lambda oid, value: (oid, value)
        paths = types.SimpleNamespace(
            SBIN_IPA_JOIN="/usr/sbin/ipa-join", IPA_CA_CRT="/etc/ipa/ca.crt"
        )
        made = {"ldap": ldap, "ldap.extop": ldap.extop}
        for name, content in {
            "ipaplatform": {},
            "ipaplatform.paths": {"paths": paths},
            "ipapython": {},
            "ipapython.ipautil": {"run": run},
            "ipapython.ipaldap": {"ldap_initialize": lambda uri, cacertfile: Connection(self)},
            "ipaclient": {},
            "ipaclient.install": {},
            "ipaclient.install.client": {"run": run},
            "ipaclient.install.ipa_client_install": {"run": self.install},
        }.items():
            made[name] = types.ModuleType(name)
            made[name].__dict__.update(content)
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(made[parent], child, made[name])
        return made


class ClientInstallTest(unittest.TestCase):
    def run_with(self, world, offset=0, problem=None, remove=()):
        spec = importlib.util.spec_from_file_location("client_install", SOURCE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.clock_offset = lambda server: offset
        module.ca_problem = lambda server, ca_file: problem if ca_file == "/ca.crt" else "?"
        modules = world.modules()
        for name in remove:
            modules[name] = None  # importing it raises ImportError
            parent, _, child = name.rpartition(".")
            if parent and modules[parent]:
                delattr(modules[parent], child)
        saved = sys.modules.copy(), sys.argv, sys.stdin
        sys.modules.update(modules)
        sys.argv = [
            "client_install.py",
            "ipa1.demo.test",
            "--unattended",
            "--ca-cert-file",
            "/ca.crt",
        ]
        sys.stdin = io.StringIO(PASSWORD + "\n")
        try:
            with contextlib.redirect_stdout(io.StringIO()) as said:
                code = module.main()
        finally:
            sys.modules.clear()
            sys.modules.update(saved[0])
            sys.argv, sys.stdin = saved[1:]
        return code, said.getvalue()

    def test_joins_with_the_password_on_no_command_line(self):
        world = World()
        self.assertEqual(self.run_with(world)[0], 0)
        self.assertEqual(
            world.options,
            [
                "ipa-client-install",
                "--password",
                PASSWORD,
                "--unattended",
                "--ca-cert-file",
                "/ca.crt",
            ],
        )
        self.assertEqual(
            world.bound, ("fqdn=web.demo.test,cn=computers,cn=accounts,dc=demo,dc=test", PASSWORD)
        )
        self.assertEqual(world.asked, ("2.16.840.1.113730.3.8.10.3", b"web.demo.test"))
        self.assertTrue(world.unbound)
        keytab, other = world.commands
        self.assertEqual(
            keytab[0],
            [
                "/usr/sbin/ipa-getkeytab",
                "-s",
                "ipa1.demo.test",
                "-p",
                "host/web.demo.test@DEMO.TEST",
                "-k",
                "/etc/krb5.keytab",
                "-D",
                world.bound[0],
                "-W",
            ],
        )
        self.assertEqual(keytab[1], PASSWORD + "\n")
        self.assertEqual(other[0], ["/usr/bin/certutil"])

    def test_speaks_like_ipa_join_when_it_fails(self):
        for change, code, words in [
            ({"bind_error": InvalidCredentials({})}, 15, "SASL Bind failed\nInvalid credentials"),
            (
                {"bind_error": LdapError({"desc": "Can't contact LDAP server"})},
                14,
                "Can't contact LDAP server",
            ),
            (
                {"extop_error": LdapError({"info": "Host already enrolled."})},
                13,
                "Enrollment failed. Host already enrolled.",
            ),
            ({"extop_error": LdapError()}, 13, "Enrollment failed."),
            ({"getkeytab_code": 9}, 9, "Failed to parse result\nchild exited with 9"),
        ]:
            with self.subTest(words=words):
                world = World()
                world.__dict__.update(change)
                self.assertEqual(self.run_with(world)[0], code)
                self.assertIn(words, world.joined.error_output)

    def test_does_nothing_where_the_client_is_built_otherwise(self):
        for missing in (
            "ldap",
            "ldap.extop",
            "ipaclient.install.ipa_client_install",
            "ipapython.ipaldap",
        ):
            with self.subTest(missing=missing):
                world = World()
                self.assertEqual(self.run_with(world, remove=[missing])[0], 90)
                self.assertEqual((world.options, world.commands), (None, []))

    def test_leaves_a_call_that_it_does_not_know_as_it_is(self):
        world = World(join=JOIN + ["--new"])
        self.run_with(world)
        self.assertEqual(world.commands[0][0], JOIN + ["--new"])

    def test_does_nothing_when_the_clock_is_off(self):
        for offset, words in ((301, "301 s ahead"), (-1200, "1200 s behind")):
            world = World()
            code, said = self.run_with(world, offset=offset)
            self.assertEqual((code, world.options), (91, None))
            self.assertIn(words, said)
        self.assertEqual(self.run_with(World(), offset=200)[0], 0)

    def test_does_nothing_when_the_ca_does_not_vouch_for_the_server(self):
        world = World()
        code, said = self.run_with(world, problem="self-signed certificate")
        self.assertEqual((code, world.options), (92, None))
        self.assertIn("ipa1.demo.test: self-signed certificate", said)


if __name__ == "__main__":
    unittest.main()
