# shellcheck shell=bash
# Progress for the scripts: a line per step with the time it took; the output of long commands goes to a
# file and shows only when they fail.

# ccache's entries hold for every checkout of the same files, wherever it stands.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

STARTED=$SECONDS
LOG_FOLDER=${INNKEEPER_CACHE:-$HOME/.cache/innkeeper}/log/scripts
declare -A JOBS=()  # process groups of what `together` has running
mkdir -p "$LOG_FOLDER"

progress() { printf '[%4d s] %s\n' "$((SECONDS - STARTED))" "$*" >&2; }

step() {  # TITLE COMMAND...
    local title=$1 began=$SECONDS
    shift
    progress "$title ..."
    "$@"
    progress "$title: done in $((SECONDS - began)) s"
}

# together "NAME: COMMAND"...: all at the same time, each line of their output with its NAME; COMMAND is
# split at blanks. When one fails the others are ended. A caller's traps call end_jobs.
together() {
    local job ended
    for job; do
        set -m  # a process group of its own, so that all of it can be ended
        named_job "${job%%: *}" "${job#*: }" </dev/null &
        set +m
        JOBS[$!]=1
    done
    while [ "${#JOBS[@]}" -gt 0 ]; do
        wait -n -p ended "${!JOBS[@]}" || { end_jobs; return 1; }
        unset "JOBS[$ended]"
    done
}

named_job() (  # NAME COMMAND
    set +m
    trap - EXIT INT TERM HUP
    # shellcheck disable=SC2086  # a command with its arguments
    $2 2>&1 | print_named "$1"
)

print_named() (  # NAME: until the last writer ends, however the job is ended
    trap '' TERM
    while IFS= read -r line; do
        case $line in 'Authorization not available. Check if polkit'*) continue ;; esac  # virsh, on a terminal
        [[ ! $line =~ ^env:\ (\[[^]]*\]\ )?(.*) ]] || line=${BASH_REMATCH[2]}  # it tells the time too
        progress "  $1: $line"
    done
)

end_jobs() {  # TERM, which they use to clean up; KILL after a minute
    local group limit=$((SECONDS + 60))
    for group in "${!JOBS[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
    for group in "${!JOBS[@]}"; do
        while kill -0 -- "-$group" 2>/dev/null && [ "$SECONDS" -lt "$limit" ]; do sleep 0.1; done
        kill -KILL -- "-$group" 2>/dev/null || true
    done
    JOBS=()
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
