# shellcheck shell=bash
# libvirtd of our own: it runs in a private mount namespace in which its fixed directories are ours,
# so that neither another libvirtd of this machine nor another HOST of this tool is touched.
COMMANDS=(up down status env uri virsh kill restart pause resume clean)

# shellcheck source=tests/env/domains.sh
. "$HERE/domains.sh"

libvirt_help() {
    cat <<'H'
env libvirt up HOST        a libvirtd named HOST, as a host of its own would have
env libvirt down HOST      destroys its guests, ends it, forgets its definitions
env libvirt env HOST       INNKEEPER_LIBVIRT_URI=...
env libvirt uri HOST       the bare URI
env libvirt virsh HOST ARGUMENTS...
env libvirt kill HOST      kill -9 of the daemon: its guests survive
env libvirt restart HOST   a new daemon, after kill or instead of the running one
env libvirt pause|resume HOST  stops the daemon in the middle of whatever it does
env libvirt status         all of them
env libvirt clean          all down
H
}

libvirt_folder() { echo "$RUN/libvirt/$1"; }
libvirt_sockets() { echo "$SOCKETS/$1"; }
libvirt_hosts() {
    find "$RUN/libvirt" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | sort
}

check_host_name() {
    [[ ${1:-} =~ ^[a-z][a-z0-9-]{0,19}$ ]] || die "HOST must be a short lower case name: '${1:-}'"
}

libvirt_pidfile() { echo "$SOCKETS/libvirt-$1.pid"; }

# No security labels, no chown, no cgroups: emulated guests of root on a test machine.
libvirt_configure() {
    local folder sockets hash
    folder=$(libvirt_folder "$1") sockets=$(libvirt_sockets "$1")
    mkdir -p "$folder"/{etc,lib,log,run,dbus} "$CACHE/libvirt/capabilities" "$sockets"
    hash=$(printf '%s' "$NAME $1" | sha256sum)
    cat >"$folder/etc/qemu.conf" <<CONF
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
seccomp_sandbox = 0
stdio_handler = "file"
CONF
    cat >"$folder/etc/libvirtd.conf" <<CONF
unix_sock_dir = "$sockets"
unix_sock_group = "${INNKEEPER_LIBVIRT_GROUP:-root}"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "${hash:0:8}-${hash:8:4}-4${hash:13:3}-8${hash:17:3}-${hash:20:12}"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
CONF
}

libvirt_start() {
    local folder
    folder=$(libvirt_folder "$1")
    libvirt_configure "$1"
    detach "$(libvirt_pidfile "$1")" "$LOGS/libvirt-$1.log" unshare -m --propagation slave \
        bash "$HERE/image/libvirtd.sh" "$folder" "$CACHE/libvirt/capabilities" \
        "$(libvirt_sockets "$1")/libvirtd.pid"
    wait_until 30 libvirt_answers "$1" || {
        tail -n 20 "$LOGS/libvirt-$1.log" "$folder/log/libvirtd.log" >&2
        die "libvirtd $1 does not answer"
    }
}

libvirt_answers() { running "$(libvirt_pidfile "$1")" libvirtd >/dev/null && virsh_on "$1" uri; }

libvirt_up() {
    begin
    check_host_name "${1:-}"
    need_packages parts
    lock "libvirt-$NAME-$1"
    if ! running "$(libvirt_pidfile "$1")" libvirtd >/dev/null; then
        ON_ABORT="stop '$(libvirt_pidfile "$1")' libvirtd 10"
        libvirt_start "$1"
        ON_ABORT=
        say "libvirt $1: $(domain_uri "$1")"
    fi
    unlock "libvirt-$NAME-$1"
}

# Ends the emulators of HOST by the pid files that libvirtd left, whether or not it lives.
libvirt_end_guests() {
    local file pid
    for file in "$(libvirt_folder "$1")"/run/qemu/*.pid; do
        [ -e "$file" ] || continue
        pid=$(cat "$file")
        case $(cat "/proc/$pid/comm" 2>/dev/null) in
            qemu-system-*)
                kill -KILL "$pid"
                wait_until 10 eval "[ ! -d /proc/$pid ]" || die "emulator $pid cannot be killed"
                ;;
        esac
    done
}

libvirt_down() {
    begin
    check_host_name "${1:-}"
    lock "libvirt-$NAME-$1"
    stop "$(libvirt_pidfile "$1")" libvirtd 10
    libvirt_end_guests "$1"
    domains_forget_host "$1"
    rm -rf "$(libvirt_folder "$1")" "$(libvirt_sockets "$1")"
    unlock "libvirt-$NAME-$1"
    say "libvirt $1 is down"
}

libvirt_kill() {
    local pid
    check_host_name "${1:-}"
    pid=$(running "$(libvirt_pidfile "$1")" libvirtd) || die "libvirt $1 is not running"
    kill -KILL "$pid"
    wait_until 10 gone "$(libvirt_pidfile "$1")" libvirtd
}

libvirt_restart() {
    begin
    check_host_name "${1:-}"
    lock "libvirt-$NAME-$1"
    [ -d "$(libvirt_folder "$1")" ] || die "libvirt $1 is not up"
    stop "$(libvirt_pidfile "$1")" libvirtd 10
    libvirt_start "$1"
    unlock "libvirt-$NAME-$1"
}

libvirt_signal() {
    local pid
    check_host_name "${2:-}"
    pid=$(running "$(libvirt_pidfile "$2")" libvirtd) || die "libvirt $2 is not running"
    kill "-$1" "$pid"
}
libvirt_pause() { libvirt_signal STOP "$@"; }
libvirt_resume() { libvirt_signal CONT "$@"; }

libvirt_status() {
    local host result=3
    for host in $(libvirt_hosts); do
        if ! running "$(libvirt_pidfile "$host")" libvirtd >/dev/null; then
            echo "$host: not running"
        elif timeout 5 virsh -q -c "$(domain_uri "$host")" uri >/dev/null 2>&1; then
            echo "$host: up, guests: $(virsh_on "$host" list --name | paste -sd' ')"
            result=0
        else
            echo "$host: does not answer"
        fi
    done
    [ $result = 0 ] || echo "none answers"
    return $result
}

libvirt_env() {
    check_host_name "${1:-}"
    print_env INNKEEPER_LIBVIRT_URI "$(domain_uri "$1")"
}
libvirt_uri() { check_host_name "${1:-}" && domain_uri "$1"; }

libvirt_virsh() {
    check_host_name "${1:-}"
    virsh_on "$@"
}

libvirt_clean() {
    local host
    for host in $(libvirt_hosts); do libvirt_down "$host"; done
    rm -rf "$CACHE/libvirt"
}
