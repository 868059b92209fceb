# shellcheck shell=bash
# Guests of any kind: each has a folder with its disk, its XML and the name of its libvirt host.

domain_folder() { echo "$RUN/guest/$1"; }
domain_names() {
    find "$RUN/guest" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | sort
}
domain_uri() { echo "qemu+unix:///system?socket=$SOCKETS/$1/libvirt-sock"; }
virsh_on() {  # HOST ARGUMENTS
    local host=$1
    shift
    virsh -q -c "$(domain_uri "$host")" "$@"
}

check_guest_name() {
    [[ ${1:-} =~ ^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$ ]] || die "no name of a guest: '${1:-}'"
}

domain_host() {
    check_guest_name "${1:-}"
    cat "$(domain_folder "$1")/host" 2>/dev/null || die "no guest '$1': env guest list"
}

# domain_virsh GUEST COMMAND ARGUMENTS: virsh COMMAND GUEST ARGUMENTS on its host
domain_virsh() {
    local host name=$1 command=$2
    host=$(domain_host "$name")
    shift 2
    virsh_on "$host" "$command" "$name" "$@"
}

domain_state() { domain_virsh "$1" domstate 2>/dev/null || echo unknown; }

# domain_signal NAME SIGNAL: to its emulator
domain_signal() {
    local host pid
    host=$(domain_host "$1")
    pid=$(cat "$RUN/libvirt/$host/run/qemu/$1.pid" 2>/dev/null) || die "guest $1 is not running"
    kill "-$2" "$pid"
}

domain_mac() {
    local hash
    hash=$(printf '%s' "$NAME $1" | sha256sum)
    echo "52:54:00:${hash:0:2}:${hash:2:2}:${hash:4:2}"
}

# domain_metadata ENROLL FQDN: the element by which a domain opts in; nothing when both are empty
domain_metadata() {
    [ -n "$1$2" ] || return 0
    local attributes=${1:+" enroll='$1'"}${2:+" fqdn='$2'"}
    echo "<metadata><guest xmlns='https://innkeeper.dev/domain/1'$attributes/></metadata>"
}

# domain_interface NAME NETWORK: on the bridge, or behind QEMU's own address translation
domain_interface() {
    local source
    case $2 in
        user) source="<interface type='user'>" ;;
        *) source="<interface type='bridge'><source bridge='$BRIDGE'/>" ;;
    esac
    echo "$source<mac address='$(domain_mac "$1")'/><model type='virtio'/></interface>"
}

# domain_clock SECONDS: a clock that is wrong by so much
domain_clock() { [ -z "$1" ] || echo "<clock offset='variable' adjustment='$1' basis='utc'/>"; }
# what every guest's kernel is told: emulation is slow enough without mitigations and randomisation
domain_cmdline() {
    echo "console=ttyS0 quiet loglevel=3 net.ifnames=0 mitigations=off apparmor=0 audit=0 nokaslr" \
        "no_timer_check"
}

# domain_define NAME HOST: takes FOLDER/domain.xml
domain_define() {
    local folder
    folder=$(domain_folder "$1")
    echo "$2" >"$folder/host"
    virsh_on "$2" define "$folder/domain.xml" >/dev/null
}

# domain_create NAME HOST: starts FOLDER/domain.xml as a domain that libvirt forgets when it ends
domain_create() {
    local folder
    folder=$(domain_folder "$1")
    echo "$2" >"$folder/host"
    virsh_on "$2" create "$folder/domain.xml" >/dev/null
}

need_host() {
    running "$SOCKETS/libvirt-$1.pid" libvirtd >/dev/null ||
        die "libvirt $1 is not running: env libvirt up $1"
}

# claim_domain NAME: makes its folder, and takes an address where the caller's `address` is auto
claim_domain() {
    local folder
    check_guest_name "$1"
    folder=$(domain_folder "$1")
    lock guest-addresses
    mkdir -p "$RUN/guest"
    mkdir "$folder" 2>/dev/null || die "guest '$1' exists: env guest rm $1"
    ON_ABORT="domain_remove '$1'"
    [ "$address" != auto ] || address=$(free_address)
    echo "$address" >"$folder/address"
    unlock guest-addresses
}

domain_remove() {
    domain_virsh "$1" destroy >/dev/null 2>&1 || true
    domain_virsh "$1" undefine --managed-save >/dev/null 2>&1 || true
    rm -rf "$(domain_folder "$1")"
}

# domains_forget_host HOST: removes the folders of its guests, after it is gone
domains_forget_host() {
    local name
    for name in $(domain_names); do
        if [ "$(cat "$(domain_folder "$name")/host" 2>/dev/null)" = "$1" ]; then
            rm -rf "$(domain_folder "$name")"
        fi
    done
}

# free_address: the first of NET.51-.199 that no guest has
free_address() {
    local number taken
    taken=$(cat "$RUN"/guest/*/address 2>/dev/null || true)
    for number in $(seq 51 199); do
        if ! grep -qx "$NET.$number" <<<"$taken"; then
            echo "$NET.$number"
            return
        fi
    done
    die "no free address in $NET.51-199"
}
