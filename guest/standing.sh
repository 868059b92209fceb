# What the guest is now: its system, its keys, its client. Looks only, changes nothing.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # composed with common.sh before and a script behind

has() { command -v "$1" >/dev/null 2>&1; }

os_release() { # NAME: its value in os-release, without quotes
    release=$ROOT/etc/os-release
    [ -r "$release" ] || release=$ROOT/usr/lib/os-release
    sed -n "s/^$1=//p" "$release" | head -n 1 | tr -d "\"'"
}

os_family() {
    for id in $(os_release ID) $(os_release ID_LIKE); do
        case $id in
            debian | ubuntu) echo debian && return ;;
            rhel | centos | fedora | rocky | almalinux) echo rhel && return ;;
            suse | sles | opensuse | opensuse-*) echo suse && return ;;
        esac
    done
    echo other
}

# host_principals: those of hosts in the keytab, one per line.
host_principals() {
    [ -e "$KEYTAB" ] || return 0
    klist -k "$KEYTAB" | awk '$1 ~ /^[0-9]+$/ && $2 ~ /^host\// {print $2}' | sort -u
}

key_version() { # PRINCIPAL: the newest number in the keytab, 0 if there is none
    klist -k "$KEYTAB" | awk -v p="$1" '$2 == p && $1 > n {n = $1} END {print n + 0}'
}

setting() { # NAME FILE: of an ini file, whatever the section
    [ ! -r "$2" ] || sed -n "s/^[[:blank:]]*$1[[:blank:]]*=[[:blank:]]*//p" "$2" | head -n 1
}

# The client's own test: what it noted, and for clients from before that note, its backups.
client_configured() {
    noted=$(sed -n 's/^complete *= *//p' "$SYSRESTORE/sysrestore.state")
    case $noted in
        True) return 0 ;;
        False) return 1 ;;
    esac
    [ -s "$SYSRESTORE/sysrestore.index" ] || [ -e "$IPA_CONF" ]
}

# A FreeIPA server is a client of itself: its keytab must never be moved, its client never removed.
is_ipa_server() { grep -q '^complete *= *True' "$SERVER_STATE"; }

# standing: what the guest is now, seen from `own`. Sets `state`:
#   clean     no host key, no client configuration
#   ours      the keytab has `own` (whether the key still works: try_key)
#   foreign   the keytab or the configuration belong to another host or realm: `other`
#   keyless   our configuration, or remains of one, without a host key
standing() {
    newline='
'
    principals=$(host_principals)
    conf_host=$(setting host "$IPA_CONF") conf_realm=$(setting realm "$IPA_CONF")
    other=
    for each in $principals; do
        [ "$each" = "$own" ] || other=$each
    done
    state=foreign
    case $newline$principals$newline in
        *"$newline$own$newline"*) state=ours ;;
        "$newline$newline")
            if [ "${conf_host:-$fqdn}" != "$fqdn" ] || [ "${conf_realm:-$realm}" != "$realm" ]; then
                other=host/${conf_host:-$fqdn}@${conf_realm:-$realm}
            elif [ -e "$IPA_CONF" ] || [ -s "$SYSRESTORE/sysrestore.state" ]; then
                state=keyless
            else
                state=clean
            fi
            ;;
    esac
}

# try_key [KRB5_CONF]: sets key_class to ok, stale-key, clock-skew or kdc, and key_detail. The
# ticket goes into a cache of this run.
try_key() {
    cache=$WORK/ticket
    if KRB5_CONFIG=${1:-$ROOT/etc/krb5.conf} timeout 30 \
        kinit -k -t "$KEYTAB" -c "FILE:$cache" "$own" >"$WORK/kinit" 2>&1; then
        key_class=ok
    else
        key_class=$(kinit_class "$(cat "$WORK/kinit")")
    fi
    key_detail=$(head -n 1 "$WORK/kinit")
    rm -f "$cache"
}

# A host deleted or not yet enrolled again is "not found", one with a newer key fails in
# "Preauthentication", one that was disabled in "Generic preauthentication" [FreeIPA 4.12's KDC].
kinit_class() { # TEXT
    case $1 in
        *'Clock skew too great'*) echo clock-skew ;;
        *'Preauthentication failed'* | *'not found in Kerberos database'* | \
            *'credentials have been revoked'* | *'Password incorrect'* | *'no suitable keys'* | \
            *'Generic preauthentication failure'* | \
            *'has no support for encryption type'* | *'expired'*) echo stale-key ;;
        *) echo kdc ;;
    esac
}

# A guest agent may answer before the boot is over: no D-Bus yet, cloud-init about to set the host
# name. await_boot SECONDS waits for the end, but not for a boot that hangs.
await_boot() {
    ! has systemctl || until_uptime=$(($(uptime_seconds) + $1))
    while has systemctl && [ "$(uptime_seconds)" -lt "$until_uptime" ]; do
        case $(systemctl is-system-running) in
            running | degraded | maintenance | stopping) return 0 ;;
        esac
        sleep 1
    done
}

sssd_active() { systemctl is-active --quiet sssd; }

# can_look_up SECONDS USER...: one of the users is known through sssd within that time.
can_look_up() {
    until_uptime=$(($(uptime_seconds) + $1))
    shift
    while :; do
        for user; do
            ! timeout 10 id -u "$user" || return 0
        done
        [ "$(uptime_seconds)" -lt "$until_uptime" ] || return 1
        sleep 1
    done
}
