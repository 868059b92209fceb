# Says from inside who this guest is: which key it has, whether that works, whether users are known.
# Changes nothing, takes no lock, quick when all is well. One JSON line; no secrets.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317 # composed with common.sh and standing.sh before

user=admin kinit=none lookup=false configured=false

take_parameter() {
    case $1 in user) user=$2 ;; esac
}

is_user() {
    only abcdefghijklmnopqrstuvwxyz0123456789._- "$1" || return 1
    case $1 in -*) return 1 ;; esac
    [ ${#1} -le 64 ]
}

check_parameters() {
    check_common_parameters
    check domain is_dns_name "$domain"
    check user is_user "$user"
}

first_word_of() { # FILE: safe characters only
    head -c 128 "$1" | tr -cd '0-9a-zA-Z.-'
}

result_line() {
    printf '{"principal":%s,"kvno":%d,"kinit":"%s","configured":%s,"sssd":%s,"lookup":%s,' \
        "$(json_text "$principal")" "$kvno" "$kinit" "$configured" "$sssd" "$lookup"
    printf '"class":"%s","detail":%s,"machine_id":"%s","boot_id":"%s","clock":%d,"hostname":%s}\n' \
        "$class" "$(json_text "$detail")" "$(first_word_of "$ROOT/etc/machine-id")" \
        "$(first_word_of "$ROOT/proc/sys/kernel/random/boot_id")" "$(date +%s)" \
        "$(json_text "$(uname -n)")"
}

say() { # CLASS DETAIL
    answer verified "$1" "$2"
    exit 0
}

# The worst comes first: whose identity it is, whether it works, what it is good for.
judge() {
    case $state in
        foreign) principal=$other && say foreign-principal "the identity here is $other" ;;
        clean | keyless) say not-joined "there is no key of $own" ;;
    esac
    principal=$own kvno=$(key_version "$own")
    try_key
    kinit=$key_class
    ! sssd_active || sssd=true
    [ "$key_class" = ok ] || say "$key_class" "$key_detail"
    [ "$configured" = true ] || say not-joined "the key works, but the client is not configured"
    [ "$sssd" = true ] || say sssd "sssd is not active"
    ! can_look_up 15 "$user@$domain" "$user" || lookup=true
    [ "$lookup" = true ] || say sssd "sssd does not know $user"
    say ok ""
}

main() {
    begin
    check_parameters
    make_work look
    { has klist && has kinit; } || say not-joined "no Kerberos client is installed"
    ! client_configured || configured=true
    standing
    judge
}

main
