"""The API server, as an administrator of it sees it."""
import base64
import dataclasses
import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

MERGE, PATCH, JSON = "application/merge-patch+json", "application/json-patch+json", "application/json"
# What a connection to a server that goes away or comes back may end in.
BROKEN = (OSError, http.client.HTTPException)


class Refused(Exception):
    """The server's answer is an error."""

    def __init__(self, code, text):
        try:
            status = json.loads(text)
        except ValueError:
            status = {"message": text[:300].strip()}  # "404 page not found"
        super().__init__(f"{code} {status.get('message', '')}")
        self.code, self.object = code, status.get("details", {}).get("name", "")

    def means_no_such_object(self):
        """Not: no such kind, which it is also called while its definition is not in force."""
        return self.code == 404 and bool(self.object)


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    version: str  # with its group
    plural: str

    def path(self, namespace="", name="", sub=""):
        parts = ["api" if "/" not in self.version else "apis", self.version]
        parts += ["namespaces", namespace] if namespace else []
        return "/" + "/".join(part for part in (*parts, self.plural, name, sub) if part)


VM = Kind("VirtualMachine", "kubevirt.io/v1", "virtualmachines")
VMI = Kind("VirtualMachineInstance", "kubevirt.io/v1", "virtualmachineinstances")
POD = Kind("Pod", "v1", "pods")
SECRET = Kind("Secret", "v1", "secrets")
NODE = Kind("Node", "v1", "nodes")
ACCOUNT = Kind("ServiceAccount", "v1", "serviceaccounts")
GUEST = Kind("Guest", "innkeeper.dev/v1alpha1", "guests")


def key_of(one):
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]


class ApiServer:
    """One connection per thread. Calls raise Refused, or one of BROKEN when the server is away."""

    def __init__(self, kubeconfig="", kubectl=""):
        text = subprocess.run([kubectl or os.environ["KUBECTL"], "--kubeconfig", kubeconfig or os.environ["KUBECONFIG"], "config", "view",
                               "--raw", "--minify", "-o", "json"], capture_output=True, check=True).stdout
        config = json.loads(text)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.address = urllib.parse.urlsplit(cluster["server"])
        self.tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with tempfile.TemporaryDirectory() as folder:
            pair = pathlib.Path(folder, "pair")
            pair.touch(0o600)
            pair.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            self.tls.load_cert_chain(pair)
        self.local, self.open, self.subresources = threading.local(), [], {}

    def connect(self, timeout):
        return http.client.HTTPSConnection(self.address.hostname, self.address.port, context=self.tls, timeout=timeout)

    def call(self, method, path, body=None, kind=JSON):
        reused = getattr(self.local, "connection", None) is not None
        if not reused:
            self.local.connection = self.connect(30)
            self.open.append(self.local.connection)
        connection = self.local.connection
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read()
        except BROKEN:
            connection.close()
            self.open.remove(connection)
            self.local.connection = None
            if reused and method == "GET":  # the server may have closed it long ago
                return self.call(method, path)
            raise
        if answer.status >= 300:
            raise Refused(answer.status, text.decode(errors="replace"))
        return json.loads(text)

    def close(self):
        """When no thread uses it any more."""
        for connection in self.open:
            connection.close()

    def find(self, kind, namespace, name):
        """The object, or None."""
        try:
            return self.call("GET", kind.path(namespace, name))
        except Refused as refused:
            if refused.means_no_such_object():
                return None
            raise

    def list(self, kind, namespace="", **selectors):
        query = "?" + urllib.parse.urlencode(selectors) if selectors else ""
        return self.call("GET", kind.path(namespace) + query)

    def create(self, kind, one):
        whole = {"apiVersion": kind.version, "kind": kind.name, **one}
        return self.call("POST", kind.path(one["metadata"].get("namespace", "")), whole)

    def create_once(self, kind, one):
        """Whether it was not there."""
        try:
            self.create(kind, one)
            return True
        except Refused as refused:
            if refused.code == 409:
                return False
            raise

    def patch(self, kind, one, change, sub=""):
        return self.call("PATCH", kind.path(*key_of(one), sub), change, MERGE)

    def patch_status(self, kind, one, status):
        """By the subresource where the kind has one: KubeVirt's VirtualMachineInstance has none."""
        if kind.version not in self.subresources:
            group = "api" if "/" not in kind.version else "apis"
            resources = self.call("GET", f"/{group}/{kind.version}")["resources"]
            self.subresources[kind.version] = {resource["name"] for resource in resources}
        sub = "status" if f"{kind.plural}/status" in self.subresources[kind.version] else ""
        return self.patch(kind, one, {"status": status}, sub)

    def drop_finalizer(self, kind, one, finalizer):
        """By a patch that fails when somebody else changed the list."""
        finalizers = one["metadata"].get("finalizers", [])
        if finalizer in finalizers:
            place = f"/metadata/finalizers/{finalizers.index(finalizer)}"
            self.call("PATCH", kind.path(*key_of(one)), [{"op": "test", "path": place, "value": finalizer}, {"op": "remove", "path": place}], PATCH)

    def delete(self, kind, one, grace=None):
        """In the background, that very object. Already gone or another one by now is fine."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": one["metadata"]["uid"]}}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            self.call("DELETE", kind.path(*key_of(one)), options)
        except Refused as refused:
            if refused.code not in (404, 409):
                raise


class Watch:
    """The changes of a kind since a version, until the server ends it or interrupt() is called."""

    def __init__(self, server, kind, version):
        self.connection = server.connect(120)  # bookmarks come about every 60 s
        self.connection.connect()
        self.socket = self.connection.sock
        query = urllib.parse.urlencode({"watch": 1, "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": 300})
        self.request = f"{kind.path()}?{query}"

    def __iter__(self):
        self.connection.request("GET", self.request)
        answer = self.connection.getresponse()
        if answer.status != 200:
            raise Refused(answer.status, answer.read(500).decode(errors="replace"))
        while line := answer.readline():
            yield json.loads(line)

    def interrupt(self):
        """Wakes the thread that reads; it has to close."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended by itself

    def close(self):
        self.connection.close()
