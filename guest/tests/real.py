#!/usr/bin/env -S python3 -B
"""Stories of the guest scripts in a genuine guest with a genuine FreeIPA (both from tests/env).

usage: real.py SCRIPTS STORY...      SCRIPTS: build folder with join, verify, leave, bootstrap
       real.py SCRIPTS list

Each story makes its own guests and hosts and removes them. FreeIPA and libvirt must be up
(tests/env/env freeipa up; tests/env/env libvirt up host1).
"""

import base64
import subprocess
import sys
import time

from real_guest import FreeIpa, Guest, Watcher, env


def expect(answer, **wanted):
    for key, value in wanted.items():
        assert answer.get(key) == value, f"{key} is {answer.get(key)!r}, not {value!r}: {answer}"


def host_key_works(guest):
    """Also soon after a start, when network and sssd are not up yet."""
    code, text = guest.shell(
        "for turn in $(seq 60); do\n"
        f"kinit -k -c MEMORY: host/{guest.fqdn}@{guest.ipa.realm} && id admin && exit 0\n"
        "sleep 2; done; exit 1"
    )
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
    expect(
        first,
        result="joined",
        sssd=True,
        foreign_moved=False,
        family="debian",
        kvno=1,
        **{"class": "ok"},
    )
    assert (
        "client_install.py" in seen
        and "ipa-getkeytab" in seen
        or print("    (children not seen)") is None
    )
    assert password not in seen, "the password stood on a command line"
    assert ipa.state(guest.fqdn) == (False, True)
    guest.assert_no_password_left()
    assert (
        guest.finish(guest.start("join", parameters)) == first
    ), "the same attempt answers the same"
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
    expect(
        guest.join(good, servers=f"nowhere.{ipa.domain}"), result="failed", **{"class": "network"}
    )
    expect(guest.join(good, realm="OTHER.TEST"), result="failed", **{"class": "config"})
    other_ca = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "/dev/null",
            "-subj",
            "/CN=Other",
            "-days",
            "9",
        ],
        capture_output=True,
        check=True,
    ).stdout
    expect(
        guest.join(good, ca=base64.b64encode(other_ca).decode()), result="failed", **{"class": "ca"}
    )
    assert ipa.state(guest.fqdn) == (True, False)
    expect(guest.join(good), result="joined")
    guest.shell("rm -f /etc/krb5.keytab")
    expect(guest.join(good), result="failed", **{"class": "otp-rejected"})
    guest.assert_no_password_left()


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
    guest.shell(
        "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in "
        "*client_install.py*|*innkeeper/script.*) kill -9 ${p#/proc/};; esac; done"
    )
    expect(guest.finish(guest.start("join", resume)), result="failed", **{"class": "interrupted"})
    expect(
        guest.finish(guest.start("join", resume | {"attempt": "ffff"})),
        **{"class": "attempt-unknown"},
    )
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

        def new(label):
            guest_name = f"gs-{label}"
            guest = Guest(guest_name, f"{guest_name}.{ipa.domain}", scripts, ipa)
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
