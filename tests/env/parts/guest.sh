# shellcheck shell=bash
# shellcheck source=tests/env/domains.sh
. "$HERE/domains.sh"
# shellcheck source=tests/env/guest_image.sh
. "$HERE/guest_image.sh"
# shellcheck source=tests/env/parts/network.sh
. "$HERE/parts/network.sh"
COMMANDS=(build new rm start stop freeze thaw list address folder wait run get agent
    clone snapshot revert reseed clean)

guest_help() {
    cat <<'H'
env guest build                 Debian 12 with cloud-init, guest agent and FreeIPA client
env guest new NAME FQDN [OPTIONS]
    --host HOST                 libvirt host (host1)
    --address NET.N | user | none   on the bridge (first free one), behind QEMU's address translation,
                                or on the bridge without being told an address
    --memory MIB, --cpus N      768, 2
    --enroll yes|no             writes Innkeeper's metadata element, with FQDN
    --user-data FILE            cloud-init user-data instead of just the host name
    --clock-offset SECONDS      its clock is wrong by so much
    --files DIRECTORY           a second seed: these files on a disk labelled INNKEEPER
    --disk FILE                 a read-only disk in place of the seed; again for more. The address then
                                reaches cloud-init by the kernel's command line
    --config-drive              among these is cloud-init's seed as a ConfigDrive, not as NoCloud
    --root FILE                 its root disk, made if missing; it stays when the guest is removed
    --uuid UUID                 libvirt makes one otherwise
    --launcher                  as virt-launcher makes it: with KubeVirt's metadata element, and gone from
                                libvirt when it ends
    --quick                     no cloud-init: the initrd sets host name and address; ready in 8 s
    --no-start                  only defined
env guest clone SOURCE NAME [--host HOST] [--address A] [--enroll yes|no] [--fqdn FQDN] [--no-start]
                                the disk of a stopped or paused guest under a new name, UUID and MAC
                                address; it keeps SOURCE's host name and keytab (FQDN goes into the
                                metadata alone)
env guest snapshot NAME TAG     keeps the disk as it is now
env guest revert NAME TAG       power off, that disk again, start
env guest reseed NAME [--user-data FILE] [--files DIRECTORY]
                                other seeds for a stopped guest; to cloud-init it stays the same instance
env guest wait NAME [SECONDS]   until the guest agent answers (300)
env guest run NAME [SECONDS] <SCRIPT   as root inside, by the agent; its output and exit code (600)
env guest get NAME PATH         a file of the guest on stdout
env guest agent NAME JSON       one command of the guest agent's protocol
env guest start|stop|rm NAME    stop is a power cut
env guest freeze|thaw NAME      stops its emulator; libvirt still calls it running
env guest list | address NAME
env guest folder NAME           where its disks and console.log are, if it is there
env guest clean                 removes all guests and the image

wait, run, get, agent, start, stop, freeze, thaw, rm and list also serve tiny guests.
H
}

guest_build() {
    begin
    need_packages parts
    build_guest_image
}

# Options of `new` and `clone`, into variables of the caller.
guest_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --host) host=$2 ;;
            --address) address=$2 ;;
            --memory) memory=$2 ;;
            --cpus) cpus=$2 ;;
            --enroll) enroll=$2 ;;
            --fqdn) fqdn=$2 ;;
            --user-data) user_data=$2 ;;
            --clock-offset) clock=$2 ;;
            --files) files=$2 ;;
            --disk) disks+=("$2") ;;
            --config-drive) config_drive=yes && shift && continue ;;
            --root) root=$2 ;;
            --uuid) uuid=$2 ;;
            --launcher) launcher=yes && shift && continue ;;
            --quick) quick=yes && shift && continue ;;
            --no-start) start=no && shift && continue ;;
            *) die "no option '$1': env guest --help" ;;
        esac
        shift 2
    done
}

guest_network() {  # NAME ADDRESS: what cloud-init shall make of its interface
    printf 'version: 2\nethernets:\n  eth0:\n    set-name: eth0\n'
    printf '    match: {macaddress: "%s"}\n' "$(domain_mac "$1")"
    if [ "$2" = user ]; then
        printf '    addresses: [10.0.2.15/24]\n    gateway4: 10.0.2.2\n'
    else
        printf '    addresses: [%s/24]\n    gateway4: %s\n' "$2" "$GATEWAY"
    fi
    printf '    nameservers: {addresses: [%s], search: [%s]}\n' "$IPA_ADDRESS" "$DOMAIN"
}

guest_seed() {  # NAME HOSTNAME ADDRESS USER_DATA
    local folder seed
    folder=$(domain_folder "$1") seed=$(domain_folder "$1")/seed
    mkdir -p "$seed"
    [ -e "$folder/instance" ] || echo "$1-$(date +%s%N)" >"$folder/instance"
    printf 'instance-id: %s\nlocal-hostname: %s\n' "$(cat "$folder/instance")" "$2" >"$seed/meta-data"
    if [ -n "$4" ]; then
        cp "$4" "$seed/user-data"
    else
        printf '#cloud-config\nfqdn: %s\nhostname: %s\nprefer_fqdn_over_hostname: true\n' \
            "$2" "$2" >"$seed/user-data"
    fi
    [ "$3" = none ] || guest_network "$1" "$3" >"$seed/network-config"
    xorriso -as mkisofs -quiet -V cidata -J -r -o "$folder/cidata.iso" "$seed" 2>/dev/null
    rm -rf "$seed"
}

guest_files() {  # NAME DIRECTORY: nothing without a directory
    [ -z "$2" ] || xorriso -as mkisofs -quiet -V INNKEEPER -J -r -o "$(domain_folder "$1")/files.iso" "$2" 2>/dev/null
}

seed_disks() {  # FILES: virtio disks from vdb on, since the cloud kernel has no AHCI for a CD-ROM
    local file letters=({b..z})
    for file; do
        echo "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$file'/>"
        echo "<target dev='vd${letters[0]}' bus='virtio'/><readonly/></disk>"
        letters=("${letters[@]:1}")
    done
}

# What a quick guest's kernel is told instead: see image/guest_init.
quick_cmdline() {  # HOSTNAME ADDRESS
    local address=$2/24 gateway=$GATEWAY
    [ "$2" != user ] || { address=10.0.2.15/24 gateway=10.0.2.2; }
    echo "cloud-init=disabled guest.host=$1 guest.address=$address guest.gateway=$gateway" \
        "guest.dns=$IPA_ADDRESS guest.domain=$DOMAIN"
}

guest_metadata() {  # METADATA_FQDN, and the caller's launcher, enroll
    if [ "$launcher" = yes ]; then
        echo "<metadata><kubevirt xmlns='http://kubevirt.io'><uid/></kubevirt></metadata>"
    else
        domain_metadata "$enroll" "$1"
    fi
}

guest_xml() {  # NAME ADDRESS HOSTNAME METADATA_FQDN, and the caller's memory, cpus, quick, disks, uuid, ..
    local folder seeds=("${disks[@]}") cmdline
    folder=$(domain_folder "$1")
    cmdline="$(domain_cmdline) random.trust_cpu=on systemd.show_status=0"
    if [ "$quick" = yes ]; then
        cmdline+=" $(quick_cmdline "$3" "$2")"
    elif [ ${#disks[@]} = 0 ]; then
        seeds=("$folder/cidata.iso")
    elif [ "$2" != none ]; then
        cmdline+=" network-config=$(guest_network "$1" "$2" | base64 -w0)"
    fi
    [ "$config_drive" = no ] || cmdline+=' cc:{"datasource_list":["ConfigDrive"]}end_cc'
    [ ! -e "$folder/files.iso" ] || seeds+=("$folder/files.iso")
    cat >"$folder/domain.xml" <<XML
<domain type='qemu'>
  <name>$1</name>
  ${uuid:+<uuid>$uuid</uuid>}
  $(guest_metadata "$4")
  <memory unit='MiB'>$memory</memory>
  <vcpu>$cpus</vcpu>
  <cpu mode='maximum'/>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$CACHE/kernel/vmlinux</kernel>
    <initrd>$GUEST_INITRD</initrd>
    <cmdline>$cmdline</cmdline>
  </os>
  <features><acpi/><tcg><tb-cache unit='MiB'>256</tb-cache></tcg></features>
  $(domain_clock "$clock")
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='unsafe'/>
      <source file='$folder/disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    $(seed_disks "${seeds[@]}")
    $(domain_interface "$1" "$2")
    <controller type='usb' model='none'/>
    <serial type='file'><source path='$folder/console.log'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio'/>
  </devices>
</domain>
XML
}

guest_new() {
    local name=${1:-} fqdn=${2:-} host=host1 address=auto memory=768 cpus=2 enroll='' folder
    local user_data='' files='' clock='' start=yes quick=no disks=() root='' uuid='' launcher=no \
        config_drive=no
    [ $# -ge 2 ] || die "guest new NAME FQDN [OPTIONS]"
    guest_options "${@:3}"
    [ "$quick" = no ] || [ -z "$user_data" ] || die "a quick guest has no cloud-init: --user-data"
    begin
    need_packages parts
    need_host "$host"
    build_guest_image
    claim_domain "$name"
    folder=$(domain_folder "$name")
    echo /bin/bash >"$folder/shell"
    printf '%s\n' "$memory" "$cpus" "$quick" "$fqdn" >"$folder/settings"
    [ -z "$root" ] || ln -s "$root" "$folder/disk.qcow2"
    [ -e "$folder/disk.qcow2" ] ||
        qemu-img create -q -f qcow2 -F raw -b "$GUEST_DISK" "${root:-$folder/disk.qcow2}"
    guest_files "$name" "$files"
    guest_place "$name" "$host" "$fqdn" "$user_data" "${enroll:+$fqdn}"
}

# guest_place NAME HOST HOSTNAME USER_DATA METADATA_FQDN: the common end of `new` and `clone`
guest_place() {
    [ "$address" = user ] || network_up
    [ "$quick" = yes ] || [ ${#disks[@]} -gt 0 ] || guest_seed "$1" "$3" "$address" "$4"
    guest_xml "$1" "$address" "$3" "$5"
    if [ "$launcher" = yes ]; then
        domain_create "$1" "$2"
    else
        domain_define "$1" "$2"
        [ "$start" = no ] || domain_virsh "$1" start >/dev/null
    fi
    ON_ABORT=
    say "guest $1 on $2: $3, $address"
}

# Copies a disk of differences without what it was itself made from; the source may be paused.
copy_disk() { qemu-img convert -U -O qcow2 -F raw -B "$GUEST_DISK" "$1" "$2"; }

guest_clone() {
    local source=${1:-} name=${2:-} host address=auto memory cpus fqdn='' enroll='' folder hostname
    local user_data='' files='' clock='' start=yes quick disks=() root='' uuid='' launcher=no \
        config_drive=no
    [ $# -ge 2 ] || die "guest clone SOURCE NAME [OPTIONS]"
    host=$(domain_host "$source")
    guest_options "${@:3}"
    begin
    case $(domain_state "$source") in
        'shut off' | paused) ;;
        *) die "guest $source is running: stop or pause it, its disk is changing" ;;
    esac
    claim_domain "$name"
    folder=$(domain_folder "$name")
    cp "$(domain_folder "$source")"/{settings,shell} "$folder/"
    { read -r memory; read -r cpus; read -r quick; read -r hostname; } <"$folder/settings"
    copy_disk "$(domain_folder "$source")/disk.qcow2" "$folder/disk.qcow2"
    guest_place "$name" "$host" "$hostname" "$user_data" "$fqdn"
}

guest_reseed() {
    local name=${1:-} host address memory cpus fqdn='' enroll='' user_data='' files='' clock=''
    local start quick hostname folder
    folder=$(domain_folder "$name")
    [ "$(domain_state "$name")" = "shut off" ] || die "guest $name is running: it has its seeds open"
    guest_options "${@:2}"
    [ -z "$files" ] || [ -e "$folder/files.iso" ] || die "guest $name was made without --files"
    guest_files "$name" "$files"
    [ -n "$user_data" ] || return 0
    { read -r memory; read -r cpus; read -r quick; read -r hostname; } <"$folder/settings"
    guest_seed "$name" "$hostname" "$(cat "$folder/address")" "$user_data"
}

check_tag() { [[ ${1:-} =~ ^[a-zA-Z0-9_-]+$ ]] || die "no TAG: '${1:-}'"; }

guest_snapshot() {
    local name=${1:-} tag=${2:-} folder state
    check_tag "$tag"
    begin
    domain_host "$name" >/dev/null
    state=$(domain_state "$name")
    folder=$(domain_folder "$name")
    if [ "$state" = running ]; then
        echo sync | guest_run "$name" 60 ||
            say "the guest's agent does not answer: a snapshot as after a power cut"
        domain_virsh "$name" suspend >/dev/null
        ON_ABORT="domain_virsh '$name' resume >/dev/null"
    fi
    copy_disk "$folder/disk.qcow2" "$folder/snapshot-$tag.qcow2"
    [ "$state" != running ] || domain_virsh "$name" resume >/dev/null
    ON_ABORT=
}

guest_revert() {
    local name=${1:-} tag=${2:-} folder
    check_tag "$tag"
    begin
    domain_host "$name" >/dev/null
    folder=$(domain_folder "$name")
    [ -e "$folder/snapshot-$tag.qcow2" ] || die "guest $name has no snapshot $tag"
    guest_stop "$name"
    cp "$folder/snapshot-$tag.qcow2" "$folder/disk.qcow2.new"
    mv "$folder/disk.qcow2.new" "$folder/disk.qcow2"
    guest_start "$name"
}

guest_start() { domain_virsh "${1:-}" start >/dev/null; }
guest_stop() {
    [ "$(domain_state "${1:-}")" = "shut off" ] || domain_virsh "$1" destroy >/dev/null
}

guest_freeze() { domain_signal "${1:-}" STOP; }
guest_thaw() { domain_signal "${1:-}" CONT; }

guest_rm() {
    local name
    for name; do
        domain_host "$name" >/dev/null
        domain_remove "$name"
    done
}

guest_list() {
    local name
    for name in $(domain_names); do
        printf '%-16s %-10s %-15s %s\n' "$name" "$(domain_host "$name")" \
            "$(cat "$(domain_folder "$name")/address" 2>/dev/null || echo -)" \
            "$(domain_state "$name")"
    done
}

guest_address() { domain_host "${1:-}" >/dev/null && cat "$(domain_folder "$1")/address"; }

talk() {  # NAME COMMAND ARGUMENTS
    local host name=$1
    host=$(domain_host "$name")
    shift
    python3 "$HERE/agent.py" "$(domain_uri "$host")" "$name" "$@"
}

guest_folder() { check_guest_name "${1:-}" && domain_folder "$1"; }

guest_wait() { talk "${1:-}" ping "${2:-300}"; }
guest_run() {
    domain_host "${1:-}" >/dev/null
    talk "$1" run "$(cat "$(domain_folder "$1")/shell")" "${2:-600}"
}
guest_get() { talk "${1:-}" get "${2:-}"; }
guest_agent() { talk "${1:-}" call "${2:-}"; }

guest_clean() {
    local name
    begin
    for name in $(domain_names); do domain_remove "$name"; done
    rm -rf "$CACHE/guest"
}
