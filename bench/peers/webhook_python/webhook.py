"""A stand-in for a webhook of the Python kind, for bench/webhook.cc: FastAPI on uvicorn with uvloop and httptools, one
worker; jsonpatch makes the patch from what was and what is wanted; PyYAML reads the settings. The Kubernetes client
is loaded, as such a webhook needs it, and never called: no review waits for anybody.

    webhook.py CERTIFICATE KEY      prints "port N" once it listens on 127.0.0.1
"""

import base64
import copy
import json
import pathlib
import socket
import sys

import fastapi
import jsonpatch
import kubernetes
import uvicorn
import yaml

SETTINGS = yaml.safe_load(pathlib.Path(__file__).with_name("config.yaml").read_text(encoding="utf-8"))
SOURCES = ("cloudInitNoCloud", "cloudInitConfigDrive")
CLIENT = kubernetes.client.ApiClient(kubernetes.client.Configuration())

app = fastapi.FastAPI()


def first_cloud_init(volumes):
    for volume in volumes:
        for source in SOURCES:
            if source in volume:
                return volume[source]
    return None


def prepared(vm):
    """The VM with the join disk and with its user-data in a Secret; None: it stays as it is."""
    metadata = vm["metadata"]
    if metadata.get("labels", {}).get(SETTINGS["label"]) != "true":
        return None
    vm = copy.deepcopy(vm)
    spec = vm["spec"]["template"]["spec"]
    source = first_cloud_init(spec["volumes"])
    disks = spec["domain"]["devices"]["disks"]
    if source is None or "userData" not in source or any(disk["name"] == SETTINGS["volume"] for disk in disks):
        return None
    join = metadata["name"] + "-innkeeper"
    user_data = metadata["name"] + "-innkeeper-user-data"
    record = {"joinSecret": join, "userDataSecret": user_data, "original": {"userData": source.pop("userData")}}
    source["secretRef"] = {"name": user_data}
    spec["volumes"].append(
        {"name": SETTINGS["volume"], "secret": {"secretName": join, "volumeLabel": SETTINGS["volume_label"]}}
    )
    disks.append({"name": SETTINGS["volume"], "disk": {"bus": "virtio", "readonly": True}})
    vm["metadata"].setdefault("annotations", {})[SETTINGS["annotation"]] = json.dumps(
        record, separators=(",", ":"), ensure_ascii=False
    )
    return vm


@app.post("/mutate-virtualmachine")
async def mutate(request: fastapi.Request):
    review = await request.json()
    asked = review["request"]
    response = {"uid": asked["uid"], "allowed": True}
    wanted = prepared(asked["object"]) if asked["operation"] == "CREATE" else None
    if wanted is not None:
        patch = jsonpatch.make_patch(asked["object"], wanted).to_string()
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(patch.encode()).decode()
    return fastapi.responses.JSONResponse(
        {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}
    )


@app.get("/healthz")
async def healthz():
    return fastapi.responses.PlainTextResponse("ok\n")


def main():
    certificate, key = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print("port", listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
