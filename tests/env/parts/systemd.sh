# shellcheck shell=bash
COMMANDS=(up down status env exec build machine-add machine-rm clean)

SYSTEMD_SUITE=bookworm

systemd_help() {
    cat <<'H'
env systemd up          a real systemd with D-Bus and machined, in namespaces of its own
env systemd env         DBUS_SYSTEM_BUS_ADDRESS=... for sd-bus, busctl and others
env systemd exec COMMAND...      as root inside
env systemd machine-add NAME UUID   registers a process as libvirt registers a guest's emulator:
                        machine NAME (qemu-1-web, say) of class vm and its scope in machine.slice;
                        prints its pid
env systemd machine-rm NAME      ends that process: machine and scope vanish
env systemd down | status | build | clean

libvirtd.service and virtlogd.service are stand-ins that only sleep. Root may read and start units;
pids are the container's.
H
}

make_systemd_root() {
    local unit
    debian_root "$1" "$SYSTEMD_SUITE" minbase systemd
    chroot "$1" systemctl mask -q apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        e2scrub_all.timer fstrim.timer systemd-tmpfiles-clean.timer \
        systemd-resolved systemd-networkd
    for unit in libvirtd virtlogd; do
        cat >"$1/etc/systemd/system/$unit.service" <<UNIT
[Unit]
Description=Stand-in
[Service]
ExecStart=/bin/sleep infinity
KillMode=process
[Install]
WantedBy=multi-user.target
UNIT
        chroot "$1" systemctl enable -q "$unit"
    done
}

systemd_build() {
    begin
    need_packages parts
    lock systemd
    local root_key
    root_key=$(key "$SYSTEMD_SUITE" "@$HERE/lists/systemd.txt" "$(declare -f make_systemd_root)")
    is_current "$CACHE/systemd/root" "$root_key" || machine_halt systemd
    cached "$CACHE/systemd/root" "$root_key" "systemd: $SYSTEMD_SUITE packages" make_systemd_root
    unlock systemd
}

systemd_bus() { echo "$SOCKETS/systemd-bus/system_bus_socket"; }

systemd_up() {
    systemd_build
    lock systemd
    if ! machine_pid systemd >/dev/null; then
        ON_ABORT="machine_halt systemd"
        say "booting systemd"
        rm -rf "$RUN/systemd" "$SOCKETS/systemd-bus"
        mkdir -p "$SOCKETS/systemd-bus"
        machine_boot systemd "$CACHE/systemd/root" "$RUN/systemd" --private-network \
            "--bind=$SOCKETS/systemd-bus:/run/dbus"
        ON_ABORT=
    fi
    unlock systemd
    say "system bus: $(systemd_bus)"
}

systemd_down() {
    begin
    lock systemd
    machine_halt systemd
    rm -rf "$RUN/systemd" "$SOCKETS/systemd-bus"
    unlock systemd
    say "systemd is down"
}

systemd_status() {
    if machine_booted systemd; then
        printf 'up: %s, machines: ' "$(systemd_bus)"
        machine_exec systemd machinectl --no-legend list | awk '{print $1}' | paste -sd' '
    else
        echo "down"
        return 3
    fi
}

systemd_env() { print_env DBUS_SYSTEM_BUS_ADDRESS "unix:path=$(systemd_bus)"; }
systemd_exec() { machine_exec systemd "$@"; }

# As libvirt does: a pid, class vm, service libvirt-qemu, the domain's UUID as id.
systemd_machine_add() {
    local name=${1:-} uuid=${2:-} bytes
    [[ $name =~ ^[a-zA-Z0-9.-]{1,64}$ && $uuid =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]] ||
        die "systemd machine-add NAME UUID"
    # shellcheck disable=SC2001
    bytes=$(sed 's/../0x& /g' <<<"${uuid//-/}")
    # shellcheck disable=SC2016
    machine_exec systemd bash -eu -c '
        setsid sleep infinity </dev/null >/dev/null 2>&1 &
        busctl call --quiet org.freedesktop.machine1 /org/freedesktop/machine1 \
            org.freedesktop.machine1.Manager CreateMachine "sayssusa(sv)" \
            "$1" 16 $2 libvirt-qemu vm $! "" 1 Slice s machine.slice
        echo $!' _ "$name" "$bytes"
}

systemd_machine_rm() { machine_exec systemd machinectl terminate "${1:-}"; }

systemd_clean() {
    systemd_down
    rm -rf "$CACHE/systemd"
}
