# Common to join, verify and leave: parameters, the one result line, the lock on attempts.
# POSIX sh (dash, busybox ash, bash). Contract: README.md. ROOT and PATH are set by the lines that
# the build puts in front; ROOT is empty in every guest, tests compose with a scratch directory.
# shellcheck shell=sh
# shellcheck disable=SC2034 # much of this is used by the scripts that it is composed with

set -u
umask 077
LC_ALL=C
export LC_ALL PATH
unset LANGUAGE KRB5_CONFIG KRB5CCNAME KRB5_KTNAME KRB5_TRACE PYTHONPATH PYTHONHOME

ROOT=${ROOT-}
RUN=$ROOT/run/innkeeper
STATE=$ROOT/var/lib/innkeeper
KEYTAB=$ROOT/etc/krb5.keytab
IPA_CONF=$ROOT/etc/ipa/default.conf
IPA_CA=$ROOT/etc/ipa/ca.crt
SSSD_CONF=$ROOT/etc/sssd/sssd.conf
SSSD_DB=$ROOT/var/lib/sss/db
SYSRESTORE=$ROOT/var/lib/ipa-client/sysrestore
SERVER_STATE=$ROOT/var/lib/ipa/sysrestore/sysrestore.state
INSTALLER=$ROOT/usr/sbin/ipa-client-install
INSTALL_LOG=$ROOT/var/log/ipaclient-install.log
WORK= # private directory of this run, below RUN

# Parameters; those of the script at hand come through take_parameter.
attempt='' fqdn='' domain='' realm='' password='' resume=no again=no timeout=900

# The result line.
result='' class='' detail='' exit_code=0 principal='' kvno=0 family=''
foreign_moved=false sssd=false
answered=no

uptime_seconds() {
    read -r seconds_up _ <"$ROOT/proc/uptime" || seconds_up=0
    echo "${seconds_up%%.*}"
}

elapsed() { echo $(($(uptime_seconds) - STARTED)); }

# Seconds that a step may take, out of what is left; never less than 20: a step that has begun
# should be able to say why it failed.
remaining() {
    left=$((timeout - $(elapsed)))
    [ "$left" -ge 20 ] || left=20
    echo "$left"
}

# --- text ----------------------------------------------------------------

# scrub TEXT: `scrubbed` is TEXT without the password, whatever characters that has.
scrub() {
    scrubbed=$1
    [ -n "$password" ] || return 0
    while :; do
        case $scrubbed in
            *"$password"*) scrubbed="${scrubbed%%"$password"*}***${scrubbed#*"$password"}" ;;
            *) return 0 ;;
        esac
    done
}

# json_text TEXT: a JSON string: one line, printable ASCII, 300 characters at most before escaping.
json_text() {
    {
        printf '%s' "$1" | tr '\n\t\r' '   ' | tr -c '\040-\176' '?' | tr -s ' ' | cut -c1-300
        echo
    } | sed -e '1!d' -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$/"/'
}

# only CHARACTERS TEXT: TEXT is not empty and has no other characters.
only() {
    case $2 in '' | *[!$1]*) return 1 ;; esac
}

is_dns_name() { # lower case, at least one dot, no empty label, none that begins or ends with '-'
    only abcdefghijklmnopqrstuvwxyz0123456789.- "$1" || return 1
    [ ${#1} -le 253 ] || return 1
    case $1 in .* | *. | *..* | -* | *- | *.-* | *-.*) return 1 ;; *.*) return 0 ;; esac
    return 1
}

is_realm() {
    only ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.- "$1" || return 1
    case $1 in -* | .* | *.) return 1 ;; esac
    [ ${#1} -le 253 ]
}

is_attempt() {
    only 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_- "$1" && [ ${#1} -le 64 ]
}

is_number() { only 0123456789 "$1" && [ ${#1} -le 5 ]; }

# --- parameters ----------------------------------------------------------------

take_common_parameter() { # NAME VALUE
    case $1 in
        attempt) attempt=$2 ;;
        fqdn) fqdn=$2 ;;
        domain) domain=$2 ;;
        realm) realm=$2 ;;
        timeout) timeout=$2 ;;
        resume) resume=$2 ;;
        again) again=$2 ;;
        *) return 1 ;;
    esac
}

# Reads key=value lines up to `end`; unknown keys belong to a newer coordinator and are ignored.
# 1: the input broke off, so nothing in it can be trusted.
read_parameters() {
    while IFS= read -r line; do
        [ "$line" != end ] || return 0
        name=${line%%=*}
        take_common_parameter "$name" "${line#*=}" || take_parameter "$name" "${line#*=}"
    done
    return 1
}

# check WHAT COMMAND...: ends the script with `bad-parameters` unless COMMAND is true.
check() {
    what=$1
    shift
    "$@" || refuse "$what is missing or not well formed"
}

check_common_parameters() {
    case $resume in yes | look | no) ;; *) resume=no ;; esac
    check timeout is_number "$timeout"
    check fqdn is_dns_name "$fqdn"
    check realm is_realm "$realm"
    own=host/$fqdn@$realm
}

# --- begin and end ----------------------------------------------------------------

# begin: takes standard input and output into its hands. Whatever runs from here on inherits
# neither, so that guest-exec ends when this script does, whatever daemons were started meanwhile.
begin() {
    case $0 in "$RUN"/script.*) rm -f "$0" ;; esac
    STARTED=$(uptime_seconds)
    broken=no
    read_parameters || broken=yes
    exec 3>&1 </dev/null >/dev/null 2>&1
    trap 'at_exit' EXIT
    trap 'interrupted' HUP INT TERM
    [ "$broken" = no ] || refuse "the parameters broke off"
}

# A directory that only root can have made and written; made if it is not there.
private_directory() {
    mkdir -p "$1"
    # shellcheck disable=SC2012,SC2046
    set -- "$1" $(ls -ldn "$1")
    [ -d "$1" ] && [ ! -L "$1" ] && [ "${4:-}" = "$(id -u)" ] && chmod 700 "$1"
}

make_work() { # NAME
    private_directory "$RUN" || refuse_system "$RUN"
    WORK=$(mktemp -d "$RUN/$1.XXXXXX") || refuse_system "$RUN"
}

# What killed attempts left behind; only for the holder of the lock.
sweep_work() {
    for folder in "$RUN"/attempt.*; do
        [ "$folder" = "$WORK" ] || rm -rf "$folder"
    done
}

at_exit() {
    [ "$answered" = yes ] || answer failed internal "the script ended in an unexpected place"
    [ -z "$WORK" ] || rm -rf "$WORK"
}

interrupted() { finish failed interrupted "stopped by a signal"; }

refuse() {
    answer failed bad-parameters "$1"
    exit 0
}

refuse_system() {
    answer failed internal "$1 is no directory that only root can write, or is full"
    exit 0
}

result_line() {
    scrub "$detail"
    printf '{"attempt":%s,"result":"%s","class":"%s","detail":%s,"exit":%d,"principal":%s,' \
        "$(json_text "$attempt")" "$result" "$class" "$(json_text "$scrubbed")" "$exit_code" \
        "$(json_text "$principal")"
    printf '"kvno":%d,"seconds":%d,"family":"%s","foreign_moved":%s,"sssd":%s}\n' \
        "$kvno" "$(elapsed)" "$family" "$foreign_moved" "$sssd"
}

# answer RESULT CLASS DETAIL: the line, without keeping it.
answer() {
    result=$1 class=$2 detail=$3 answered=yes
    result_line >&3
}

# finish RESULT CLASS DETAIL: keeps the line for whoever asks again, says it, ends.
finish() {
    trap '' HUP INT TERM
    result=$1 class=$2 detail=$3 answered=yes
    line=$(result_line)
    if private_directory "$STATE"; then
        printf '%s\n' "$line" >"$STATE/result.new" && mv -f "$STATE/result.new" "$STATE/result.json"
    fi
    rm -f "$RUN/progress"
    printf '%s\n' "$line" >&3
    exit 0
}

# --- the attempt ----------------------------------------------------------------

# take_lock: the kernel's lock, so that no dead process ever holds it. The installer inherits
# descriptor 9 on purpose: should this shell be killed, the lock stays until the installer ends.
# Programs that may leave daemons behind are started with 9>&-.
take_lock() {
    exec 9>>"$RUN/lock"
    flock -n 9
}

lock_holder() { head -c 64 "$RUN/lock" | tr -cd '0-9A-Za-z_-'; }

# A question may come between a holder's lock and the note of its id: it waits for that note.
await_lock() {
    tries=5
    while ! take_lock; do
        [ "$resume" != no ] && [ "$(lock_holder)" != "$attempt" ] && [ "$tries" -gt 0 ] || return 1
        tries=$((tries - 1))
        sleep 1
    done
}

# is_unspent LINE: a result that left the password unused for sure (the table in join.sh).
is_unspent() {
    case $1 in
        *'"class":"network"'* | *'"class":"dns"'* | *'"class":"config"'* | *'"class":"ca"'* | \
            *'"class":"package-'* | *'"class":"unsupported-os"'*) return 0 ;;
        *'"class":"kdc","detail":"before '* | *'"class":"clock-skew","detail":"before '*) return 0 ;;
    esac
    return 1
}

# Says again what a finished attempt said.
repeat_result() {
    [ -f "$STATE/result.json" ] && [ ! -L "$STATE/result.json" ] || return 1
    IFS= read -r line <"$STATE/result.json" || return 1
    case $line in '{"attempt":"'"$attempt"'",'*) ;; *) return 1 ;; esac
    [ "$again" != yes ] || ! is_unspent "$line" || return 1
    printf '%s\n' "$line" >&3
    answered=yes
}

# start_attempt: goes on only for a new attempt, alone. Everything else is answered here.
start_attempt() {
    private_directory "$STATE" || refuse_system "$STATE"
    locked=yes
    await_lock || locked=no
    if repeat_result; then exit 0; fi
    if [ "$locked" = no ]; then
        holder=$(lock_holder)
        if [ "$resume" != no ] && [ "$holder" = "$attempt" ]; then
            answer running busy "under way: $(cat "$RUN/progress")"
            exit 0
        fi
        attempt=$holder
        answer failed busy "another attempt is under way"
        exit 0
    fi
    [ "$resume" = no ] || tell_lost_attempt
    if is_given_up; then
        answer failed attempt-unknown "the attempt was given up before it began"
        exit 0
    fi
    printf '%s\n' "$attempt" >"$RUN/lock" || refuse_system "$RUN"
    printf '%s\n' "$attempt" >"$STATE/started" || refuse_system "$STATE"
    sweep_work
}

tell_lost_attempt() {
    begun=$(head -c 64 "$STATE/started")
    if [ "$begun" = "$attempt" ]; then
        answer failed interrupted "the attempt began and ended without a result"
    else
        [ "$resume" = look ] || give_up || refuse_system "$STATE"
        answer failed attempt-unknown "no such attempt here"
    fi
    exit 0
}

# Whoever hears `attempt-unknown` makes a new attempt with a new password. The script of the old one
# may still be on its way into a slow guest: noted here, under the lock, it will not begin any more.
give_up() {
    {
        tail -n 15 "$STATE/given-up"
        printf '%s\n' "$attempt"
    } >"$STATE/given-up.new"
    mv -f "$STATE/given-up.new" "$STATE/given-up"
}

is_given_up() { grep -qxF -e "$attempt" "$STATE/given-up"; }

progress() { # PHASE
    printf '%s %s %s\n' "$attempt" "$1" "$(elapsed)" >"$RUN/progress.new" &&
        mv -f "$RUN/progress.new" "$RUN/progress"
}
