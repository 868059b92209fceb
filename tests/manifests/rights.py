"""What the coordinator's service account may do, and what it must not."""
import re

import kubectl
from kubectl import COORDINATOR, NAMESPACE


def _rights(text):
    """VERBS RESOURCE[/SUBRESOURCE][.GROUP] [NAME], a line each, as a set of single rights."""
    rights = set()
    for line in text.split("\n"):
        if line.strip():
            verbs, resource, name = re.fullmatch(r"\s*(\S+)\s+(\S+)\s*(\S*)\s*", line).groups()
            rights |= {(verb, resource, name) for verb in verbs.split(",")}
    return rights


# All of it: a right that is not here, or one less, makes the test red.
EVERYWHERE = _rights("""
    get,list,watch                       virtualmachines.kubevirt.io
    list,watch                           virtualmachineinstances.kubevirt.io
    list,watch                           namespaces
    list,watch                           virtualmachineinstancetypes.instancetype.kubevirt.io
    list,watch                           virtualmachineclusterinstancetypes.instancetype.kubevirt.io
    list,watch                           virtualmachinepreferences.instancetype.kubevirt.io
    list,watch                           virtualmachineclusterpreferences.instancetype.kubevirt.io
    get,list,watch,create,patch,delete   guests.innkeeper.dev
    patch                                guests/status.innkeeper.dev
    create,update                        secrets
    create,patch                         events
    get                                  namespaces                                                  kube-system
    get,patch                            mutatingwebhookconfigurations.admissionregistration.k8s.io  innkeeper
""")
AT_HOME = EVERYWHERE | _rights("""
    get,list,create,update,delete        secrets
    create                               configmaps
    get,list,watch,update                configmaps                                                  innkeeper-operation
    create                               leases.coordination.k8s.io
    get,update                           leases.coordination.k8s.io                                  innkeeper-coordinator
""")

# The same asked one by one, as a person would: VERB RESOURCE [-n NAMESPACE].
MAY = """
    watch virtualmachines.kubevirt.io -A
    get virtualmachines.kubevirt.io/web -n shop
    create secrets -n shop
    update secrets/web-innkeeper -n shop
    patch guests.innkeeper.dev/web --subresource=status -n shop
    delete guests.innkeeper.dev/web -n shop
    create events -n shop
    get namespaces/kube-system
    patch mutatingwebhookconfigurations/innkeeper
    get secrets/innkeeper-vault.ca.agents -n innkeeper-system
    update configmaps/innkeeper-operation -n innkeeper-system
    update leases/innkeeper-coordinator -n innkeeper-system
"""
MAY_NOT = """
    get secrets/database -n shop
    list secrets -n shop
    watch secrets -A
    patch secrets/web-innkeeper -n shop
    delete secrets/web-innkeeper -n shop
    update virtualmachines.kubevirt.io/web -n shop
    patch virtualmachines.kubevirt.io/web -n shop
    delete virtualmachines.kubevirt.io/web -n shop
    update virtualmachines.kubevirt.io/web --subresource=finalizers -n shop
    delete virtualmachineinstances.kubevirt.io/web -n shop
    update guests.innkeeper.dev/web -n shop
    deletecollection guests.innkeeper.dev -n shop
    update nodes/node1
    patch nodes/node1
    get nodes
    list pods -n shop
    create pods --subresource=exec -n shop
    get pods --subresource=log -n shop
    create serviceaccounts/default --subresource=token -n shop
    get namespaces/shop
    patch namespaces/shop
    get configmaps/settings -n shop
    update configmaps/another -n innkeeper-system
    update leases/another -n innkeeper-system
    update leases/innkeeper-coordinator -n shop
    delete mutatingwebhookconfigurations/innkeeper
    patch mutatingwebhookconfigurations/another
    create mutatingwebhookconfigurations
    patch validatingadmissionpolicies/innkeeper-secrets
    delete validatingadmissionpolicybindings/innkeeper-secrets
    create clusterrolebindings
    bind clusterroles/innkeeper-read-user-data
    escalate clusterroles
    impersonate users/admin
    create tokenreviews
    create subjectaccessreviews
    get /metrics
    * * -A
"""


def lines(table):
    return [line.split() for line in table.strip().split("\n")]


def may(question, user=COORDINATOR):
    answer = kubectl.run("auth", "can-i", *question, f"--as={user}").stdout.strip().split("\n")[-1]
    assert answer in ("yes", "no"), f"{question}: {answer}"
    return answer == "yes"


def granted(namespace, user=COORDINATOR):
    """Every single right that the server finds for it in this namespace, without those that anybody has."""
    return _reviewed(namespace, user) - _reviewed(namespace, f"system:serviceaccount:{NAMESPACE}:nobody")


def _reviewed(namespace, user):
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    answer = kubectl.must("create", "--raw", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", f"--as={user}",
                          "-f", "-", stdin=review)
    status = kubectl.json.loads(answer)["status"]
    assert not status["incomplete"], status
    rights = {(verb, url, "") for rule in status["nonResourceRules"] for verb in rule["verbs"]
              for url in rule["nonResourceURLs"]}
    for rule in status["resourceRules"]:
        rights |= {(verb, f"{resource}.{group}" if group else resource, name)
                   for verb in rule["verbs"] for group in rule["apiGroups"] for resource in rule["resources"]
                   for name in rule.get("resourceNames") or [""]}
    return rights
