"""A joined guest is cloned: the clone gets an identity of its own, and its source keeps what it has."""
import unittest

import freeipa
from parts import DOMAIN, env
from world import HOST, Story

KEPT = "klist -k $(ls -d /var/lib/innkeeper/aside-*/etc/krb5.keytab)"


class CloneStory(Story):
    def test_a_clone_is_enrolled_and_its_source_untouched(self):
        world = self.world
        world.start_agent("host1")
        source = world.new_guest("source", "--enroll", "yes")
        world.enrolled(source)
        before = freeipa.hosts(source)
        self.assertIn("krbPrincipalKey", before[0])

        world.inside(source, "sync")
        env("libvirt", "virsh", HOST, "suspend", source)
        clone = f"clone-{world.tag}"
        world.guests.append(clone)
        env("guest", "clone", source, clone, "--enroll", "yes", "--fqdn", f"{clone}.{DOMAIN}")
        env("libvirt", "virsh", HOST, "resume", source)
        world.enrolled(clone)

        # The clone has its own key, and works with it; what it carried is kept aside.
        keys = world.inside(clone, "klist -k")
        self.assertIn(f"host/{clone}.{DOMAIN}@", keys)
        self.assertNotIn(f"host/{source}.{DOMAIN}@", keys)
        self.assertIn(f"host/{source}.{DOMAIN}@", world.inside(clone, KEPT))
        self.assertIn("uid=", world.inside(clone, f"kinit -k host/{clone}.{DOMAIN} && id admin"))
        self.assertIn("ForeignPrincipal", world.cli("events", f"lab/{clone}", "-o", "json").stdout)

        # The source noticed nothing: same entry, same key, and the key works.
        self.assertEqual(freeipa.hosts(source), before)
        self.assertIn("uid=", world.inside(source, f"kinit -k host/{source}.{DOMAIN} && id admin"))
        self.assertEqual(world.cli("verify", f"lab/{source}").returncode, 0)

        # Nor does it when the clone leaves.
        world.cli("unenroll", f"lab/{clone}", "--yes", "--wait", "--timeout", "5m")
        self.assertTrue(world.host_is_gone(f"{clone}.{DOMAIN}"))
        self.assertEqual(freeipa.hosts(source), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
