"""Keys that wait to be looked at, each once, some of them later."""
import threading
import time


class WorkQueue:
    def __init__(self):
        self.due, self.changed = {}, threading.Condition()
        self.ended = False

    def add(self, key, seconds=0.0):
        """In so many seconds, or sooner where it waits already for an earlier time."""
        with self.changed:
            moment = time.monotonic() + seconds
            self.due[key] = min(moment, self.due.get(key, moment))
            self.changed.notify()

    def take(self):
        """The next key, None at the end. Blocks."""
        with self.changed:
            while not self.ended:
                key = min(self.due, key=self.due.get, default=None)
                left = None if key is None else self.due[key] - time.monotonic()
                if left is not None and left <= 0:
                    del self.due[key]
                    return key
                self.changed.wait(left)
            return None

    def end(self):
        with self.changed:
            self.ended = True
            self.changed.notify_all()
