"""kill -9 at every step: coordinator and agent die once at each failpoint that an enrolment, a re-enrolment, a
removal passes, against a genuine qemu-ga, FreeIPA's own client programs and a genuine FreeIPA; the installer is
a short script (tests/env, tiny --client).

With INNKEEPER_RANDOM_KILLS=N they die N times at random instead; INNKEEPER_SEED, which is shown, repeats a run.
"""
import os
import random
import time
import unittest

from life import Life
from mortal import Mortal, failpoints_of
from parts import env
from world import Story

# Each death happens on the way on from the one before; points that one and the same attempt cannot pass both
# stand in different phases.
COORDINATOR = [
    *(("enrol", "identity." + point) for point in ("host_added", "password_issued", "server_stored")),
    *(("enrol", point) for point in ("fleet.order.before", "fleet.order.sent", "fleet.result.before", "fleet.result.told")),
    *(("enrol", "identity." + point) for point in ("result_seen", "enrolled_stored")),
    *(("renew", point) for point in ("identity.host_disabled", "identity.attempt_stored", "identity.order_sent", "database.commit@3")),
    *(("lose", point) for point in ("identity.loss_stored", "identity.delivery_noted", "database.committed@3")),
    *(("remove", "identity." + point) for point in ("removal_begun", "leave_sent", "host_retagged", "host_deleted",
                                                   "identity_forgotten")),
    *(("refuse", "identity." + point) for point in ("name_assigned", "password_withdrawn", "failure_stored")),
]
AGENT = [
    *(("enrol", "agent." + point) for point in ("start.before", "start.after", "poll.exited", "finish.before")),
    ("renew", "agent.start.told"),
    *(("remove", "agent." + point) for point in ("start.before", "start.after", "poll.exited", "finish.before", "start.told")),
]
ROUND = ("enrol", "renew", "lose", "remove", "refuse", "remove")
MOST_ROUNDS = 4


class KillStory(Story):
    timings = {"order_resend": "2s", "retry_first": "300ms", "retry_most": "2s", "unknown_outcome": "1s", "keytab_recheck": "500ms",
               "conflict_recheck": "1s"}

    def begin(self, of_coordinator, of_agent):
        world = self.world
        world.start_agent("host1")
        life = Life(world, world.new_tiny("mortal", "--client", "--address", "auto"))
        env("guest", "wait", life.guest)
        world.until("the guest is known", lambda: int(world.node("host1").get("domains", 0)) >= 1, 60)
        life.mortals = [
            Mortal(world.coordinator, of_coordinator, lambda: world.cli("status", check=False).returncode == 0, life.check_freeipa),
            Mortal(world.agents["host1"], of_agent, lambda: True, life.check_freeipa),
        ]
        return life

    def test_every_step_is_died_at(self):
        if "INNKEEPER_RANDOM_KILLS" in os.environ:
            self.die_at_random(int(os.environ["INNKEEPER_RANDOM_KILLS"]))
            return
        planned = {point.partition("@")[0] for _, point in COORDINATOR + AGENT}
        self.assertEqual(planned, failpoints_of("coordinator") | failpoints_of("agent"), "failpoints of the sources without a trial")
        life = self.begin(COORDINATOR, AGENT)
        for _ in range(MOST_ROUNDS):
            for phase in ROUND:
                if any(phase == place for mortal in life.mortals for place, _ in mortal.plan) or phase in ("enrol", "remove"):
                    self.pass_through(life, phase)
            if not any(mortal.plan for mortal in life.mortals):
                break
        self.assertEqual([mortal.plan for mortal in life.mortals], [[], []], "never passed")
        self.finish(life)

    def pass_through(self, life, phase):
        # Whatever the guest needs to be before it, it is made without any death.
        if phase in ("enrol", "refuse") and life.enrolled:
            life.go("remove")
        if phase in ("renew", "lose", "remove") and not life.enrolled:
            life.go("enrol")
        began = time.monotonic()
        life.go(phase)
        print(f"{phase:8} {time.monotonic() - began:5.1f} s  {[len(mortal.deaths) for mortal in life.mortals]} deaths", flush=True)

    def die_at_random(self, count):
        seed = int(os.environ.get("INNKEEPER_SEED", time.time()))
        print(f"INNKEEPER_SEED={seed}", flush=True)
        dice = random.Random(seed)
        points = {"coordinator": sorted(failpoints_of("coordinator")), "agent": sorted(failpoints_of("agent"))}
        life = self.begin([], [])
        while sum(len(mortal.deaths) for mortal in life.mortals) < count:
            phase = dice.choice(("renew", "lose", "remove") if life.enrolled else ("enrol", "refuse"))
            for mortal, folder in zip(life.mortals, points):
                # More than can be passed: what is left over is forgotten with the phase.
                mortal.plan = [(phase, f"{dice.choice(points[folder])}@{dice.choice((1, 1, 2, 3))}") for _ in range(dice.randrange(4))]
            self.pass_through(life, phase)
        for mortal in life.mortals:
            mortal.plan = []
        self.finish(life)

    def finish(self, life):
        if not life.enrolled:
            life.go("enrol")
        life.check_passwords()
        life.go("remove")


if __name__ == "__main__":
    unittest.main(verbosity=2)
