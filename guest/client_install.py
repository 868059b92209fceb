"""Runs ipa-client-install so that the one-time password stands on no command line.

usage: client_install.py SERVER OPTIONS...    the password is the first line of standard input

The installer takes a one-time password only as an option, and hands it to its children the same
way (ipa-join -w, which hands it to ipa-getkeytab -w). Here the option is set inside the process,
and the call of ipa-join is replaced by the same two steps: the enrolment, an LDAP extended
operation bound as the host, and ipa-getkeytab -W, which reads the password from its standard input.

Exit codes beside the installer's own:
  90  this client is built in another way; nothing was done, the password is untouched
  91  the clock is too far off the server's; nothing was done, the password is untouched
  92  the CA does not vouch for the server; nothing was done, the password is untouched
"""

import email.utils
import http.client
import socket
import ssl
import sys
import time

UNSUITED = 90
CLOCK_SKEW = 91
UNKNOWN_CA = 92
JOIN_OID = "2.16.840.1.113730.3.8.10.3"  # FreeIPA's enrolment; the value is the host's name
MAX_SKEW = 270  # seconds; Kerberos refuses at 300, and by then the password would be spent
NETWORK_TIMEOUT = 30  # seconds, for connecting to LDAP and for each answer


def clock_offset(server):
    """Seconds that this machine's clock is ahead of the server's; 0 if the server does not say.

    The answer only ever keeps us from trying, so it is taken without checking the certificate: a
    clock that is far off makes every certificate look invalid.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(server, timeout=10, context=context)
    try:
        connection.request("HEAD", "/ipa/config/ca.crt")
        date = email.utils.parsedate_to_datetime(connection.getresponse().getheader("Date"))
        return time.time() - date.timestamp()
    except (OSError, http.client.HTTPException, TypeError, ValueError):
        return 0
    finally:
        connection.close()


def ca_problem(server, ca_file):
    """Why the certificate of the server's LDAP port is not to be trusted; None if it is, or if it
    cannot be had. The installer's own search would call such a server unreachable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(ca_file)
        with socket.create_connection((server, 636), timeout=10) as connection:
            with context.wrap_socket(connection, server_hostname=server):
                return None
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError:
        return None


class Outcome:
    """What the installer reads of a finished ipa-join."""

    def __init__(self, returncode, text):
        self.returncode = returncode
        self.output = self.raw_output = ""
        self.error_output = self.error_log = text


def enrol(server, dn, host, password):
    """Asks for the host's principal; returns it, or an Outcome with ipa-join's code and words."""
    import ldap
    import ldap.extop
    from ipaplatform.paths import paths
    from ipapython.ipaldap import ldap_initialize

    connection = ldap_initialize("ldaps://%s:636" % server, cacertfile=paths.IPA_CA_CRT)
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, NETWORK_TIMEOUT)
    connection.timeout = NETWORK_TIMEOUT
    try:
        connection.simple_bind_s(dn, password)
    except (ldap.INVALID_CREDENTIALS, ldap.INAPPROPRIATE_AUTH):
        return Outcome(15, "SASL Bind failed\nInvalid credentials")
    except ldap.LDAPError as error:
        return Outcome(14, "SASL Bind failed\n%s" % error)
    try:
        _, name = connection.extop_s(ldap.extop.ExtendedRequest(JOIN_OID, host.encode()))
        return name.decode().rstrip("\0")
    except ldap.LDAPError as error:
        info = error.args[0] if error.args else {}
        return Outcome(13, "Enrollment failed. %s" % info.get("info", info.get("desc", error)))
    finally:
        connection.unbind_s()


def join(run, args, password, named):
    """Does what `ipa-join -s SERVER -b BASE -h HOST -k KEYTAB -w PASSWORD` does."""
    from ipaplatform.paths import paths

    options = dict(zip(args[1::2], args[2::2]))
    if sorted(options) != ["-b", "-h", "-k", "-s", "-w"] or len(args) != 11:
        return run(args, **named)  # a newer installer's options: its own way, with -w
    dn = "fqdn=%s,cn=computers,cn=accounts,%s" % (options["-h"], options["-b"])
    principal = enrol(options["-s"], dn, options["-h"], password)
    if isinstance(principal, Outcome):
        return principal
    getkeytab = getattr(paths, "IPA_GETKEYTAB", "/usr/sbin/ipa-getkeytab")
    command = [getkeytab, "-s", options["-s"], "-p", principal, "-k", options["-k"], "-D", dn, "-W"]
    done = run(
        command, stdin=password + "\n", raiseonerr=False, env=named.get("env"), capture_error=True
    )
    if done.returncode:
        return Outcome(
            done.returncode, "%s\nchild exited with %d" % (done.error_output, done.returncode)
        )
    return Outcome(0, "")


def main():
    server, options = sys.argv[1], sys.argv[2:]
    password = sys.stdin.readline().rstrip("\n")
    try:
        import ldap.extop  # noqa: F401
        from ipaclient.install import client, ipa_client_install
        from ipaplatform.paths import paths
        from ipapython import ipautil
        from ipapython.ipaldap import ldap_initialize  # noqa: F401

        original = ipautil.run
        suited = client.run is original and hasattr(ipa_client_install, "run")
    except (ImportError, AttributeError):
        suited = False
    if not suited:
        return UNSUITED
    offset = clock_offset(server)
    if abs(offset) > MAX_SKEW:
        print(
            "the clock is %d s %s of %s"
            % (abs(offset), "ahead" if offset > 0 else "behind", server)
        )
        return CLOCK_SKEW
    problem = ca_problem(server, options[options.index("--ca-cert-file") + 1])
    if problem:
        print("the CA given does not vouch for %s: %s" % (server, problem))
        return UNKNOWN_CA

    def run(args, *rest, **named):
        if args[0] == paths.SBIN_IPA_JOIN and password in args:
            return join(original, args, password, named)
        return original(args, *rest, **named)

    client.run = run
    sys.argv = ["ipa-client-install", "--password", password] + options
    return ipa_client_install.run()


if __name__ == "__main__":
    sys.exit(main())
