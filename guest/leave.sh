# Makes this guest forget FreeIPA: un-enrols it with its own key and restores the system's own
# configuration. Only if the identity here is exactly the one to give up: the client's uninstaller
# would un-enrol whatever host the keytab belongs to.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # composed with common.sh and standing.sh before

take_parameter() { :; }

check_parameters() {
    check attempt is_attempt "$attempt"
    check_common_parameters
    [ "$timeout" -ge 60 ] || timeout=60
}

# The name under which the uninstaller would un-enrol: sssd's, else the host's own.
uninstaller_name() {
    name=$(setting ipa_hostname "$SSSD_CONF")
    echo "${name:-$(hostname -f)}"
}

# Everything must name this identity and nothing else; one doubt and the guest stays as it is.
is_exactly_ours() {
    [ "$state" = ours ] || [ "$state" = keyless ] || return 1
    [ -z "$other" ] || return 1
    [ "${conf_host:-$fqdn}" = "$fqdn" ] && [ "${conf_realm:-$realm}" = "$realm" ] || return 1
    [ "$state" = keyless ] || [ "$(uninstaller_name)" = "$fqdn" ]
}

uninstall() {
    [ -x "$INSTALLER" ] || finish failed package-missing "the FreeIPA client is gone"
    LC_ALL=C.UTF-8 timeout -k 10 "$(remaining)" "$INSTALLER" --uninstall --unattended \
        >"$WORK/undo" 2>&1 3>&-
    exit_code=$?
    case $exit_code in
        0 | 2) ;; # 2: was not configured
        124 | 137) finish failed interrupted "the uninstaller did not end in time" ;;
        *)
            ! client_configured ||
                finish failed internal "$(tail -n 2 "$WORK/undo" | tr '\n' ' ')"
            ;;
    esac
}

# The uninstaller takes the keys out of the keytab, and leaves it when it could not un-enrol or was
# never configured. An own key that stays would be used by the next thing that finds it.
clear_remains() {
    standing
    case $state in
        ours) [ -n "$other" ] || rm -f "$KEYTAB" ;;
        foreign) return 0 ;;
    esac
    rm -f "$SSSD_DB/cache_"* "$SSSD_DB/ccache_"* "$SSSD_DB/timestamps_"*
}

forget_innkeeper() {
    rm -rf "$STATE"/aside-*
    rm -f "$STATE/started"
}

main() {
    begin
    check_parameters
    make_work attempt
    start_attempt
    progress preparing
    family=$(os_family)
    ! is_ipa_server || finish failed config "this guest is itself a FreeIPA server"
    standing
    if [ "$state" = clean ]; then
        forget_innkeeper
        finish already already "there is no identity here"
    fi
    is_exactly_ours ||
        finish failed foreign-principal "the identity here is ${other:-not $own alone}: untouched"
    progress leaving
    uninstall
    clear_remains
    forget_innkeeper
    finish left ok "left as $own"
}

main
