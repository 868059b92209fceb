# shellcheck shell=bash
# shellcheck source=tests/env/kubernetes/build.sh
. "$HERE/kubernetes/build.sh"
# shellcheck source=tests/env/kubernetes/pki.sh
. "$HERE/kubernetes/pki.sh"
COMMANDS=(build up down reset save restart kill compact status env kubectl token kubevirt clean)

KUBE_RUN=$RUN/kubernetes
KUBE_BIN=$CACHE/kubernetes/bin

kubernetes_help() {
    cat <<'H'
env kubernetes up       an API server with etcd on free ports of the loopback, as an administrator
                        of it; its objects stay for the next up
env kubernetes reset    back to the objects of a fresh server (or of the last save) in under a
                        second, without a restart: watches see ordinary changes
env kubernetes save     what is there now is what reset goes back to
env kubernetes restart [--empty]  the API server ends hard and starts again; empty: without objects
env kubernetes kill     the API server alone ends hard; `up` brings it back
env kubernetes compact  old versions are forgotten: watches from before now get 410
env kubernetes env      shell assignments: KUBECONFIG, KUBE_SERVER, KUBE_CA_FILE, KUBE_ETCD, ...
env kubernetes kubectl ARGUMENTS...
env kubernetes token NAMESPACE/ACCOUNT [AUDIENCE]   makes the account and prints a token for it
env kubernetes kubevirt the definitions of KubeVirt's kinds: those of KUBEVIRT_CRDS, a file, or the
                        repository's own, which know the fields that Innkeeper and the tests use
env kubernetes down | status | build | clean

No controllers run: nobody collects garbage, finalizes namespaces or makes default accounts. Built
from Go's modules, with this machine's Go or one from Debian's backports. Every request is in the
audit log (KUBE_AUDIT_LOG).
H
}

kube_pidfile() { echo "$SOCKETS/$1.pid"; }
kube_ports() { read -r api_port etcd_port etcd_peer <"$KUBE_RUN/ports"; }

kube_request() {  # PATH
    curl -sf --max-time 2 --cacert "$KUBE_RUN/pki/ca.crt" --cert "$KUBE_RUN/pki/admin.crt" \
        --key "$KUBE_RUN/pki/admin.key" "https://127.0.0.1:$api_port/$1"
}
kube_ready() { kube_request readyz; }
kube_store() { python3 "$HERE/kubernetes/store.py" "$1" "http://127.0.0.1:$etcd_port" "$KUBE_RUN/saved.json"; }

# Free ports, kept while they are ours or still free: kubeconfigs stay valid.
choose_ports() {
    python3 - "$KUBE_RUN/ports" <<'P'
import os, socket, sys
file, count = sys.argv[1], 3
def bound(port):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", port))
    return one
try:
    with open(file, encoding="ascii") as old:
        held = [bound(int(port)) for port in old.read().split()]
    assert len(held) == count
except (OSError, ValueError, AssertionError):
    held = [bound(0) for _ in range(count)]
    with open(file + ".new", "w", encoding="ascii") as new:
        print(*[one.getsockname()[1] for one in held], file=new)
    os.rename(file + ".new", file)
P
}

start_etcd() {
    # --unsafe-no-fsync: nothing here need survive a power cut, and syncing is most of a write
    detach "$(kube_pidfile etcd)" "$LOGS/etcd.log" "$KUBE_BIN/etcd" --name test \
        --data-dir "$KUBE_RUN/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls "http://127.0.0.1:$etcd_port" \
        --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$etcd_peer" \
        --initial-advertise-peer-urls "http://127.0.0.1:$etcd_peer" \
        --initial-cluster "test=http://127.0.0.1:$etcd_peer"
}

start_apiserver() {
    local pki=$KUBE_RUN/pki issuer=https://kubernetes.default.svc
    detach "$(kube_pidfile kube-apiserver)" "$LOGS/kube-apiserver.log" "$KUBE_BIN/kube-apiserver" \
        --etcd-servers "http://127.0.0.1:$etcd_port" --bind-address 127.0.0.1 \
        --advertise-address 127.0.0.1 --secure-port "$api_port" --endpoint-reconciler-type none \
        --service-cluster-ip-range 10.96.0.0/16 --allow-privileged=true \
        --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
        --client-ca-file "$pki/ca.crt" --authorization-mode Node,RBAC \
        --enable-admission-plugins NodeRestriction \
        --service-account-issuer "$issuer" --api-audiences "$issuer" \
        --service-account-key-file "$pki/sa.pub" \
        --service-account-signing-key-file "$pki/sa.key" \
        --requestheader-client-ca-file "$pki/front-proxy-ca.crt" \
        --requestheader-allowed-names front-proxy-client \
        --requestheader-username-headers X-Remote-User \
        --requestheader-group-headers X-Remote-Group \
        --requestheader-extra-headers-prefix X-Remote-Extra- \
        --proxy-client-cert-file "$pki/front-proxy.crt" \
        --proxy-client-key-file "$pki/front-proxy.key" \
        --audit-policy-file "$HERE/kubernetes/audit-policy.yaml" \
        --audit-log-path "$KUBE_RUN/audit.log" --audit-log-maxsize 100 --audit-log-maxbackup 1 \
        --shutdown-delay-duration 0s
}

kube_running() { running "$(kube_pidfile "$1")" "$1" >/dev/null; }
ready_or_ended() { kube_ready || kube_ended kube-apiserver; }
# Not by its name, which a process that is being started does not have yet.
kube_ended() {
    local state
    state=$(awk '$1 == "State:" {print $2}' "/proc/$(cat "$(kube_pidfile "$1")")/status" 2>/dev/null)
    [ -z "$state" ] || [ "$state" = Z ]
}

start_kubernetes() {
    mkdir -p "$KUBE_RUN"
    chmod 700 "$KUBE_RUN"
    cached "$KUBE_RUN/pki" "$(key "@$HERE/kubernetes/pki.sh")" "authorities of the cluster" \
        make_kube_pki
    kube_running etcd || kube_running kube-apiserver || choose_ports
    kube_ports
    (umask 077 && kubeconfig_text "$KUBE_RUN/pki" "https://127.0.0.1:$api_port" \
        >"$KUBE_RUN/kubeconfig")
    kube_running etcd || start_etcd
    kube_running kube-apiserver || start_apiserver
    if ! wait_until 90 ready_or_ended || ! kube_running kube-apiserver; then
        tail -n 20 "$LOGS/kube-apiserver.log" >&2
        die "the API server does not get ready: $LOGS/kube-apiserver.log"
    fi
    [ -e "$KUBE_RUN/saved.json" ] || save_fresh
}

# What a server makes for itself after it is ready belongs to a fresh one.
bootstrapped() {
    "$KUBE_BIN/kubectl" --kubeconfig "$KUBE_RUN/kubeconfig" get \
        service/kubernetes servicecidr/kubernetes namespace/kube-public namespace/kube-node-lease &&
        "$KUBE_BIN/kubectl" --kubeconfig "$KUBE_RUN/kubeconfig" -n kube-system get \
            configmap/extension-apiserver-authentication \
            configmap/kube-apiserver-legacy-service-account-token-tracking
}

save_fresh() {
    wait_until 30 bootstrapped || die "the API server does not finish its start"
    kube_store save
    kube_request apis >"$KUBE_RUN/saved.apis"
}

stop_kubernetes() {
    stop "$(kube_pidfile kube-apiserver)" kube-apiserver "${1:-10}"
    stop "$(kube_pidfile etcd)" etcd "${1:-10}"
}

# A hard end: what a crash of the API server looks like to its clients.
kill_apiserver() {
    local pid
    pid=$(running "$(kube_pidfile kube-apiserver)" kube-apiserver) || return 0
    kube_ports
    kill -KILL "$pid"
    wait_until 10 deaf || die "kube-apiserver ($pid) cannot be killed"
}

# Its threads may hold the port for a moment after the process is a zombie.
deaf() {
    gone "$(kube_pidfile kube-apiserver)" kube-apiserver &&
        ! (exec 3<>"/dev/tcp/127.0.0.1/$api_port") 2>/dev/null
}

kubernetes_build() {
    begin_on_machine
    need_packages parts
    build_kubernetes
}

kubernetes_up() {
    begin
    need_packages parts
    build_kubernetes
    lock kubernetes
    if ! kube_running kube-apiserver; then
        ON_ABORT=stop_kubernetes
        say "starting Kubernetes"
        start_kubernetes
        ON_ABORT=
    fi
    kube_ports
    unlock kubernetes
    say "API server: https://127.0.0.1:$api_port"
}

kubernetes_down() {
    begin
    lock kubernetes
    stop_kubernetes
    unlock kubernetes
    say "Kubernetes is down"
}

need_kubernetes() {
    kube_running kube-apiserver && kube_ports || die "kubernetes is not running: env kubernetes up"
}

same_apis() { kube_request apis | cmp -s - "$KUBE_RUN/saved.apis"; }

kubernetes_reset() {
    begin
    lock kubernetes
    need_kubernetes
    local changed
    changed=$(kube_store reset)
    # kinds come and go a moment after their definitions
    wait_until 10 same_apis || die "the server still offers other kinds than a fresh one"
    unlock kubernetes
    say "$changed keys put back"
}

kubernetes_save() {
    begin
    lock kubernetes
    need_kubernetes
    kube_store save
    kube_request apis >"$KUBE_RUN/saved.apis"
    unlock kubernetes
}

kubernetes_restart() {
    begin
    lock kubernetes
    kill_apiserver
    if [ "${1:-}" = --empty ]; then
        stop_kubernetes 1
        rm -rf "$KUBE_RUN/etcd" "$KUBE_RUN/audit.log" "$KUBE_RUN/saved.json"
    fi
    start_kubernetes
    unlock kubernetes
}

kubernetes_kill() {
    begin
    lock kubernetes
    kill_apiserver
    unlock kubernetes
}

# The server's own cache still knows what etcd has forgotten, so it starts anew.
kubernetes_compact() {
    begin
    lock kubernetes
    need_kubernetes
    kill_apiserver
    kube_store compact
    start_kubernetes
    unlock kubernetes
}

kubernetes_status() {
    if ! kube_running kube-apiserver || ! kube_ports || ! kube_ready >/dev/null; then
        echo "down"
        return 3
    fi
    echo "up: https://127.0.0.1:$api_port, Kubernetes $(kubernetes_version)"
}

kubernetes_env() {
    local api_port=0 etcd_port=0
    [ ! -e "$KUBE_RUN/ports" ] || kube_ports
    print_env KUBECONFIG "$KUBE_RUN/kubeconfig" KUBE_SERVER "https://127.0.0.1:$api_port" \
        KUBE_CA_FILE "$KUBE_RUN/pki/ca.crt" KUBE_ETCD "http://127.0.0.1:$etcd_port" \
        KUBECTL "$KUBE_BIN/kubectl" KUBE_AUDIT_LOG "$KUBE_RUN/audit.log"
}

kubernetes_kubectl() { "$KUBE_BIN/kubectl" --kubeconfig "$KUBE_RUN/kubeconfig" "$@"; }

kubernetes_token() {
    local namespace=${1%%/*} account=${1#*/}
    kubernetes_kubectl -n "$namespace" get serviceaccount "$account" >/dev/null 2>&1 ||
        kubernetes_kubectl -n "$namespace" create serviceaccount "$account" >/dev/null
    kubernetes_kubectl -n "$namespace" create token "$account" ${2:+--audience="$2"}
}

kubernetes_kubevirt() {
    kubernetes_kubectl apply --server-side --force-conflicts \
        -f "${KUBEVIRT_CRDS:-$HERE/kubernetes/kubevirt-crds.yaml}" >/dev/null
    kubernetes_kubectl wait --for=condition=established --timeout=60s \
        crd/virtualmachines.kubevirt.io crd/virtualmachineinstances.kubevirt.io >/dev/null
}

kubernetes_clean() {
    kubernetes_down
    rm -rf "$KUBE_RUN" "$CACHE/kubernetes"
}
