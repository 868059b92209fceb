"""A program of ours that is killed at named points, and started again each time."""
import pathlib
import re
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def failpoints_of(folder):
    """The names of all failpoints that stand in the sources of a folder."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.cc"))
    return {name for text in texts for name in re.findall(r'FAILPOINT(?:_STATUS)?\("([a-z._]+)"\)', text)}


class Mortal:
    """plan: pairs of a phase and the point to die at in it ("name", or "name@N" for its Nth pass), in order."""

    def __init__(self, daemon, plan, answers, mourn):
        self.daemon, self.plan, self.answers, self.mourn = daemon, list(plan), answers, mourn
        self.phase, self.armed, self.deaths = "", "", []

    def _next(self):
        return self.plan[0][1] if self.plan and self.plan[0][0] == self.phase else ""

    def _start(self, point):
        self.armed = point
        name, _, turn = point.partition("@")
        self.daemon.start(f"{name}=kill@{turn or 1}" if point else "")
        deadline = time.monotonic() + 60
        while not self.answers() and self.daemon.process.poll() is None:
            assert time.monotonic() < deadline, f"{self.daemon.command[0]} does not come up"
            time.sleep(0.1)

    def enter(self, phase):
        """From here on it dies at the next point of the plan, if that belongs to this phase."""
        self.phase = phase
        if self.armed != self._next():
            code = self.daemon.stop()
            assert code == 0, f"{self.daemon.command[0]} ended with {code}"
            self._start(self._next())

    def tend(self):
        """Starts it again if it has died, armed with the next point."""
        code = self.daemon.process.poll()
        if code is None:
            return
        assert code == -9 and self.armed, f"{self.daemon.command[0]} ended with {code}, armed: {self.armed}"
        self.deaths.append(self.armed)
        self.plan.pop(0)
        self.mourn(self.armed)
        self._start(self._next())
