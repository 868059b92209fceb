"""What the API server has of one kind, kept up to date through cut watches and restarts of the server."""
import json
import threading

from kubevirt.api import BROKEN, Refused, Watch, key_of


class Reflector:
    """Calls on_change(kind, object, gone) from its own thread, after `objects` was changed."""

    def __init__(self, server, kind, on_change):
        self.server, self.kind, self.on_change = server, kind, on_change
        self.objects, self.watch = {}, None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name=f"watch-{kind.plural}", daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.is_set():
            try:
                self.follow(self.relist())
                pause = 0.0
            except Refused as refused:  # the kind does not exist yet, or the version is forgotten
                pause = 2.0 if refused.code == 404 else 0.2
            except (*BROKEN, json.JSONDecodeError):
                pause = 0.5  # the server is away
            self.ended.wait(pause)

    def relist(self):
        listed = self.server.list(self.kind)
        found = {key_of(one): one for one in listed["items"]}
        for key in [key for key in self.objects if key not in found]:
            self.take("DELETED", self.objects[key])
        for one in found.values():
            self.take("MODIFIED", one)
        return listed["metadata"]["resourceVersion"]

    def follow(self, version):
        while not self.ended.is_set():
            self.watch = Watch(self.server, self.kind, version)
            if self.ended.is_set():
                self.watch.interrupt()  # end() may have met the one before it
            try:
                for event in self.watch:
                    if event["type"] == "ERROR":
                        raise Refused(event["object"].get("code", 0), event["object"].get("message", ""))
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        self.take(event["type"], event["object"])
            finally:
                self.watch.close()

    def take(self, what, one):
        if what == "DELETED":
            self.objects.pop(key_of(one), None)
        else:
            self.objects[key_of(one)] = one
        self.on_change(self.kind, one, what == "DELETED")

    def all(self):
        return list(self.objects.values())

    def end(self):
        self.ended.set()
        if self.watch is not None:
            self.watch.interrupt()
        self.thread.join(10)
