"""kubectl, at the API server of tests/env, and kustomize in it."""
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

BASE = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "coordinator"
NAMESPACE = "innkeeper-system"
COORDINATOR = f"system:serviceaccount:{NAMESPACE}:innkeeper-coordinator"


def run(*arguments, stdin=None):
    """What kubectl answers, good or bad."""
    if isinstance(stdin, (dict, list)):
        stdin = json.dumps(stdin)
    return subprocess.run([os.environ["KUBECTL"], *arguments], input=stdin, capture_output=True, text=True,
                          timeout=120, check=False)


def must(*arguments, stdin=None):
    """What it answers; an error of it is ours."""
    done = run(*arguments, stdin=stdin)
    if done.returncode:
        raise AssertionError(f"kubectl {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def tool(*arguments):
    """The tool of tests/env."""
    subprocess.run([os.environ["INNKEEPER_ENV"], *arguments], timeout=120, check=True)


class Account:
    """A service account, by a token of its own: kubectl reads what it patches, and some may not read."""

    def __init__(self, namespace, name):
        self.token = must("-n", namespace, "create", "token", name).strip()
        self.trust = ssl.create_default_context(cafile=os.environ["KUBE_CA_FILE"])

    def ask(self, method, path, body=None, form="application/json"):
        """Status code and answer."""
        request = urllib.request.Request(
            os.environ["KUBE_SERVER"] + path, None if body is None else json.dumps(body).encode(), method=method,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": form})
        try:
            with urllib.request.urlopen(request, context=self.trust, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def get(*what):
    return json.loads(must("get", "-o", "json", *what))


def definition(group, plural, kind):
    """A kind of others of which only the name counts."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True,
                                   "schema": {"openAPIV3Schema": anything}}]}}


def render(*components):
    """The base with these components, as text that kubectl applies."""
    with tempfile.TemporaryDirectory() as folder:
        base = os.path.relpath(BASE, os.path.realpath(folder))
        pathlib.Path(folder, "kustomization.yaml").write_text(json.dumps({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [base],
            "components": [f"{base}/{name}" for name in components]}), encoding="utf-8")
        return must("kustomize", folder)


def objects(text):
    """The objects of a rendered text. The server must know their kinds."""
    out = must("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-", stdin=text)
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(out):
        one, at = decoder.raw_decode(out, at)
        found += one["items"] if one["kind"] == "List" else [one]
        while at < len(out) and out[at].isspace():
            at += 1
    return found


def pick(found, kind, name=None):
    """The only one of that kind, and of that name."""
    [one] = [each for each in found if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    return one
