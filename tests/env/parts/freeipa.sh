# shellcheck shell=bash

# shellcheck source=tests/env/freeipa/build.sh
. "$HERE/freeipa/build.sh"
# shellcheck source=tests/env/parts/network.sh
. "$HERE/parts/network.sh"
COMMANDS=(up down reset build status env exec dns-set pause resume clean)

freeipa_help() {
    cat <<'H'
env freeipa up       builds what is missing, boots the server, waits until a login works
env freeipa down     stops it; its data stays for the next up
env freeipa reset    back to the state after installation, running
env freeipa build    all that `up` does short of booting
env freeipa status   3 when no login works
env freeipa env      shell assignments: IPA_SERVER, IPA_IP, IPA_ADMIN_PASSWORD, IPA_CA_FILE ...
env freeipa exec COMMAND...        as root inside the server
env freeipa dns-set NAME [ADDRESS] sets (or removes) an A record; gone after reset
env freeipa pause|resume           freezes all its processes: connections open, nothing answers
env freeipa clean    down, and deletes what was built for this environment

INNKEEPER_ENV_ADMIN_PASSWORD is the admin's password (Secret123). FreeIPA is compiled from Debian's
source package. It has no CA (Dogtag is not in Debian), so certificate commands fail; DNS (A, SRV,
TXT) comes from a dnsmasq beside it, so DNS commands fail.
H
}

freeipa_build() {
    begin
    need_packages parts
    build_freeipa
}

freeipa_up() {
    begin
    need_packages parts
    build_freeipa
    network_up
    lock freeipa
    if ! machine_pid freeipa >/dev/null; then
        ON_ABORT=stop_server
        say "booting FreeIPA"
        start_server "$(ipa_folder)/golden:$(ipa_folder)/server:$CACHE/freeipa/root" "$RUN/freeipa"
    fi
    install -m 644 "$(ipa_folder)/golden/root/pki/ca.crt" "$RUN/freeipa/ca.crt"
    if ! wait_until 180 login_works "$RUN/freeipa/ca.crt"; then
        machine_exec freeipa timeout 15 ipactl status >&2 || true
        die "the server has booted but no login works: $LOGS/freeipa-console.log"
    fi
    ON_ABORT=
    unlock freeipa
    say "$IPA_FQDN ($IPA_ADDRESS) answers"
}

freeipa_down() {
    begin
    lock freeipa
    stop_server
    say "FreeIPA is down"
}

freeipa_reset() {
    begin
    lock freeipa
    stop_server
    rm -rf "$RUN/freeipa"
    unlock freeipa
    freeipa_up
}

freeipa_status() {
    if ! machine_pid freeipa >/dev/null; then
        echo "down"
        return 3
    fi
    if ! login_works "$RUN/freeipa/ca.crt"; then
        machine_exec freeipa timeout 15 ipactl status 2>&1 || true
        echo "running, but no login works"
        return 3
    fi
    echo "up: https://$IPA_FQDN/ipa at $IPA_ADDRESS, a login works"
}

freeipa_env() {
    print_env IPA_SERVER "$IPA_FQDN" IPA_IP "$IPA_ADDRESS" IPA_URL "https://$IPA_FQDN/ipa" \
        IPA_DOMAIN "$DOMAIN" IPA_REALM "$IPA_REALM" IPA_CA_FILE "$RUN/freeipa/ca.crt" \
        IPA_ADMIN admin IPA_ADMIN_PASSWORD "$IPA_ADMIN_PASSWORD" \
        IPA_DNS "$IPA_ADDRESS" IPA_BRIDGE "$BRIDGE" IPA_GATEWAY "$GATEWAY"
}

freeipa_exec() { machine_exec freeipa "$@"; }

freeipa_dns_set() {
    local host=${1:-} address=${2:-}
    [[ $host =~ ^[a-zA-Z0-9.-]+$ && $address =~ ^[0-9.]*$ ]] || die "dns-set NAME [ADDRESS]"
    begin
    lock freeipa-dns
    # shellcheck disable=SC2016
    machine_exec freeipa sh -eu -c '
        hosts=/etc/innkeeper-dns.hosts
        awk -v host="$1" "\$2 != host" $hosts >$hosts.new
        [ -z "$2" ] || echo "$2 $1" >>$hosts.new
        mv $hosts.new $hosts
        systemctl reload innkeeper-dns' _ "$host" "$address"
}

freeipa_pause() { machine_cgroup freeipa 'echo 1 >cgroup.freeze' || die "freeipa is not running"; }
freeipa_resume() { machine_cgroup freeipa 'echo 0 >cgroup.freeze' || die "freeipa is not running"; }

freeipa_clean() {
    freeipa_down
    rm -rf "$RUN/freeipa" "$(ipa_folder)"
    # the compiled server and its root are common to all environments of this cache
    if ! in_use "$CACHE/freeipa/root" && ! ls -d "$CACHE"/freeipa/*/golden >/dev/null 2>&1; then
        rm -rf "$CACHE/freeipa"
    fi
}
