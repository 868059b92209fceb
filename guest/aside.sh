# Takes an identity that is not (or no longer) this guest's out of the way, without a word to any
# server: `ipa-client-install --uninstall` un-enrols the host in FreeIPA if it finds
# /etc/ipa/default.conf and a keytab, and the host in a clone's keytab is the clone's source.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # composed with common.sh and standing.sh before

# keep HOW PATH...: moves or copies what exists into the directory of this move, path and all.
keep() { # mv|cp
    how=$1
    shift
    for path; do
        [ -e "$path" ] || [ -L "$path" ] || continue
        place=$aside${path#"$ROOT"}
        mkdir -p "$(dirname "$place")"
        if [ "$how" = cp ]; then
            cp -pR "$path" "$(dirname "$place")/"
        elif [ -e "$place" ]; then # kept as it was before the uninstaller changed it
            rm -rf "$path"
        else
            mv "$path" "$place"
        fi
    done
}

# The client's own way back to the system's configuration before it: PAM, NSS, krb5.conf, host name.
# A join that broke off is noted as incomplete, and would not be undone.
undo_client() {
    [ -x "$INSTALLER" ] && [ -e "$SYSRESTORE/sysrestore.state" ] || return 0
    sed 's/^complete *= *False/complete = True/' "$SYSRESTORE/sysrestore.state" >"$WORK/state" &&
        cat "$WORK/state" >"$SYSRESTORE/sysrestore.state"
    timeout -k 10 "$(remaining)" "$INSTALLER" --uninstall --unattended >"$WORK/undo" 2>&1 9>&-
}

# What is left after that still says that a client is there; the rest would serve stale answers.
clear_remains() {
    keep mv "$IPA_CONF" "$IPA_CA" "$SYSRESTORE/sysrestore.state" "$SYSRESTORE/sysrestore.index" \
        "$SSSD_DB"/*
    rm -f "$ROOT"/var/lib/sss/mc/*
    if grep -q '^ *id_provider *= *ipa' "$SSSD_CONF"; then
        keep mv "$SSSD_CONF"
    fi
}

# set_aside: afterwards no host key and no client configuration are there; all of it is below
# /var/lib/innkeeper/aside-TIME (root only).
set_aside() {
    aside=$STATE/aside-$(date -u +%Y%m%dT%H%M%SZ)
    private_directory "$aside" || refuse_system "$aside"
    systemctl stop sssd 9>&-
    keep cp "$IPA_CA" "$SSSD_CONF" "$SYSRESTORE"
    keep mv "$KEYTAB" "$IPA_CONF"
    # The one thing that must be true before the client's uninstaller may run.
    if [ -e "$KEYTAB" ] || [ -e "$IPA_CONF" ]; then
        finish failed internal "the old identity cannot be moved to ${aside#"$ROOT"}"
    fi
    undo_client
    clear_remains
}
