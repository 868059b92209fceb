#pragma once
// The texts that vm_corpus.cc fills in: "@a@" to "@i@" stand for what differs between objects.
//   a namespace  b name  c uid of the VM  d uid of the VMI  e UUID of the domain
//   f node       g resourceVersion         h "True" or "False"  i address

namespace innkeeper {

inline constexpr char kVmText[] = R"json({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine",
"metadata":{"annotations":{"innkeeper.dev/prepared":"{\"joinSecret\":\"@b@-innkeeper\",
\"userDataSecret\":\"@b@-innkeeper-user-data\",\"original\":{\"userData\":
\"#cloud-config\\nhostname: @b@\\nssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ops]\\npackages: [nginx, chrony]\\n\"}}",
"kubemacpool.io/transaction-timestamp":"2026-01-02T03:04:05.123456789Z","kubevirt.io/latest-observed-api-version":"v1",
"kubevirt.io/storage-observed-api-version":"v1"},"creationTimestamp":"2026-01-02T03:04:05Z",
"finalizers":["kubevirt.io/virtualMachineControllerFinalize"],"generation":2,
"labels":{"app.kubernetes.io/name":"shop","app.kubernetes.io/part-of":"storefront","innkeeper.dev/enroll":"true",
"example.test/agent":"@h@"},
"managedFields":[{"apiVersion":"kubevirt.io/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},
"f:innkeeper.dev/prepared":{}},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:app.kubernetes.io/part-of":{},
"f:innkeeper.dev/enroll":{}}},"f:spec":{".":{},"f:runStrategy":{},"f:template":{".":{},"f:metadata":{".":{},"f:labels":{".":{},
"f:kubevirt.io/vm":{}}},"f:spec":{".":{},"f:domain":{".":{},"f:cpu":{".":{},"f:cores":{}},"f:devices":{".":{},"f:disks":{},
"f:interfaces":{},"f:rng":{}},"f:memory":{".":{},"f:guest":{}}},"f:networks":{},"f:volumes":{}}}}},"manager":"kubectl-create",
"operation":"Update","time":"2026-01-02T03:04:05Z"},{"apiVersion":"kubevirt.io/v1","fieldsType":"FieldsV1","fieldsV1":{
"f:metadata":{"f:annotations":{"f:kubevirt.io/latest-observed-api-version":{},"f:kubevirt.io/storage-observed-api-version":{}},
"f:finalizers":{".":{},"v:\"kubevirt.io/virtualMachineControllerFinalize\"":{}}},"f:status":{".":{},"f:conditions":{},
"f:created":{},"f:printableStatus":{},"f:ready":{},"f:volumeSnapshotStatuses":{}}},"manager":"virt-controller",
"operation":"Update","subresource":"status","time":"2026-01-02T03:04:35Z"}],
"name":"@b@","namespace":"@a@","resourceVersion":"@g@","uid":"@c@"},
"spec":{"runStrategy":"Always","template":{"metadata":{"labels":{"kubevirt.io/vm":"@b@"}},"spec":{"architecture":"amd64",
"domain":{"cpu":{"cores":2},"devices":{"disks":[{"disk":{"bus":"virtio"},"name":"root"},{"disk":{"bus":"virtio"},
"name":"cloudinit"},{"disk":{"bus":"virtio","readonly":true},"name":"innkeeper"}],"interfaces":[{"macAddress":"02:00:00:00:00:01",
"masquerade":{},"name":"default"}],"rng":{}},"firmware":{"serial":"@e@","uuid":"@e@"},"machine":{"type":"q35"},
"memory":{"guest":"4Gi"},"resources":{}},"evictionStrategy":"LiveMigrate","networks":[{"name":"default","pod":{}}],
"terminationGracePeriodSeconds":180,"volumes":[{"name":"root","persistentVolumeClaim":{"claimName":"@b@-root"}},
{"cloudInitNoCloud":{"secretRef":{"name":"@b@-innkeeper-user-data"}},"name":"cloudinit"},{"name":"innkeeper","secret":{
"secretName":"@b@-innkeeper","volumeLabel":"INNKEEPER"}}]}}},
"status":{"conditions":[{"lastProbeTime":null,"lastTransitionTime":"2026-01-02T03:04:35Z","status":"True","type":"Ready"},
{"lastProbeTime":null,"lastTransitionTime":null,"status":"True","type":"LiveMigratable"}],"created":true,"desiredGeneration":2,
"observedGeneration":2,"printableStatus":"Running","ready":true,"runStrategy":"Always","volumeSnapshotStatuses":[
{"enabled":true,"name":"root"},{"enabled":false,"name":"cloudinit","reason":"Snapshot is not supported for this volumeSource type [cloudinit]"}]}})json";

inline constexpr char kVmiText[] =
    R"json({"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance",
"metadata":{"annotations":{"kubevirt.io/latest-observed-api-version":"v1","kubevirt.io/storage-observed-api-version":"v1",
"kubevirt.io/vm-generation":"2"},"creationTimestamp":"2026-01-02T03:04:06Z","finalizers":["kubevirt.io/virtualMachineControllerFinalize",
"foregroundDeleteVirtualMachine"],"generation":9,"labels":{"kubevirt.io/nodeName":"@f@","kubevirt.io/vm":"@b@"},
"managedFields":[{"apiVersion":"kubevirt.io/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},
"f:kubevirt.io/latest-observed-api-version":{},"f:kubevirt.io/vm-generation":{}},"f:finalizers":{".":{},
"v:\"kubevirt.io/virtualMachineControllerFinalize\"":{}},"f:labels":{".":{},"f:kubevirt.io/nodeName":{},"f:kubevirt.io/vm":{}},
"f:ownerReferences":{".":{},"k:{\"uid\":\"@c@\"}":{}}},"f:spec":{".":{},"f:domain":{".":{},"f:devices":{".":{},"f:disks":{},
"f:interfaces":{}},"f:firmware":{".":{},"f:uuid":{}},"f:memory":{".":{},"f:guest":{}}},"f:networks":{},"f:volumes":{}},
"f:status":{".":{},"f:activePods":{".":{},"f:@d@":{}},"f:conditions":{},"f:guestOSInfo":{},"f:interfaces":{},"f:nodeName":{},
"f:phase":{},"f:phaseTransitionTimestamps":{},"f:volumeStatus":{}}},"manager":"virt-controller","operation":"Update",
"time":"2026-01-02T03:04:35Z"}],"name":"@b@","namespace":"@a@","ownerReferences":[{"apiVersion":"kubevirt.io/v1",
"blockOwnerDeletion":true,"controller":true,"kind":"VirtualMachine","name":"@b@","uid":"@c@"}],"resourceVersion":"@g@","uid":"@d@"},
"spec":{"architecture":"amd64","domain":{"cpu":{"cores":2,"maxSockets":4,"model":"host-model","sockets":1,"threads":1},
"devices":{"disks":[{"disk":{"bus":"virtio"},"name":"root"},{"disk":{"bus":"virtio"},"name":"cloudinit"},{"disk":{"bus":"virtio",
"readonly":true},"name":"innkeeper"}],"interfaces":[{"macAddress":"02:00:00:00:00:01","masquerade":{},"name":"default"}],"rng":{}},
"features":{"acpi":{"enabled":true}},"firmware":{"serial":"@e@","uuid":"@e@"},"machine":{"type":"q35"},"memory":{"guest":"4Gi",
"maxGuest":"16Gi"},"resources":{"requests":{"memory":"4Gi"}}},"evictionStrategy":"LiveMigrate","networks":[{"name":"default","pod":{}}],
"terminationGracePeriodSeconds":180,"volumes":[{"name":"root","persistentVolumeClaim":{"claimName":"@b@-root"}},
{"cloudInitNoCloud":{"secretRef":{"name":"@b@-innkeeper-user-data"}},"name":"cloudinit"},{"name":"innkeeper","secret":{
"secretName":"@b@-innkeeper","volumeLabel":"INNKEEPER"}}]},
"status":{"activePods":{"@d@":"@f@"},"conditions":[{"lastProbeTime":null,"lastTransitionTime":"2026-01-02T03:04:30Z","status":"True",
"type":"Ready"},{"lastProbeTime":null,"lastTransitionTime":null,"status":"True","type":"LiveMigratable"},
{"lastProbeTime":"2026-01-02T03:05:01Z","lastTransitionTime":null,"status":"@h@","type":"AgentConnected"}],
"currentCPUTopology":{"cores":2,"sockets":1,"threads":1},"guestOSInfo":{"id":"debian","kernelRelease":"6.1.0-18-amd64","machine":"x86_64",
"name":"Debian GNU/Linux","prettyName":"Debian GNU/Linux 12 (bookworm)","version":"12 (bookworm)","versionId":"12"},
"interfaces":[{"infoSource":"domain, guest-agent","interfaceName":"enp1s0","ipAddress":"@i@","ipAddresses":["@i@"],
"mac":"02:00:00:00:00:01","name":"default","queueCount":1}],"launcherContainerImageVersion":"registry.example.test/virt-launcher:v1.8.0",
"machine":{"type":"pc-q35-rhel9.4.0"},"memory":{"guestAtBoot":"4Gi","guestCurrent":"4Gi","guestRequested":"4Gi"},
"migrationMethod":"BlockMigration","nodeName":"@f@","phase":"Running","phaseTransitionTimestamps":[
{"phase":"Pending","phaseTransitionTimestamp":"2026-01-02T03:04:06Z"},{"phase":"Scheduling","phaseTransitionTimestamp":"2026-01-02T03:04:07Z"},
{"phase":"Scheduled","phaseTransitionTimestamp":"2026-01-02T03:04:20Z"},{"phase":"Running","phaseTransitionTimestamp":"2026-01-02T03:04:30Z"}],
"qosClass":"Burstable","runtimeUser":107,"virtualMachineRevisionName":"revision-start-vm-@c@-2","volumeStatus":[
{"name":"cloudinit","size":1048576,"target":"vdb"},{"name":"root","target":"vda"}]}})json";

}  // namespace innkeeper
