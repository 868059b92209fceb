# Makes this guest a FreeIPA client under the name it is given, with a one-time password.
#
# What each class leaves of the password ("spent": FreeIPA has dropped it; a new one must be issued,
# after host_disable where the host then has a key):
#
#   kept     busy unsupported-os package-missing package-install-failed network dns config ca
#            bad-parameters; clock-skew and kdc when found before the join (detail says "before")
#   kept     otp-rejected: FreeIPA did not take it, a new one is needed all the same
#   spent    already-enrolled clock-skew kdc replica-lag rolled-back
#   unknown  interrupted internal: look at has_password and has_keytab
#   unused   already: the guest had a working key
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # composed with the files named in CMakeLists.txt before

servers='' ca='' install=no
settle=180   # seconds to wait for the end of the boot; 0 for a unit that is itself part of it
own_keytab='' # a copy of a key of ours that still works, when the configuration is lost

take_parameter() {
    case $1 in
        servers) servers=$2 ;;
        ca) ca=$2 ;;
        install) install=$2 ;;
        settle) settle=$2 ;;
        password) password=$2 ;;
    esac
}

are_servers() {
    only 'abcdefghijklmnopqrstuvwxyz0123456789.\ -' "$1" || return 1
    found=0
    for server in $1; do
        is_dns_name "$server" || return 1
        found=$((found + 1))
    done
    [ "$found" -ge 1 ] && [ "$found" -le 16 ]
}

is_base64() {
    only abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/= "$1" &&
        [ ${#1} -le 262144 ]
}

is_password() {
    case $1 in *[![:print:]]*) return 1 ;; esac
    [ ${#1} -ge 6 ] && [ ${#1} -le 128 ]
}

check_parameters() {
    check attempt is_attempt "$attempt"
    check_common_parameters
    check domain is_dns_name "$domain"
    [ "$resume" = no ] || return 0
    check servers are_servers "$servers"
    check ca is_base64 "$ca"
    check password is_password "$password"
    check settle is_number "$settle"
    [ "$timeout" -ge 60 ] || timeout=60
}

place_ca() {
    printf '%s\n' "$ca" | base64 -d >"$WORK/ca.crt"
    grep -q 'BEGIN CERTIFICATE' "$WORK/ca.crt" ||
        finish failed ca "the CA given is not a PEM certificate"
}

# A Kerberos configuration that depends on nothing in the guest: the given servers, no discovery.
write_krb5_conf() {
    {
        printf '[libdefaults]\ndefault_realm = %s\ndns_lookup_realm = false\n' "$realm"
        printf 'dns_lookup_kdc = false\nrdns = false\nudp_preference_limit = 0\n'
        printf '[realms]\n%s = {\n' "$realm"
        for server in $servers; do printf 'kdc = %s:88\n' "$server"; done
        printf '}\n'
    } >"$WORK/krb5.conf"
}

# --- what was here before ----------------------------------------------------------------

# A key of our own name: it works (done, or only its configuration is lost), it is stale (a reverted
# snapshot, a host registered anew), or nobody can tell now.
meet_own_key() {
    try_key "$WORK/krb5.conf"
    case $key_class in
        ok)
            ! client_configured || finish_joined already "the key in the guest works"
            cp "$KEYTAB" "$WORK/keytab" && own_keytab=$WORK/keytab
            set_aside
            ;;
        stale-key) set_aside ;;
        *) finish failed "$key_class" "before the join, with the key in the guest: $key_detail" ;;
    esac
}

# Another host's key or configuration. One of another realm without any FreeIPA client is no clone
# of ours but a guest that somebody joined elsewhere.
meet_foreign() {
    [ "${other##*@}" = "$realm" ] || [ -e "$IPA_CONF" ] || [ -e "$SYSRESTORE/sysrestore.state" ] ||
        finish failed config "the guest is joined to another directory as $other"
    set_aside
    foreign_moved=true
}

clear_the_way() {
    ! is_ipa_server || finish failed config "this guest is itself a FreeIPA server"
    standing
    case $state in
        ours) meet_own_key ;;
        foreign) meet_foreign ;;
        keyless) set_aside ;;
    esac
}

# --- the installer ----------------------------------------------------------------

write_client_install() {
    cat >"$WORK/client_install.py" <<'PYTHON'
@client_install.py@
PYTHON
}

# The interpreter that the installer itself names; nothing if that is no Python 3.
interpreter() {
    IFS= read -r first <"$INSTALLER"
    first=${first#'#!'}
    first=${first%% -*}
    "$first" -I -c 'import sys; sys.exit(sys.version_info[0] < 3)' && echo "$first"
}

# bounded COMMAND...: within the time left; the output is read for the cause of a failure. Keeps the
# lock (descriptor 9), not the answer's pipe.
bounded() {
    LC_ALL=C.UTF-8 timeout -k 10 "$(remaining)" "$@" >"$WORK/install" 2>&1 3>&-
}

# install_quietly OPTIONS...: the password goes by standard input and memory only.
install_quietly() {
    python=$(interpreter)
    [ -n "$python" ] || return 90
    write_client_install
    printf '%s\n' "$password" |
        bounded "$python" -I -u "$WORK/client_install.py" "${servers%% *}" "$@"
}

# install_client: sets exit_code.
install_client() {
    progress joining
    set -- --unattended --domain "$domain" --realm "$realm" --ca-cert-file "$WORK/ca.crt" \
        --no-ntp --no-dns-sshfp --mkhomedir
    for server in $servers; do set -- "$@" --server "$server"; done
    if [ "$(uname -n)" != "$fqdn" ] || [ "$(hostname -f)" != "$fqdn" ]; then
        set -- "$@" --hostname "$fqdn"
    fi
    if [ -n "$own_keytab" ]; then
        bounded "$INSTALLER" --keytab "$own_keytab" "$@"
        exit_code=$?
        return
    fi
    install_quietly "$@"
    exit_code=$?
    if [ "$exit_code" -eq 90 ]; then # see README.md: a client too old or too new for it
        bounded "$INSTALLER" --password "$password" "$@"
        exit_code=$?
    fi
    scrub_log
}

# The installer hides the password in its log; this makes sure of it.
scrub_log() {
    printf '%s\n' "$password" | grep -qF -f - "$INSTALL_LOG" || return 0
    printf '%s\n' "$password" | awk 'NR == 1 {p = $0; next} {
        while (i = index($0, p)) $0 = substr($0, 1, i - 1) "***" substr($0, i + length(p))
        print }' - "$INSTALL_LOG" >"$WORK/log" && cat "$WORK/log" >"$INSTALL_LOG"
}

# --- what became of it ----------------------------------------------------------------

# The installer's words up to the rollback: the cause stands before it.
cause() {
    sed -e '/Rolling back changes/,$d' -e '/The ipa-client-install command failed/,$d' \
        -e '/^[[:blank:]]*$/d' "$WORK/install" | tail -c 16384
}

# What the installer's search for servers came to. Only its log says so, a new one each time.
discovery() { grep -o 'Discovery result: [A-Z_]*' "$INSTALL_LOG" | tail -n 1; }

# The last two lines that sound like a cause: hints and tables of ports surround them.
telling_lines() {
    telling='[Ff]ailed|[Ee]rror|Exception|Unable|[Cc]annot|Invalid|must |not match|already|^the '
    cause | grep -E "$telling" | tail -n 2 | grep . || cause | tail -n 2
}

# failure_class TEXT: the class of a failed installer by what it said, most telling first.
failure_class() {
    case $1 in
        *'Failed to obtain host TGT'*'Clock skew too great'*) echo clock-skew ;;
        *'Failed to obtain host TGT'*'not found in Kerberos database'*) echo replica-lag ;;
        *'Failed to obtain host TGT'*) echo kdc ;;
        *'Host already enrolled'*) echo already-enrolled ;;
        *'Host not found'* | *'Enrollment failed. no such'*) echo host-missing ;;
        *'Joining realm failed'*'Invalid credentials'*) echo otp-rejected ;;
        *'Joining realm failed'*'ertificate'*) echo ca ;;
        *'Joining realm failed'*"Can't contact LDAP server"*) echo network ;;
        *'Kerberos authentication failed'*'Clock skew'*) echo clock-skew ;;
        *'Kerberos authentication failed'*) echo kdc ;;
        *'Cannot obtain CA certificate'* | *'CA certificate'*'not valid'* | \
            *'certificate verify failed'*) echo ca ;;
        *'REALM_NOT_FOUND'*'Failed to verify that '*) echo config ;;
        *'Failed to verify that '*' is an IPA Server'* | \
            *'not reachable due to network or firewall'*) echo network ;;
        *'Unable to discover domain'* | *'Unable to find IPA Server to join'* | \
            *'DNS discovery failed'*) echo dns ;;
        *'does not match discovered one'* | *'Invalid hostname'* | *'must be lower-case'* | \
            *'not a fully-qualified hostname'* | \
            *'already configured on this system'*) echo config ;;
        *'Enrolled in IPA realm'*) echo rolled-back ;;
        *'command not found'*) echo package-missing ;;
        *) echo internal ;;
    esac
}

fail_by_installer() {
    detail=$(telling_lines | tr '\n' ' ')
    case $exit_code in
        91) finish failed clock-skew "before the join: $detail" ;;
        92) finish failed ca "$detail" ;;
        124 | 137) finish failed interrupted "the installer did not end within its time: $detail" ;;
        127) finish failed package-missing "$detail" ;;
    esac
    words="$(discovery) $(cause | tr '\n' ' ')"
    case $words in *REALM_NOT_FOUND*) detail="$detail (the server has no realm $realm)" ;; esac
    finish failed "$(failure_class "$words")" "$detail"
}

# finish_joined CLASS DETAIL: with the proof from inside.
finish_joined() {
    principal=$own kvno=$(key_version "$own")
    ! sssd_active || sssd=true
    [ "$1" != already ] || finish already already "$2"
    can_look_up "$(lookup_seconds)" "admin@$domain" admin ||
        finish joined "$1" "$2; sssd does not know admin yet"
    finish joined "$1" "$2"
}

lookup_seconds() { # bounded, since a slow directory does not undo a join
    [ "$(remaining)" -lt 60 ] && remaining || echo 60
}

verify_join() {
    progress verifying
    standing
    [ "$state" = ours ] ||
        finish failed internal "the installer succeeded, but $own is not in the keytab"
    try_key
    case $key_class in
        ok) finish_joined ok "joined as $own" ;;
        stale-key) finish failed replica-lag "after the join: $key_detail" ;;
        *) finish failed "$key_class" "after the join: $key_detail" ;;
    esac
}

main() {
    begin
    check_parameters
    make_work attempt
    start_attempt
    progress preparing
    family=$(os_family)
    await_boot "$settle"
    ensure_client
    place_ca
    write_krb5_conf
    clear_the_way
    install_client
    [ "$exit_code" -eq 0 ] || fail_by_installer
    verify_join
}

main
