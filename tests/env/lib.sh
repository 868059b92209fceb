# shellcheck shell=bash
# Where things are, how the tool speaks, processes and locks. Sourced first by `env`.

CACHE=${INNKEEPER_CACHE:-${HOME:-/root}/.cache/innkeeper}
NAME=${INNKEEPER_ENV_NAME:-ikenv}
NET=${INNKEEPER_ENV_NET:-10.213.6}
DOMAIN=${INNKEEPER_ENV_DOMAIN:-demo.innkeeper.test}

RUN=$CACHE/run/$NAME           # overlays and disks of what runs
SOCKETS=/run/innkeeper-env/$NAME  # pids and sockets: a Unix socket's path may have 107 bytes
LOGS=$CACHE/log/$NAME
BRIDGE=$NAME
GATEWAY=$NET.1
IPA_ADDRESS=$NET.2

say() { printf 'env: [%3d s] %s\n' "$SECONDS" "$*" >&2; }

die() {
    printf 'env: %s\n' "$*" >&2
    exit 1
}

check_settings() {
    [[ $NAME =~ ^[a-z][a-z0-9]{0,9}$ ]] ||
        die "INNKEEPER_ENV_NAME (it names interfaces) must be 1-10 of a-z and 0-9: $NAME"
    [[ $NET =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "INNKEEPER_ENV_NET must be three numbers: $NET"
    [[ $DOMAIN =~ ^[a-z0-9.-]+\.[a-z0-9-]+$ ]] || die "INNKEEPER_ENV_DOMAIN is no domain: $DOMAIN"
    # overlayfs and nspawn options use these characters as separators
    case $CACHE in
        *[:,\\\ ]*) die "INNKEEPER_CACHE may not contain blanks, colons, commas, backslashes" ;;
        /*) ;;
        *) die "INNKEEPER_CACHE must be an absolute path: $CACHE" ;;
    esac
}

# What installs or builds starts here.
begin_on_machine() {
    check_settings
    [ "$(id -u)" = 0 ] || die "must run as root: mounts, network namespaces and a bridge are made"
    mkdir -p "$LOGS" "$CACHE/lock"
}

# What changes the environment starts here.
begin() {
    begin_on_machine
    mkdir -p "$RUN" "$SOCKETS"
    # one environment name belongs to one cache as long as something runs from it
    local owner=
    owner=$(cat "$SOCKETS/cache" 2>/dev/null || true)
    if [ -n "$owner" ] && [ "$owner" != "$CACHE" ] && [ -n "$(leftovers "$owner")" ]; then
        die "environment '$NAME' runs from $owner: set INNKEEPER_ENV_NAME, INNKEEPER_ENV_NET"
    fi
    echo "$CACHE" >"$SOCKETS/cache"
}

# Processes, mounts and interfaces of the environment of this name, run from a CACHE.
leftovers() {  # [CACHE]
    local file name pid run=${1:-$CACHE}/run/$NAME
    for file in "$SOCKETS"/*.pid; do
        # a pid from before a reboot may be another's by now: the name must fit too
        for name in libvirtd systemd-nspawn etcd kube-apiserver; do
            if pid=$(running "$file" "$name"); then echo "process $pid"; fi
        done
    done
    for file in /proc/[0-9]*/mountinfo; do
        if grep -qsF -e " $run/" -e "$SOCKETS/" "$file"; then echo "process ${file//[^0-9]/}"; fi
    done
    grep -F " $run/" /proc/self/mounts | awk '{print "mount " $2}'
    ip -o link show | awk -F': ' -v name="$NAME" '$2 ~ "^" name "(-|$)" {print "interface " $2}'
}

# lock WHAT: held until this process ends; a second call is a no-op
declare -A LOCKS=()
lock() {
    local fd
    [ -z "${LOCKS[$1]:-}" ] || return 0
    exec {fd}>"$CACHE/lock/$1"
    flock -n "$fd" || {
        say "waiting for another 'env $1'"
        flock "$fd"
    }
    LOCKS[$1]=$fd
}

unlock() {
    local fd=${LOCKS[$1]:-}
    [ -z "$fd" ] || exec {fd}>&-
    unset "LOCKS[$1]"
}

# detach PIDFILE LOG COMMAND...: a process of its own session that holds none of our files (locks)
detach() {
    local pidfile=$1 log=$2
    shift 2
    (
        for fd in /proc/"$BASHPID"/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec setsid "$@"
    ) </dev/null >"$log" 2>&1 &
    echo $! >"$pidfile"
}

# running PIDFILE COMM: prints the pid when that process lives and has that name
running() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || return 1
    # a zombie of a parent that does not wait is not running
    [ "$(awk '$1 == "State:" {print $2}' "/proc/$pid/status" 2>/dev/null)" != Z ] || return 1
    echo "$pid"
}

# wait_until SECONDS COMMAND...: 0 as soon as COMMAND succeeds, 1 when time is over
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

gone() { ! running "$1" "$2" >/dev/null; }

# stop PIDFILE COMM SECONDS: TERM, then KILL
stop() {
    local pid
    if pid=$(running "$1" "$2"); then
        kill -TERM "$pid" 2>/dev/null || true
        kill -CONT "$pid" 2>/dev/null || true
        if ! wait_until "$3" gone "$1" "$2"; then
            say "$2 ($pid) did not end within $3 s: killed"
            kill -KILL "$pid" 2>/dev/null || true
            wait_until 10 gone "$1" "$2" || die "$2 ($pid) cannot be killed"
        fi
    fi
    rm -f "$1"
}

print_env() {  # NAME VALUE NAME VALUE...
    while [ $# -gt 0 ]; do
        printf '%s=%q\n' "$1" "$2"
        shift 2
    done
}
