# Joins this machine by what the disk labelled INNKEEPER holds (its files: disk.md), with the join
# script that stands there. Run by innkeeper-join.service at every boot: says in one line what
# became of it and ends; waits and tries again only where the password is sure to be unspent.
# Nothing waits for it.
# shellcheck shell=sh

LABEL=INNKEEPER
RUN=$ROOT/run/innkeeper
DISK=$RUN/disk
MOST=400000 # bytes of settings that are read at most: a bundle of CAs, and some lines
TRIES=9     # with pauses that double from 30 s to 15 min: an hour and a half
PAUSE=30 LONGEST=900

say() { printf 'innkeeper: %s\n' "$1"; }

# A directory that only root can have made and written; made if it is not there.
private_directory() {
    mkdir -p "$1"
    # shellcheck disable=SC2012,SC2046
    set -- "$1" $(ls -ldn "$1")
    [ -d "$1" ] && [ ! -L "$1" ] && [ "${4:-}" = "$(id -u)" ] && chmod 700 "$1"
}

find_disk() {
    device=$ROOT/dev/disk/by-label/$LABEL
    [ -e "$device" ] || device=$(blkid -L "$LABEL") || device=
    [ -n "$device" ]
}

# read_disk: settings, password and script of the disk, which is in nobody's way afterwards.
# The password stays in this shell; only root can look into $RUN meanwhile.
read_disk() {
    private_directory "$DISK" || return 1
    script=$(mktemp "$RUN/script.XXXXXX") || return 1
    if ! mount -o ro,nosuid,nodev,noexec "$device" "$DISK"; then
        rm -f "$script"
        rmdir "$DISK"
        return 1
    fi
    settings=$(head -c "$MOST" "$DISK/settings" 2>/dev/null)
    password=
    [ ! -f "$DISK/password" ] || IFS= read -r password <"$DISK/password" || :
    cat "$DISK/join" >"$script" 2>/dev/null || :
    umount "$DISK"
    rmdir "$DISK" 2>/dev/null || :
}

setting() { printf '%s\n' "$settings" | sed -n "s/^$1=//p" | head -n 1; }

# The join script checks every value; here is only decided which of its parameters a disk may set.
parameters() {
    printf '%s\n' "$settings" |
        grep -E '^(attempt|fqdn|domain|realm|servers|ca|install|timeout)='
    printf 'again=yes\npassword=%s\nend\n' "$password"
}

# join: its result line. The script removes itself.
join() {
    answer=$(parameters | /bin/sh "$script")
    password=
    rm -f "$script"
}

answered() { printf '%s\n' "$answer" | sed -n "s/.*\"$1\":\"\([a-z-]*\)\".*/\1/p"; }

why_not() {
    case $1 in
        pending) echo "there is no place for this machine in the directory yet: nothing done" ;;
        enrolled) echo "this machine is enrolled" ;;
        *) echo "the disk $device has no settings that this version knows" ;;
    esac
}

# try: 0 there is nothing more to do, 1 it is worth another try.
try() {
    if ! read_disk; then
        say "the disk $device cannot be read"
        return 0
    fi
    state=$(setting state)
    if [ "$state" != ready ]; then
        rm -f "$script"
        say "$(why_not "$state")"
        return 0
    fi
    join
    say "${answer:-the join script of $device gave no answer}"
    case $(answered class) in
        busy | network | dns | package-install-failed) return 1 ;;
        kdc | clock-skew) case $answer in *'"detail":"before '*) return 1 ;; esac ;;
    esac
    return 0
}

main() {
    set -u
    umask 077
    if ! find_disk; then
        say "there is no disk labelled $LABEL"
        return 0
    fi
    if ! private_directory "$RUN"; then
        say "$RUN is no directory of root"
        return 1
    fi
    while ! try; do
        TRIES=$((TRIES - 1))
        [ "$TRIES" -gt 0 ] || return 0
        sleep "$PAUSE"
        PAUSE=$((PAUSE * 2))
        [ "$PAUSE" -le "$LONGEST" ] || PAUSE=$LONGEST
    done
}

main
