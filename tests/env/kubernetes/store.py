#!/usr/bin/env python3
"""store.py save|reset|compact ETCD_URL FILE: the whole state of an API server, through etcd's JSON gateway.

save     keeps every key in FILE
reset    deletes what FILE does not have and puts back what differs; the server sees ordinary changes
compact  makes etcd forget all versions but the newest
"""
import base64
import json
import sys
import urllib.request

# What a running server keeps for itself: leases of election and identity.
OWN = (b"/registry/leases/kube-system/", b"/registry/masterleases/")
OPERATIONS_AT_ONCE = 100  # etcd takes 128 in a transaction


def encode(raw):
    return base64.b64encode(raw).decode()


class Store:
    def __init__(self, url):
        self.url = url

    def call(self, what, **body):
        request = urllib.request.Request(f"{self.url}/v3/kv/{what}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def all(self):
        found = self.call("range", key=encode(b"/registry/"), range_end=encode(b"/registry0"))
        return {each["key"]: each.get("value", "") for each in found.get("kvs", [])
                if not base64.b64decode(each["key"]).startswith(OWN)}

    def reset(self, wanted):
        now = self.all()
        operations = [{"requestDeleteRange": {"key": key}} for key in now if key not in wanted]
        operations += [{"requestPut": {"key": key, "value": value}} for key, value in wanted.items() if now.get(key) != value]
        for start in range(0, len(operations), OPERATIONS_AT_ONCE):
            self.call("txn", success=operations[start:start + OPERATIONS_AT_ONCE])
        return len(operations)

    def compact(self):
        revision = self.call("range", key=encode(b"/registry/"), count_only=True)["header"]["revision"]
        self.call("compaction", revision=revision, physical=True)


def main():
    verb, url, file = sys.argv[1:]
    store = Store(url)
    if verb == "save":
        with open(file, "w", encoding="utf-8") as out:
            json.dump(store.all(), out)
    elif verb == "reset":
        with open(file, encoding="utf-8") as saved:
            print(store.reset(json.load(saved)))
    elif verb == "compact":
        store.compact()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
