# shellcheck shell=bash
COMMANDS=(up down status env)

network_help() {
    cat <<'H'
env network up|down|status|env

One bridge named after the environment, with this machine at NET.1. FreeIPA (NET.2) and guests
(NET.51-.199) are ports of it, so each reaches all others; nothing is routed further.
H
}

network_exists() { ip link show "$BRIDGE" >/dev/null 2>&1; }
network_ports() {
    ip -o link show master "$BRIDGE" 2>/dev/null | awk -F': ' '{sub(/@.*/, "", $2); print $2}'
}

network_up() {
    begin
    need_packages parts
    lock network
    if ! network_exists; then
        [ -z "$(ip -4 route show root "$NET.0/24"; ip -4 -o addr show to "$NET.0/24")" ] ||
            die "$NET.0/24 is in use on this machine: set INNKEEPER_ENV_NET"
        say "bridge $BRIDGE, $GATEWAY/24"
        ip link add "$BRIDGE" type bridge
        ip addr add "$GATEWAY/24" dev "$BRIDGE"
        ip link set "$BRIDGE" up
    fi
    unlock network
}

network_down() {
    begin
    network_exists || return 0
    local ports
    ports=$(network_ports | paste -sd' ')
    [ -z "$ports" ] || die "the bridge is in use by $ports: take those down first"
    ip link del "$BRIDGE"
}

network_status() {
    if ! network_exists; then
        echo "down"
        return 3
    fi
    echo "up: bridge $BRIDGE, $GATEWAY/24, ports: $(network_ports | paste -sd' ')"
}

network_env() {
    print_env INNKEEPER_ENV_BRIDGE "$BRIDGE" INNKEEPER_ENV_NET "$NET" \
        INNKEEPER_ENV_GATEWAY "$GATEWAY"
}
