"""A genuine guest and a genuine FreeIPA, both from tests/env, for real.py."""

import base64
import http.cookiejar
import json
import pathlib
import secrets
import shlex
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

ENV = str(pathlib.Path(__file__).resolve().parents[2] / "tests/env/env")
MARKER = "#--innkeeper-parameters--\n"
ENVIRONMENT = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
]


def env(*command, text=None, check=True):
    done = subprocess.run([ENV, *command], input=text, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"env {' '.join(command[:3])}: {done.stderr.strip()}")
    return done.stdout


class FreeIpa:
    """The administrator's view, over JSON-RPC."""

    def __init__(self):
        text = env("freeipa", "env")
        self.settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        self.settings = {k: shlex.split(v)[0] if v else "" for k, v in self.settings.items()}
        self.server = self.settings["IPA_SERVER"]
        self.realm = self.settings["IPA_REALM"]
        self.domain = self.settings["IPA_DOMAIN"]
        self.ca = pathlib.Path(self.settings["IPA_CA_FILE"]).read_bytes()
        context = ssl.create_default_context(cafile=self.settings["IPA_CA_FILE"])
        context.check_hostname = False  # reached by address
        self._open = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        login = urllib.parse.urlencode(
            {"user": "admin", "password": self.settings["IPA_ADMIN_PASSWORD"]}
        )
        self._cookie = self._post("login_password", login, "application/x-www-form-urlencoded")[1]

    def _post(self, what, body, kind, cookie=None):
        request = urllib.request.Request(
            f"https://{self.settings['IPA_IP']}/ipa/session/{what}",
            data=body.encode(),
            headers={
                "Referer": f"https://{self.server}/ipa",
                "Content-Type": kind,
                "Host": self.server,
                **({"Cookie": cookie} if cookie else {}),
            },
        )
        with self._open.open(request, timeout=60) as reply:
            return reply.read(), (reply.headers.get("Set-Cookie") or "").split(";")[0]

    def call(self, method, *args, **options):
        body = json.dumps(
            {"method": method, "params": [list(args), {"version": "2.254", **options}], "id": 0}
        )
        return json.loads(self._post("json", body, "application/json", self._cookie)[0])

    def one_time_password(self, fqdn):
        """Registers the host, or renews its password, as the coordinator does."""
        added = self.call("host_add", fqdn, random=True, force=True)
        if added["error"]:
            self.call("host_disable", fqdn)
            added = self.call("host_mod", fqdn, random=True)
        return added["result"]["result"]["randompassword"]

    def state(self, fqdn):
        shown = self.call("host_show", fqdn)["result"]["result"]
        return shown["has_password"], shown["has_keytab"]

    def remove(self, fqdn):
        self.call("host_del", [fqdn])


class Guest:
    def __init__(self, name, fqdn, scripts, ipa):
        self.name, self.fqdn, self.scripts, self.ipa = name, fqdn, pathlib.Path(scripts), ipa
        self.passwords = []
        env("guest", "new", name, fqdn)
        env("guest", "wait", name)

    def agent(self, execute, **arguments):
        request = {
            "execute": execute,
            "arguments": {k.replace("_", "-"): v for k, v in arguments.items()},
        }
        return json.loads(env("guest", "agent", self.name, json.dumps(request)))["return"]

    def shell(self, text, seconds=300):
        done = subprocess.run(
            [ENV, "guest", "run", self.name, str(seconds)],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    def start(self, script, parameters):
        bootstrap = (self.scripts / "bootstrap").read_text()
        data = (self.scripts / script).read_text() + MARKER
        data += "".join(f"{k}={v}\n" for k, v in parameters.items()) + "end\n"
        return self.agent(
            "guest-exec",
            path="/bin/sh",
            arg=["-c", bootstrap],
            env=ENVIRONMENT,
            input_data=base64.b64encode(data.encode()).decode(),
            capture_output=True,
        )["pid"]

    def finish(self, pid, seconds=900):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.agent("guest-exec-status", pid=pid)
            if status["exited"]:
                out = base64.b64decode(status.get("out-data", "")).decode()
                assert out.count("\n") == 1, f"not one line: {out!r} {status}"
                return json.loads(out)
            time.sleep(0.3)
        raise RuntimeError("the script does not end")

    def join_parameters(self, password, **other):
        self.passwords.append(password)
        return {
            "attempt": secrets.token_hex(8),
            "fqdn": self.fqdn,
            "domain": self.ipa.domain,
            "realm": self.ipa.realm,
            "servers": self.ipa.server,
            "ca": base64.b64encode(self.ipa.ca).decode(),
            "install": "no",
            "timeout": 800,
            **other,
            "password": password,
        }

    def join(self, password, **other):
        began = time.monotonic()
        answer = self.finish(self.start("join", self.join_parameters(password, **other)))
        print(f"    join {self.name}: {answer} ({time.monotonic() - began:.1f} s)", flush=True)
        return answer

    def run(self, script, **parameters):
        began = time.monotonic()
        answer = self.finish(
            self.start(
                script,
                {
                    "attempt": secrets.token_hex(8),
                    "fqdn": self.fqdn,
                    "domain": self.ipa.domain,
                    "realm": self.ipa.realm,
                    **parameters,
                },
            )
        )
        print(f"    {script} {self.name}: {answer} ({time.monotonic() - began:.1f} s)", flush=True)
        return answer

    def assert_no_password_left(self):
        for password in self.passwords:
            text = (
                "grep -rlF -f /dev/stdin /etc /var /run /tmp /root /dev/shm 2>/dev/null <<'EOF'\n"
                f"{password}\nEOF\njournalctl -q --no-pager | grep -F -f <(cat <<'EOF'\n{password}\nEOF\n)\n"
                "find /run/innkeeper -name 'script.*' -o -name 'attempt.*'\n"
            )
            found = self.shell(text)[1]
            assert not found, f"{password} is in {found}"

    def remove(self):
        env("guest", "rm", self.name, check=False)
        self.ipa.remove(self.fqdn)


class Watcher:
    """Looks at every command line and environment in the guest while something runs."""

    SCRIPT = r"""
rm -f /run/seen-cmdlines; (
end=$(( $(date +%s) + 900 ))
while [ ! -e /run/stop-watching ] && [ $(date +%s) -lt $end ]; do
  cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' ' '
  sleep 0.05
done | awk '!seen[$0]++' >/run/seen-cmdlines ) >/dev/null 2>&1 &
"""

    def __init__(self, guest):
        self.guest = guest
        guest.shell("rm -f /run/stop-watching\n" + self.SCRIPT)

    def stop(self):
        return self.guest.shell(
            "touch /run/stop-watching; sleep 2; cat /run/seen-cmdlines; "
            "rm -f /run/seen-cmdlines /run/stop-watching"
        )[1]
