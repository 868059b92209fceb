"""Looks for a secret in all places where it must not be."""
import os
import pathlib
import threading
import urllib.request

from parts import env

# Command lines of a guest, every 50 ms, each once, until told to stop. The installer's own are seen too: with the
# clients that the wrapper knows (guest/README.md) they do not have the password either.
WATCH = r"""
rm -f /run/stop-watching /run/seen
( while [ ! -e /run/stop-watching ]; do
    cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '
    echo
    sleep 0.05
  done >/run/seen ) >/dev/null 2>&1 </dev/null &
"""
STOP = "touch /run/stop-watching; sleep 1; cat /run/seen; rm -f /run/seen /run/stop-watching"
# The secret comes on standard input and stands on no command line here either.
SEARCH = """
exec 2>/dev/null
secret() { cat <<'END'
%s
END
}
secret | grep -rlF -D skip -f - /etc /var /root /tmp /run /home /opt /srv
journalctl -q --no-pager | grep -qF -f <(secret) && echo journal
true
"""


class HostWatcher:
    """Every command line and environment on this machine, every 50 ms."""

    def __init__(self):
        self._seen, self._stop = set(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._stop.wait(0.05):
            for entry in os.scandir("/proc"):
                if entry.name.isdigit():
                    for kind in ("cmdline", "environ"):
                        try:
                            self._seen.add(pathlib.Path(entry.path, kind).read_bytes())
                        except OSError:
                            pass

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self._seen


def watch_guest(guest):
    env("guest", "run", guest, stdin=WATCH)


def seen_in_guest(guest):
    return env("guest", "run", guest, stdin=STOP)


def files_in_guest_with(guest, secret):
    return env("guest", "run", guest, "300", stdin=SEARCH % secret).split()


def files_with(folder, secret):
    """Files below a folder that contain it, whatever their format."""
    wanted = secret.encode()
    return [str(path) for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file() and wanted in path.read_bytes()]


def places_with(world, secret):
    """Where it is on this side: state, logs, database and answers of ours, libvirt's logs, the guests' consoles and disks."""
    cache = pathlib.Path(os.environ.get("INNKEEPER_CACHE", pathlib.Path.home() / ".cache/innkeeper"))
    run = cache / "run" / os.environ["INNKEEPER_ENV_NAME"]
    found = files_with(world.directory, secret) + files_with(run / "libvirt", secret)
    for guest in world.guests:
        found += files_with(run / "guest" / guest, secret)
    with urllib.request.urlopen(f"http://127.0.0.1:{world.ports['metrics']}/metrics", timeout=30) as metrics:
        answers = {"metrics": metrics.read().decode(), "events": world.cli("events", "-o", "json").stdout,
                   "guests": world.cli("guests", "-o", "json").stdout, "audit": world.cli("audit", "-o", "json", check=False).stdout}
    return found + [name for name, text in answers.items() if secret in text]
