"""Secrets as the coordinator writes them (coordinator/home/kube/boot_secrets.cc), and others."""
import base64

OWNER = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "name": "web", "uid": "11111111-0000-4000-8000-000000000001"}
LABEL = "innkeeper.dev/secret"


def coded(text):
    return base64.b64encode(text.encode()).decode()


def secret(name, part="join", owners=(OWNER,), kind="Opaque", **data):
    """`part`: the label's value; None: no label."""
    return {"apiVersion": "v1", "kind": "Secret", "type": kind,
            "metadata": {"name": name, "namespace": "shop", "labels": {} if part is None else {LABEL: part},
                         "ownerReferences": list(owners)},
            "data": {key: coded(text) for key, text in data.items()}}


def joining(name="web-innkeeper"):
    return secret(name, settings="state=ready\n", join="#!/bin/sh\n", password="once\n")


def user_data(name="web-innkeeper-user-data"):
    return secret(name, "user-data", userdata="#cloud-config\n")


def another(**changes):
    return dict(OWNER, **changes)


# What no Secret of ours is, each by what is wrong with it.
FOREIGN = {
    "no label": secret("x", None, settings="a"),
    "another label": secret("x", "mine", settings="a"),
    "a token of a service account": dict(
        secret("x", kind="kubernetes.io/service-account-token", settings="a"),
        metadata={"name": "x", "namespace": "shop", "labels": {LABEL: "join"}, "ownerReferences": [OWNER],
                  "annotations": {"kubernetes.io/service-account.name": "default"}}),
    "a type of its own": secret("x", kind="example.com/mine", settings="a"),
    "no owner": secret("x", owners=[], settings="a"),
    "a pod's": secret("x", owners=[another(apiVersion="v1", kind="Pod")], settings="a"),
    "a VirtualMachine of another kind": secret("x", owners=[another(apiVersion="example.com/v1")], settings="a"),
    "also somebody else's": secret("x", owners=[OWNER, another(apiVersion="v1", kind="Pod", uid="2")], settings="a"),
    "a key that no guest reads": secret("x", settings="a", token="b"),
    "a key of the other part": secret("x", userdata="a"),
    "the other part's key": secret("x", "user-data", password="a"),
}
# Those that an update could turn into one of ours. Not the ones of another type, which no update changes, and not those
# with a key too many: that goes when they are overwritten.
NEARLY_OURS = ["no label", "another label", "no owner", "a pod's", "a VirtualMachine of another kind",
               "also somebody else's"]
