"""Bad days below us: libvirtd dies, an emulator hangs, guest agents lie. Whoever stands beside is served as ever."""
import unittest

from parts import DOMAIN, env
from world import Story

# What a guest whose agent behaves like this may show. Which of them depends on what libvirt makes of it.
SILENT = {"AgentUnresponsive", "WaitingForGuest"}
CONFUSING = SILENT | {"BadAnswer", "ExecBlocked"}
HOSTILE = {"silent": SILENT, "slow": CONFUSING, "flood": CONFUSING, "deep": CONFUSING, "shapes": CONFUSING, "utf8": CONFUSING,
           "double": CONFUSING}
USUAL = 90  # seconds that a tiny guest's enrolment may take here; it takes about five


class HypervisorStory(Story):
    timings = {"agent_grace": "1s"}

    def setUp(self):
        super().setUp()
        # A libvirtd of its own: it is going to be killed.
        self.host = f"bad-{self.world.tag}"
        env("libvirt", "up", self.host)
        self.addCleanup(env, "libvirt", "down", self.host)
        self.world.start_agent("host1", host=self.host)

    def tiny(self, name, *options):
        guest = self.world.new_tiny(name, "--address", "auto", *options, host=self.host)
        if "--hostile" not in options:
            env("guest", "wait", guest)
        return guest

    def known(self, count):
        self.world.until(f"{count} guests are known", lambda: int(self.world.node("host1").get("domains", 0)) >= count, 60)

    def enrol(self, guest):
        self.world.cli("enroll", f"lab/{guest}", "--wait", "--timeout", f"{USUAL}s")

    def agent_never_restarted(self):
        self.assertIsNone(self.world.agents["host1"].process.poll())

    def test_libvirtd_is_killed_and_an_emulator_hangs(self):
        world = self.world
        first, second = self.tiny("one", "--client"), self.tiny("two", "--client")
        self.known(2)
        self.enrol(first)

        # The daemon dies while both are watched; the guests live, and the new daemon is found.
        env("libvirt", "kill", self.host)
        world.until("the loss shows", lambda: world.cli("verify", f"lab/{first}", "--timeout", "5s", check=False).returncode != 0, 60)
        env("libvirt", "restart", self.host)
        world.until("the guest is reached again", lambda: world.cli("verify", f"lab/{first}", check=False).returncode == 0, 120)
        self.assertEqual(world.condition(first)["status"], "True")

        # One emulator is stopped: its guest shows it, and the other one is enrolled meanwhile.
        env("guest", "freeze", first)
        try:
            self.enrol(second)
            self.assertNotEqual(world.cli("verify", f"lab/{first}", "--timeout", "30s", check=False).returncode, 0)
            self.assertEqual(world.cli("verify", f"lab/{second}").returncode, 0)
            self.assertIn(world.condition(first)["reason"], SILENT)
            self.assertTrue(world.has_keytab(f"{first}.{DOMAIN}"), "a hung guest keeps its identity")
        finally:
            env("guest", "thaw", first)
        world.until("the thawed guest answers", lambda: world.cli("verify", f"lab/{first}", check=False).returncode == 0, 120)
        self.agent_never_restarted()

    def test_a_good_guest_among_hostile_ones(self):
        world = self.world
        hostile = {self.tiny(mode, "--hostile", mode): reasons for mode, reasons in HOSTILE.items()}
        self.known(len(hostile))
        for guest in hostile:
            world.cli("enroll", f"lab/{guest}")
        good = self.tiny("good", "--client")
        self.known(len(hostile) + 1)
        self.enrol(good)
        self.assertTrue(world.has_keytab(f"{good}.{DOMAIN}"))
        for guest, reasons in hostile.items():
            def shows(guest=guest, reasons=reasons):
                condition = world.condition(guest)
                return condition["status"] == "False" and condition["reason"] in reasons
            world.until(f"{guest} shows one of {sorted(reasons)}", shows, 120)
            self.assertFalse(world.has_keytab(f"{guest}.{DOMAIN}"))
        self.assertEqual(world.cli("verify", f"lab/{good}").returncode, 0)
        self.agent_never_restarted()


if __name__ == "__main__":
    unittest.main(verbosity=2)
