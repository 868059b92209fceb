# shellcheck shell=bash
for each in network freeipa libvirt guest tiny systemd kubernetes; do
    load_part "$each"
done
COMMANDS=(build up down status env clean)

all_help() {
    cat <<'H'
env all build     builds what is missing, starts nothing
env all up        FreeIPA, one libvirt daemon (host1), systemd, Kubernetes; images of guests are built
env all env       shell assignments: the coordinates of all that
env all down      ends everything that this environment has running, and nothing else
env all status    every part, one line each
env all clean     down, and deletes the cache with all that was built, for all environments
H
}

# Kubernetes is built beside the rest: its compiler waits for downloads, theirs for compression.
all_build() {
    begin_on_machine
    need_packages parts
    "$HERE/env" kubernetes build &
    BACKGROUND=$!
    freeipa_build
    guest_build
    tiny_build
    systemd_build
    wait "$BACKGROUND" || die "Kubernetes was not built"
    BACKGROUND=
}

all_up() {
    all_build
    freeipa_up
    libvirt_up host1
    systemd_up
    kubernetes_up
}

all_env() {
    freeipa_env
    libvirt_env host1
    systemd_env
    kubernetes_env
    printf 'INNKEEPER_ENV=%q\n' "$HERE/env"
    printf 'INNKEEPER_GUEST_ROOT=%q\n' "$CACHE/guest/root"
}

all_down() {
    local host leftover
    begin
    for host in $(libvirt_hosts); do libvirt_down "$host"; done
    if machine_pid systemd >/dev/null; then systemd_down; fi
    kubernetes_down
    freeipa_down
    network_down
    rm -rf "$RUN/guest" "$RUN/tiny-xml" "$RUN/libvirt" "$RUN/kubernetes"
    leftover=$(leftovers)
    [ -z "$leftover" ] || die "still there: $leftover"
    rm -rf "$SOCKETS"
    say "all down"
}

all_status() {
    check_settings
    local part
    echo "environment $NAME: network $NET.0/24, domain $DOMAIN, cache $CACHE"
    for part in network freeipa systemd kubernetes; do
        printf '%-10s %s\n' "$part" "$("${part}_status" 2>&1 | paste -sd';' || true)"
    done
    printf '%-10s %s\n' libvirt "$(libvirt_status | paste -sd';' || true)"
    guest_list | sed 's/^/guest      /'
}

all_clean() {
    all_down
    if grep -qsx "$CACHE" /run/innkeeper-env/*/cache; then
        die "other environments run from $CACHE: take them down first"
    fi
    rm -rf "${CACHE:?}"/{freeipa,guest,kernel,kernel.stamp,tiny,libvirt,systemd,kubernetes,run,log,lock}
    say "$CACHE is empty"
}
