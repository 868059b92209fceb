# shellcheck shell=bash
# shellcheck source=tests/env/domains.sh
. "$HERE/domains.sh"
# shellcheck source=tests/env/guest_image.sh
. "$HERE/guest_image.sh"
# shellcheck source=tests/env/parts/network.sh
. "$HERE/parts/network.sh"
COMMANDS=(build xml new clean)

TINY_INITRD=$CACHE/tiny/initrd.img
TINY_CLIENT=$CACHE/tiny/client.img
HOSTILE_MODES=(silent flood shapes utf8 slow deep double)

tiny_help() {
    cat <<'H'
env tiny build                a kernel, busybox and a genuine qemu-ga in one initramfs, no disk
env tiny new NAME [OPTIONS]   starts one; `env guest wait|run|get|agent|start|stop|rm` serve it too
env tiny xml NAME [OPTIONS]   its domain XML on stdout, nothing is defined
    --host HOST               libvirt host (host1)
    --address user | auto | NET.N   behind QEMU's address translation (default), or on the bridge
    --memory MIB              160
    --uuid UUID               libvirt makes one otherwise
    --enroll yes|no, --fqdn FQDN    Innkeeper's metadata element
    --overlay DIRECTORY       its files are laid over the root (a stubbed installer, say);
                              an executable /etc/tiny.sh runs before the agent
    --client                  with FreeIPA's own ipa-join, ipa-getkeytab and Kerberos tools, and an
                              installer that does no more than FreeIPA sees of a join (256 MiB)
    --block RPC,RPC           guest agent commands that are refused, as RHEL does with guest-exec
    --hostile MODE            instead of qemu-ga: silent, flood, shapes, utf8, slow, deep or double
                              (see hostile_agent.c)
    --clock-offset SECONDS    its clock is wrong by so much
    --no-agent                no channel for an agent
    --no-start                only defined
env tiny clean                removes the image

Nothing it writes survives its reboot.
H
}

tiny_build() {
    begin
    need_packages parts
    build_tiny
    build_tiny_client
}

build_tiny() {
    local initrd_key
    lock tiny
    build_kernel
    initrd_key=$(key "$KERNEL_KEY" "@$HERE/image/tiny_init" "@$HERE/hostile_agent.c" \
        "@$(command -v qemu-ga)")
    cached "$TINY_INITRD" "$initrd_key" "tiny guest: initrd" make_tiny_initrd
    unlock tiny
}

make_tiny_initrd() {
    local out=$1 tree=$1.tree file
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,sbin,usr/{bin,sbin},etc,proc,sys,dev,tmp,run,m,root,var/{lib,run,log}}
    cp /bin/busybox "$tree/bin/busybox"
    for file in $(/bin/busybox --list); do
        [ -e "$tree/bin/$file" ] || ln -s busybox "$tree/bin/$file"
    done
    cp "$(command -v qemu-ga)" "$tree/usr/sbin/qemu-ga"
    for file in $(ldd "$(command -v qemu-ga)" | grep -oE '/[^ ]+'); do
        mkdir -p "$tree$(dirname "$file")"
        cp -L "$file" "$tree$file"
    done
    gcc -std=c11 -D_DEFAULT_SOURCE -O2 -Wall -Wextra -Werror -static \
        -o "$tree/usr/sbin/hostile_agent" "$HERE/hostile_agent.c"
    kernel_modules "$CACHE/kernel" "$tree/m" \
        virtio_pci virtio_console virtio_net virtio_rng virtio_blk cdrom isofs button
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$tree/etc/passwd"
    printf 'root:x:0:\n' >"$tree/etc/group"
    printf 'ID=tiny\nNAME="Tiny"\nPRETTY_NAME="Tiny test guest"\nVERSION_ID="1"\nVERSION="1"\n' \
        >"$tree/etc/os-release"
    printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$tree/etc/nsswitch.conf"
    # what guest-shutdown runs: /sbin/shutdown -h -P +0 or -r +0
    # shellcheck disable=SC2016
    printf '#!/bin/sh\ncase " $* " in *" -r "*) exec reboot -f ;; *) exec poweroff -f ;; esac\n' \
        >"$tree/sbin/shutdown"
    chmod 755 "$tree/sbin/shutdown"
    install -m 755 "$HERE/image/tiny_init" "$tree/init"
    pack_initrd "$tree" >"$out"
    rm -rf "$tree"
}

build_tiny_client() {
    local root_key
    build_guest_root
    lock tiny
    root_key=$(key "$GUEST_ROOT_KEY" "@$HERE/image/tiny_client/ipa-client-install" \
        "@$HERE/image/tiny_client/systemctl")
    cached "$TINY_CLIENT" "$root_key" "tiny guest: FreeIPA client" make_tiny_client
    unlock tiny
}

# The programs and their libraries as they are in the Debian guest.
make_tiny_client() {
    local out=$1 tree=$1.tree root=$CACHE/guest/root program file
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,usr/sbin}
    for program in usr/sbin/ipa-join usr/sbin/ipa-getkeytab usr/bin/kinit usr/bin/klist \
        usr/bin/flock; do
        install -m 755 "$root/$program" "$tree/usr/sbin/"
        for file in $(chroot "$root" ldd "/$program" | grep -oE '/[^ ]+'); do
            mkdir -p "$tree$(dirname "$file")"
            cp -L "$root$file" "$tree$file"
        done
    done
    install -m 755 "$HERE/image/tiny_client/ipa-client-install" "$tree/usr/sbin/"
    install -m 755 "$HERE/image/tiny_client/systemctl" "$tree/bin/"
    mkdir -p "$tree/etc"
    printf 'root:x:0:0:root:/root:/bin/sh\nadmin:x:1000:0:admin:/:/bin/sh\n' >"$tree/etc/passwd"
    pack_initrd "$tree" >"$out"
    rm -rf "$tree"
}

# Defaults and options, into variables of the caller.
tiny_defaults() {
    host=host1 address=user memory=160 agent=yes start=yes client=no
    uuid='' enroll='' fqdn='' overlay='' block='' hostile='' clock=''
}

tiny_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --host | --address | --memory | --uuid | --enroll | --fqdn | --overlay | --block | \
                --hostile)
                [ $# -ge 2 ] || die "$1 needs a value"
                printf -v "${1#--}" '%s' "$2"
                shift
                ;;
            --clock-offset) clock=$2 && shift ;;
            --client) client=yes memory=256 ;;
            --no-agent) agent=no ;;
            --no-start) start=no ;;
            *) die "no option '$1': env tiny --help" ;;
        esac
        shift
    done
    [ -z "$hostile" ] || is_one_of "$hostile" "${HOSTILE_MODES[@]}" ||
        die "no hostile mode '$hostile': one of ${HOSTILE_MODES[*]}"
    [ -z "$overlay" ] || [ -d "$overlay" ] || die "no directory '$overlay'"
}

tiny_cmdline() {  # NAME
    local network
    case $address in
        user) network="tiny.address=10.0.2.15/24 tiny.gateway=10.0.2.2" ;;
        *) network="tiny.address=$address/24 tiny.gateway=$GATEWAY" ;;
    esac
    echo "$(domain_cmdline) tiny.host=$1 $network tiny.dns=$IPA_ADDRESS tiny.domain=$DOMAIN" \
        "${block:+tiny.block=$block} ${hostile:+tiny.hostile=$hostile}"
}

# tiny_xml_text NAME INITRD, and the options
tiny_xml_text() {
    local channel=
    [ "$agent" = no ] ||
        channel="<channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
    cat <<XML
<domain type='qemu'>
  <name>$1</name>
  ${uuid:+<uuid>$uuid</uuid>}
  $(domain_metadata "$enroll" "$fqdn")
  <memory unit='MiB'>$memory</memory>
  <vcpu>1</vcpu>
  <cpu mode='maximum'/>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$CACHE/kernel/vmlinux</kernel>
    <initrd>$2</initrd>
    <cmdline>$(tiny_cmdline "$1")</cmdline>
  </os>
  <features><acpi/></features>
  $(domain_clock "$clock")
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    $(domain_interface "$1" "$address")
    <serial type='pty'/>
    $channel
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio'/>
  </devices>
</domain>
XML
}

# The kernel unpacks concatenated archives one over the other.
tiny_initrd() {  # FOLDER
    local layers=("$TINY_INITRD")
    [ "$client" = no ] || layers+=("$TINY_CLIENT")
    [ "$client$overlay" != no ] || { echo "$TINY_INITRD" && return; }
    { cat "${layers[@]}" && { [ -z "$overlay" ] || pack_initrd "$overlay"; }; } >"$1/initrd.img"
    echo "$1/initrd.img"
}

tiny_xml() {
    local name=${1:-} host address memory uuid enroll fqdn overlay block hostile clock agent start
    local folder client
    check_guest_name "$name"
    tiny_defaults
    tiny_options "${@:2}"
    [ "$address" != auto ] || die "tiny xml needs an address: user or $NET.N"
    begin
    need_packages parts
    build_tiny
    [ "$client" = no ] || build_tiny_client
    folder=$RUN/tiny-xml/$name
    mkdir -p "$folder"
    tiny_xml_text "$name" "$(tiny_initrd "$folder")"
}

tiny_new() {
    local name=${1:-} host address memory uuid enroll fqdn overlay block hostile clock agent start
    local folder client
    check_guest_name "$name"
    tiny_defaults
    tiny_options "${@:2}"
    begin
    need_packages parts
    need_host "$host"
    build_tiny
    [ "$client" = no ] || build_tiny_client
    claim_domain "$name"
    folder=$(domain_folder "$name")
    echo /bin/sh >"$folder/shell"
    [ "$address" = user ] || network_up
    tiny_xml_text "$name" "$(tiny_initrd "$folder")" >"$folder/domain.xml"
    domain_define "$name" "$host"
    [ "$start" = no ] || domain_virsh "$name" start >/dev/null
    ON_ABORT=
    say "tiny guest $name on $host, $address"
}

tiny_clean() {
    begin
    rm -rf "$CACHE/tiny" "$RUN/tiny-xml"
}
