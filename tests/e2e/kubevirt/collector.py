"""The garbage collector's part, for what a VirtualMachine or an instance of one owns."""
from kubevirt.api import VM, VMI, key_of
from kubevirt.objects import is_deleting

OWNERS = {kind.name: kind for kind in (VM, VMI)}


class Collector:
    """owned: the reflectors of all kinds that are looked at."""

    def __init__(self, server, owned, log):
        self.server, self.owned, self.log = server, owned, log

    def sweep(self):
        alive = {}
        for reflector in self.owned:
            for one in reflector.all():
                references = one["metadata"].get("ownerReferences", [])
                if not references or is_deleting(one) or any(reference["kind"] not in OWNERS for reference in references):
                    continue
                if not any(self.is_alive(one, reference, alive) for reference in references):
                    self.server.delete(reflector.kind, one)
                    self.log(key_of(one), f"{reflector.kind.name} collected: its owner is gone")

    def is_alive(self, one, reference, alive):
        if reference["uid"] not in alive:
            owner = self.server.find(OWNERS[reference["kind"]], one["metadata"]["namespace"], reference["name"])
            alive[reference["uid"]] = owner is not None and owner["metadata"]["uid"] == reference["uid"]
        return alive[reference["uid"]]
