# shellcheck shell=bash
# What the parts of the demos have in common. Who sources it has set CACHE, DEMO (a demo's state and logs), RUN (its
# sockets and pids), DOWN (the command that ends it), INNKEEPER_SERVER and INNKEEPER_ENV_NAME, _NET, _DOMAIN.

BUILD=$PWD/build/release
CLI=$BUILD/cli/innkeeper
# shellcheck disable=SC2034  # of use where this is sourced
COORDINATOR=$BUILD/coordinator/innkeeper-coordinator
# shellcheck disable=SC2034
AGENT=$BUILD/agent/innkeeper-agent

env_tool() { tests/env/env "$@"; }

other=$(cat "/run/innkeeper-env/$INNKEEPER_ENV_NAME/cache" 2>/dev/null || true)
if [ -n "$other" ] && [ "$other" != "$CACHE" ]; then
    echo "another demo runs: INNKEEPER_CACHE=$other $DOWN" >&2
    exit 1
fi

build() {
    quietly configure-release cmake --preset release
    cmake --build --preset release -j "$(nproc)" --target innkeeper innkeeper-agent innkeeper-coordinator 2>&1 |
        tell_now_and_then "$LOG_FOLDER/build-release.log" || {
        tail -n 60 "$LOG_FOLDER/build-release.log"
        return 1
    }
}

tell_now_and_then() {  # LOG: a line of ninja's each half minute, all of them into LOG
    local line told=$SECONDS
    while IFS= read -r line; do
        printf '%s\n' "$line" >&3
        if [[ $line =~ ^\[[0-9]+/[0-9]+\] ]] && [ $((SECONDS - told)) -ge 30 ]; then
            echo "${BASH_REMATCH[0]} compiled"
            told=$SECONDS
        fi
    done 3>"$1"
}

# Prints as many ports of 127.0.0.1 as are given: each, or where it is taken the next free one.
free_ports() {
    python3 - "$@" <<'PY'
import socket, sys
chosen = set()
for wanted in map(int, sys.argv[1:]):
    port = wanted
    while True:
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if port not in chosen:
                    probe.bind(("127.0.0.1", port))
                    break
        except OSError:
            pass
        port += 1
    chosen.add(port)
    if port != wanted:
        print(f"port {wanted} is taken: {port} is used", file=sys.stderr)
    print(port)
PY
}

alive() {  # NAME: the pid of innkeeper-NAME or play_NAME.py, when it runs
    local pid
    pid=$(cat "$RUN/$1.pid" 2>/dev/null) || return 1
    grep -qzE "/(innkeeper-$1|play_$1[.]py)\$" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

start() {  # NAME COMMAND...
    local name=$1
    shift
    setsid "$@" </dev/null >>"$DEMO/$name.log" 2>&1 &
    echo $! >"$RUN/$name.pid"
}

until_ok() {  # SECONDS WHAT COMMAND...
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$limit" ]; then
            echo "$what did not come up; the logs are in $DEMO" >&2
            tail -n 5 "$DEMO"/*.log >&2
            return 1
        fi
        sleep 0.2
    done
}

wrappers() {  # into $DEMO/bin: innkeeper, demo-env
    mkdir -p "$DEMO/bin"
    wrapper innkeeper "INNKEEPER_SERVER=$INNKEEPER_SERVER" "$CLI"
    wrapper demo-env "INNKEEPER_ENV_NAME=$INNKEEPER_ENV_NAME INNKEEPER_ENV_NET=$INNKEEPER_ENV_NET \
INNKEEPER_ENV_DOMAIN=$INNKEEPER_ENV_DOMAIN INNKEEPER_CACHE=$CACHE" "$PWD/tests/env/env"
}

wrapper() {  # NAME VARIABLES COMMAND
    printf '#!/bin/sh\nexport %s\nexec %s "$@"\n' "$2" "$3" >"$DEMO/bin/$1"
    chmod 755 "$DEMO/bin/$1"
}

stop() {  # NAME
    local pid
    pid=$(alive "$1") || return 0
    kill "$pid"
    for _ in $(seq 150); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid"
}
