#!/usr/bin/env python3
"""Stories of the guest scripts in a genuine guest with a genuine FreeIPA (both from tests/env).

usage: real.py SCRIPTS STORY...      SCRIPTS: build folder with join, verify, leave, bootstrap
       real.py SCRIPTS list

Each story makes its own guests and hosts and removes them. FreeIPA and libvirt must be up
(tests/env/env freeipa up; tests/env/env libvirt up host1).
"""
import base64
import http.cookiejar
import json
import pathlib
import secrets
import shlex
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ENV = str(pathlib.Path(__file__).resolve().parents[2] / "tests/env/env")
MARKER = "#--innkeeper-parameters--\n"
ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
               "LANG=C.UTF-8"]


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
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        login = urllib.parse.urlencode({"user": "admin", "password": self.settings["IPA_ADMIN_PASSWORD"]})
        self._cookie = self._post("login_password", login, "application/x-www-form-urlencoded")[1]

    def _post(self, what, body, kind, cookie=None):
        request = urllib.request.Request(f"https://{self.settings['IPA_IP']}/ipa/session/{what}",
                                         data=body.encode(), headers={
            "Referer": f"https://{self.server}/ipa", "Content-Type": kind, "Host": self.server,
            **({"Cookie": cookie} if cookie else {})})
        with self._open.open(request, timeout=60) as reply:
            return reply.read(), (reply.headers.get("Set-Cookie") or "").split(";")[0]

    def call(self, method, *args, **options):
        body = json.dumps({"method": method, "params": [list(args), {"version": "2.254", **options}], "id": 0})
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
    def __init__(self, name, fqdn, scripts, ipa, clone_of=None):
        self.name, self.fqdn, self.scripts, self.ipa = name, fqdn, pathlib.Path(scripts), ipa
        self.passwords = []
        if clone_of:
            env("guest", "stop", clone_of.name)
            env("guest", "clone", clone_of.name, name)
            env("guest", "start", clone_of.name)
        else:
            env("guest", "new", name, fqdn)
        env("guest", "wait", name)

    def agent(self, execute, **arguments):
        request = {"execute": execute, "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}}
        return json.loads(env("guest", "agent", self.name, json.dumps(request)))["return"]

    def shell(self, text, seconds=300):
        done = subprocess.run([ENV, "guest", "run", self.name, str(seconds)], input=text,
                              capture_output=True, text=True, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def start(self, script, parameters):
        bootstrap = (self.scripts / "bootstrap").read_text()
        data = (self.scripts / script).read_text() + MARKER
        data += "".join(f"{k}={v}\n" for k, v in parameters.items()) + "end\n"
        return self.agent("guest-exec", path="/bin/sh", arg=["-c", bootstrap], env=ENVIRONMENT,
                          input_data=base64.b64encode(data.encode()).decode(), capture_output=True)["pid"]

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
        return {"attempt": secrets.token_hex(8), "fqdn": self.fqdn, "domain": self.ipa.domain,
                "realm": self.ipa.realm, "servers": self.ipa.server,
                "ca": base64.b64encode(self.ipa.ca).decode(), "install": "no", "timeout": 800,
                **other, "password": password}

    def join(self, password, **other):
        began = time.monotonic()
        answer = self.finish(self.start("join", self.join_parameters(password, **other)))
        print(f"    join {self.name}: {answer} ({time.monotonic() - began:.1f} s)", flush=True)
        return answer

    def run(self, script, **parameters):
        began = time.monotonic()
        answer = self.finish(self.start(script, {"attempt": secrets.token_hex(8), "fqdn": self.fqdn,
                                                 "domain": self.ipa.domain, "realm": self.ipa.realm,
                                                 **parameters}))
        print(f"    {script} {self.name}: {answer} ({time.monotonic() - began:.1f} s)", flush=True)
        return answer

    def assert_no_password_left(self):
        for password in self.passwords:
            text = ("grep -rlF -f /dev/stdin /etc /var /run /tmp /root /dev/shm 2>/dev/null <<'EOF'\n"
                    f"{password}\nEOF\njournalctl -q --no-pager | grep -F -f <(cat <<'EOF'\n{password}\nEOF\n)\n"
                    "find /run/innkeeper -name 'script.*' -o -name 'work.*'\n")
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
        return self.guest.shell("touch /run/stop-watching; sleep 2; cat /run/seen-cmdlines; "
                                "rm -f /run/seen-cmdlines /run/stop-watching")[1]


def expect(answer, **wanted):
    for key, value in wanted.items():
        assert answer.get(key) == value, f"{key} is {answer.get(key)!r}, not {value!r}: {answer}"


def host_key_works(guest):
    code, text = guest.shell(f"kinit -k -c MEMORY: host/{guest.fqdn}@{guest.ipa.realm} && id admin")
    assert code == 0, text


def story_join(new, ipa):
    """A guest joins; the password is nowhere; joining again changes nothing; it leaves."""
    guest = new("join")
    expect(guest.run("verify"), **{"class": "not-joined", "configured": False})
    password = ipa.one_time_password(guest.fqdn)
    watcher = Watcher(guest)
    parameters = guest.join_parameters(password)
    first = guest.finish(guest.start("join", parameters))
    print("   ", first)
    seen = watcher.stop()
    expect(first, result="joined", sssd=True, foreign_moved=False, family="debian", kvno=1, **{"class": "ok"})
    assert "client_install.py" in seen and "ipa-getkeytab" in seen or print("    (children not seen)") is None
    assert password not in seen, "the password stood on a command line"
    assert ipa.state(guest.fqdn) == (False, True)
    guest.assert_no_password_left()
    assert guest.finish(guest.start("join", parameters)) == first, "the same attempt answers the same"
    expect(guest.run("verify"), kinit="ok", lookup=True, **{"class": "ok"})
    expect(guest.join("another-password"), result="already", kvno=1)
    expect(guest.run("leave"), result="left", **{"class": "ok"})
    assert ipa.state(guest.fqdn) == (False, False)
    expect(guest.run("leave"), result="already")
    expect(guest.run("verify"), **{"class": "not-joined"})
    expect(guest.join(ipa.one_time_password(guest.fqdn)), result="joined")
    guest.assert_no_password_left()


def story_refused(new, ipa):
    """Wrong and used passwords, a skewed clock, a dead server: named, and no good password is lost."""
    guest = new("refused")
    good = ipa.one_time_password(guest.fqdn)
    expect(guest.join("wrong!$`\"'\\ #password"), result="failed", **{"class": "otp-rejected"})
    guest.shell("date -s '+20 minutes'")
    expect(guest.join(good), result="failed", **{"class": "clock-skew"})
    assert ipa.state(guest.fqdn) == (True, False), "the skewed clock cost the password"
    guest.shell("date -s '-20 minutes'")
    expect(guest.join(good, servers=f"nowhere.{ipa.domain}"), result="failed", **{"class": "network"})
    expect(guest.join(good, realm="OTHER.TEST"), result="failed", **{"class": "config"})
    other_ca = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null",
                               "-subj", "/CN=Other", "-days", "9"], capture_output=True, check=True).stdout
    expect(guest.join(good, ca=base64.b64encode(other_ca).decode()), result="failed", **{"class": "ca"})
    assert ipa.state(guest.fqdn) == (True, False)
    expect(guest.join(good), result="joined")
    guest.shell("rm -f /etc/krb5.keytab")
    expect(guest.join(good), result="failed", **{"class": "otp-rejected"})
    guest.assert_no_password_left()


def story_clone(new, ipa):
    """A clone joins under its own name, and its source keeps its key."""
    source = new("source")
    expect(source.join(ipa.one_time_password(source.fqdn)), result="joined")
    clone = new("clone", clone_of=source)
    source.shell("true")
    env("guest", "wait", source.name)
    expect(clone.run("verify"), principal=f"host/{source.fqdn}@{ipa.realm}", **{"class": "foreign-principal"})
    expect(clone.run("leave"), result="failed", **{"class": "foreign-principal"})
    host_key_works(source)
    expect(clone.join(ipa.one_time_password(clone.fqdn)), result="joined", foreign_moved=True)
    assert ipa.state(source.fqdn) == (False, True), "the source lost its key"
    host_key_works(source)
    host_key_works(clone)
    code, text = clone.shell("grep -il unenroll /var/log/ipaclient-uninstall.log; hostname -f; "
                             "find /var/lib/innkeeper -type f | sort")
    print(f"    {text}")
    assert "uninstall.log" not in text and clone.fqdn in text and "etc/krb5.keytab" in text, (code, text)
    expect(clone.run("verify"), **{"class": "ok"})
    expect(source.run("verify"), **{"class": "ok"})


def story_snapshot(new, ipa):
    """A reverted snapshot shows its stale key and joins again."""
    guest = new("revert")
    expect(guest.join(ipa.one_time_password(guest.fqdn)), result="joined", kvno=1)
    ipa.call("host_disable", guest.fqdn)
    expect(guest.run("verify"), **{"class": "stale-key"})
    password = ipa.one_time_password(guest.fqdn)
    expect(guest.run("verify"), **{"class": "stale-key"})
    expect(guest.join(password), result="joined", foreign_moved=False)
    expect(guest.run("verify"), **{"class": "ok"})
    ipa.remove(guest.fqdn)
    expect(guest.run("verify"), **{"class": "stale-key"})
    expect(guest.join(ipa.one_time_password(guest.fqdn)), result="joined")
    host_key_works(guest)
    guest.assert_no_password_left()


def story_interrupted(new, ipa):
    """A join killed in the middle is told as such, and the next one cleans up after it."""
    guest = new("cut")
    parameters = guest.join_parameters(ipa.one_time_password(guest.fqdn))
    guest.start("join", parameters)
    resume = {k: v for k, v in parameters.items() if k != "password"} | {"resume": "yes"}
    while "joining" not in guest.shell("cat /run/innkeeper/progress")[1]:
        time.sleep(1)
    expect(guest.finish(guest.start("join", resume)), result="running")
    busy = guest.finish(guest.start("join", guest.join_parameters("some-password")))
    expect(busy, attempt=parameters["attempt"], **{"class": "busy"})
    while "joined" not in guest.shell("test -e /etc/ipa/default.conf && echo joined")[1]:
        time.sleep(0.5)
    guest.shell("for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in "
                "*client_install.py*|*innkeeper/script.*) kill -9 ${p#/proc/};; esac; done")
    expect(guest.finish(guest.start("join", resume)), result="failed", **{"class": "interrupted"})
    expect(guest.finish(guest.start("join", resume | {"attempt": "ffff"})), **{"class": "attempt-unknown"})
    expect(guest.join("unused-password"), result="joined", **{"class": "ok"})
    host_key_works(guest)
    expect(guest.run("verify"), **{"class": "ok"})
    guest.assert_no_password_left()


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

        def new(label, clone_of=None):
            guest_name = f"gs-{label}"
            guest = Guest(guest_name, f"{guest_name}.{ipa.domain}", scripts, ipa, clone_of)
            made.append(guest)
            return guest

        print(f"{name}: {STORIES[name].__doc__}", flush=True)
        began = time.monotonic()
        try:
            STORIES[name](new, ipa)
            print(f"  ok, {time.monotonic() - began:.0f} s", flush=True)
        except (AssertionError, RuntimeError) as problem:
            failed += 1
            print(f"  FAILED, {time.monotonic() - began:.0f} s: {problem}", flush=True)
        for guest in reversed(made):
            guest.remove()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
