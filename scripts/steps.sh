# shellcheck shell=bash
# Progress for the scripts: a line per step with the time it took; the output of long commands goes to a
# file and shows only when they fail.

# ccache's entries hold for every checkout of the same files, wherever it stands.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

STARTED=$SECONDS
LOG_FOLDER=${INNKEEPER_CACHE:-$HOME/.cache/innkeeper}/log/scripts
mkdir -p "$LOG_FOLDER"

step() {  # TITLE COMMAND...
    local title=$1 began=$SECONDS
    shift
    printf '[%4d s] %s ...\n' "$((SECONDS - STARTED))" "$title" >&2
    "$@"
    printf '[%4d s] %s: done in %d s\n' "$((SECONDS - STARTED))" "$title" "$((SECONDS - began))" >&2
}

quietly() {  # NAME COMMAND...
    local log=$LOG_FOLDER/$1.log
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        printf 'failed: %s (all of it: %s)\n' "$*" "$log" >&2
        return 1
    fi
}
