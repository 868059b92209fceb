# shellcheck shell=bash
# A Debian root booted with its own systemd by systemd-nspawn: FreeIPA and the systemd part.
# The caller says which one by its part's name; all processes live in one cgroup of that name.

machine_name() { echo "$NAME-$1"; }
machine_pidfile() { echo "$SOCKETS/$1.pid"; }

machine_pid() {
    local pid
    pid=$(running "$(machine_pidfile "$1")" systemd-nspawn) || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qx -- "--machine=$(machine_name "$1")" || return 1
    echo "$pid"
}

machine_leader() {  # PID 1 of the machine, as seen from here
    local pid
    pid=$(machine_pid "$1") || return 1
    pgrep -P "$pid" | head -n 1 | grep .
}

machine_exec() {  # PART COMMAND...
    local leader
    leader=$(machine_leader "$1") || die "$1 is not running: env $1 up"
    shift
    nsenter -t "$leader" -m -u -i -n -p -C -r -w -- env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# machine_cgroup PART SHELL: runs SHELL in the machine's cgroup directory, where the version 2
# tree is mounted for this purpose alone (the host may use version 1 or none)
machine_cgroup() {
    unshare -m --propagation private bash -c '
        umount -R /sys/fs/cgroup 2>/dev/null
        mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1
        cd "/sys/fs/cgroup/innkeeper-$1" 2>/dev/null || exit 1
        eval "$2"' _ "$(machine_name "$1")" "$2"
}

# machine_state PART: what the machine's systemd says of itself
machine_state() {
    machine_leader "$1" >/dev/null && machine_exec "$1" systemctl is-system-running 2>/dev/null
}
machine_booted() {
    case $(machine_state "$1" || true) in
        running | degraded) return 0 ;;
        *) return 1 ;;
    esac
}
machine_booted_or_ended() { ! machine_pid "$1" >/dev/null || machine_booted "$1"; }

# machine_boot PART LOWERS STATE [NSPAWN OPTIONS]: boots an overlay of LOWERS (a:b:c, top first)
# whose changes stay in STATE/upper; returns when systemd has finished booting
machine_boot() {
    local part=$1 lowers=$2 state=$3
    shift 3
    mkdir -p "$state/upper" "$state/work" "$state/mnt"
    # shellcheck disable=SC2016
    detach "$(machine_pidfile "$part")" "$LOGS/$part-console.log" \
        unshare -m --propagation private bash -eu -c '
        machine=$1 lowers=$2 state=$3
        shift 3
        umount -R /sys/fs/cgroup 2>/dev/null || true
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir -p "/sys/fs/cgroup/innkeeper-$machine"
        echo $$ >"/sys/fs/cgroup/innkeeper-$machine/cgroup.procs"
        mount -t overlay overlay "$state/mnt" \
            -o "lowerdir=$lowers,upperdir=$state/upper,workdir=$state/work"
        exec systemd-nspawn -q -D "$state/mnt" --boot --register=no --keep-unit \
            "--machine=$machine" --resolv-conf=off --timezone=off --link-journal=no \
            --console=pipe --kill-signal=SIGRTMIN+3 "$@"
    ' _ "$(machine_name "$part")" "$lowers" "$state" "$@"
    wait_until 5 machine_pid "$part" || machine_failed "$part" "did not start"
    wait_until 240 machine_booted_or_ended "$part" ||
        machine_failed "$part" "did not finish booting"
    machine_pid "$part" >/dev/null || machine_failed "$part" "ended while booting"
}

machine_failed() {
    tail -n 20 "$LOGS/$1-console.log" >&2
    die "the machine of $1 $2: $LOGS/$1-console.log"
}

machine_halt() {
    machine_cgroup "$1" 'echo 0 >cgroup.freeze' || true
    stop "$(machine_pidfile "$1")" systemd-nspawn 60
    # what is left when nspawn itself was killed, then the cgroup
    machine_cgroup "$1" '
        echo 1 >cgroup.kill
        for i in $(seq 100); do grep -q "^populated 0" cgroup.events && break; sleep 0.1; done
        cd .. && find "./innkeeper-$1" -depth -type d -exec rmdir {} + 2>/dev/null' || true
}
