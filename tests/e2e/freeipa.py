"""FreeIPA as its administrator sees it, from the server itself."""
import os
import re

from parts import DOMAIN, env

BASE = "cn=computers,cn=accounts," + ",".join(f"dc={part}" for part in DOMAIN.split("."))


def _socket():
    return "ldapi://%2Frun%2Fslapd-" + os.environ["IPA_REALM"].replace(".", "-") + ".socket"


def ipa(command):
    """One command of the `ipa` tool as admin; its output, also when it says "not found"."""
    script = (f"export KRB5CCNAME=/tmp/e2e; printf %s '{os.environ['IPA_ADMIN_PASSWORD']}' | kinit admin >/dev/null && "
              f"{{ {command} 2>&1 || test $? = 2; }}")
    return env("freeipa", "exec", "sh", "-c", script)


def ipa_host(fqdn):
    """What `ipa host-show` says: the host's attributes, or "host not found"."""
    return ipa(f"ipa host-show --all {fqdn}")


def hosts(name):
    """All host entries whose FQDN or owner's tag has this guest's name: a list of {attribute: [values]}."""
    text = env("freeipa", "exec", "ldapsearch", "-Q", "-LLL", "-o", "ldif-wrap=no", "-Y", "EXTERNAL", "-H", _socket(), "-b", BASE,
               f"(&(objectClass=ipahost)(|(fqdn={name}.*)(userClass=innkeeper:*/{name}:*)))",
               "fqdn", "userClass", "userPassword", "krbPrincipalKey", "krbLastPwdChange")
    entries = []
    for paragraph in text.strip().split("\n\n"):
        entry = {}
        for attribute, value in re.findall(r"^(\w+)::? (.*)$", paragraph, re.MULTILINE):
            entry.setdefault(attribute, []).append(value)
        if entry:
            entries.append(entry)
    return entries


def keytab_since(name):
    """When the guest's key was made, as digits; "" while it has none."""
    found = hosts(name)
    if not found or "krbPrincipalKey" not in found[0]:
        return ""
    return found[0].get("krbLastPwdChange", [""])[0].rstrip("Z")


def takes_password(fqdn, password):
    """Whether a login as this host with this password succeeds."""
    answer = env("freeipa", "exec", "sh", "-c", 'ldapwhoami -x -H "$0" -D "$1" -w "$2" 2>&1 || test $? = 49', _socket(),
                 f"fqdn={fqdn},{BASE}", password)
    return "Invalid credentials" not in answer
