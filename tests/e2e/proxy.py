"""Stands between coordinator and FreeIPA with the server's own key: hears what is said, and can lose an answer."""
import contextlib
import os
import re
import secrets
import socket
import ssl
import tempfile
import threading

from parts import env

RAW_PORTS = (88, 389, 636)  # Kerberos and LDAP pass as they are


def _pump(source, target, heard=None):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if heard is not None and not heard(data):
                break
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Listens on a loopback address of its own, on FreeIPA's ports."""

    def __init__(self, case):
        self.address = f"127.{secrets.randbelow(250) + 2}.{secrets.randbelow(250) + 2}.{secrets.randbelow(250) + 2}"
        self.upstream, self.name = os.environ["IPA_IP"], os.environ["IPA_SERVER"]
        self.answers, self.lost = bytearray(), []
        self._lock, self._lose = threading.Lock(), b""
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(env("freeipa", "exec", "cat", "/root/pki/server.crt", "/root/pki/server.key"))
            pair.flush()
            self._server.load_cert_chain(pair.name)
        self._client = ssl.create_default_context(cafile=os.environ["IPA_CA_FILE"])
        self._listeners = [socket.create_server((self.address, port)) for port in (443, *RAW_PORTS)]
        for listener in self._listeners:
            threading.Thread(target=self._listen, args=(listener,), daemon=True).start()
        case.addCleanup(self.close)

    def lose_answer_to(self, command):
        """The next request with this text reaches FreeIPA, and its answer reaches nobody."""
        with self._lock:
            self._lose = command.encode()

    def passwords(self):
        """All one-time passwords that FreeIPA issued."""
        with self._lock:
            return [found.decode() for found in re.findall(rb'"randompassword": ?"([^"]+)"', bytes(self.answers))]

    def close(self):
        for listener in self._listeners:
            listener.close()

    def _listen(self, listener):
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._serve, args=(near, listener.getsockname()[1]), daemon=True).start()

    def _serve(self, near, port):
        heard_request = heard_answer = None
        with contextlib.suppress(OSError), contextlib.ExitStack() as ends:
            ends.enter_context(near)
            far = ends.enter_context(socket.create_connection((self.upstream, port), 30))
            far.settimeout(None)
            if port == 443:
                near = ends.enter_context(self._server.wrap_socket(near, server_side=True))
                far = ends.enter_context(self._client.wrap_socket(far, server_hostname=self.name))
                heard_request, heard_answer = self._watch()
            up = threading.Thread(target=_pump, args=(near, far, heard_request), daemon=True)
            up.start()
            _pump(far, near, heard_answer)
            up.join()

    def _watch(self):
        """Of one connection: what to do with the bytes of either side; False ends it."""
        doomed = []

        def request(data):
            with self._lock:
                if self._lose and self._lose in data:
                    doomed.append(self._lose.decode())
                    self._lose = b""
            return True

        def answer(data):
            with self._lock:
                if doomed:
                    self.lost.append(doomed[0])
                    return False
                self.answers += data
            return True

        return request, answer
