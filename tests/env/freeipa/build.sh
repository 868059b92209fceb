# shellcheck shell=bash
# Builds the FreeIPA server in layers, each cached: a Debian root, the source, the compiled server
# (common to all environments), the prepared server and the installed one (per environment).

IPA_SUITE=trixie
IPA_FQDN=ipa.$DOMAIN
IPA_REALM=${DOMAIN^^}
IPA_ADMIN_PASSWORD=${INNKEEPER_ENV_ADMIN_PASSWORD:-Secret123}
IPA_NETNS=$NAME-ipa

ipa_folder() { echo "$CACHE/freeipa/$NAME"; }

build_freeipa() {
    local common=$CACHE/freeipa own root_key source_key compiled_key server_key golden_key
    own=$(ipa_folder)
    lock freeipa
    root_key=$(key "$IPA_SUITE" "@$HERE/lists/freeipa-server.txt")
    source_key=$(key "$IPA_SUITE")
    compiled_key=$(key "$root_key" "$source_key" "@$HERE/lists/freeipa-build.txt" \
        "@$HERE/freeipa/compile.sh")
    server_key=$(key "$compiled_key" "$IPA_FQDN" "$IPA_ADDRESS" "@$HERE/freeipa/prepare.sh" \
        "$(cat "$HERE"/freeipa/pki/*.py)")
    golden_key=$(key "$server_key" "$IPA_ADMIN_PASSWORD" "@$HERE/freeipa/install.sh")
    # a server that runs on layers about to be rebuilt must go first
    is_current "$own/golden" "$golden_key" || { stop_server && rm -rf "$RUN/freeipa"; }
    cached "$common/root" "$root_key" "FreeIPA: $IPA_SUITE packages" \
        debian_root "$IPA_SUITE" apt freeipa-server
    cached "$common/source" "$source_key" "FreeIPA: source" fetch_source
    cached "$common/compiled" "$compiled_key" "FreeIPA: compiling" compile_server
    cached "$own/server" "$server_key" "FreeIPA: preparing the server" prepare_server
    ON_ABORT=stop_server
    cached "$own/golden" "$golden_key" "FreeIPA: ipa-server-install" install_server
    ON_ABORT=
    unlock freeipa
}

# The whole upstream source, server included, is what Debian builds its client packages from.
fetch_source() {
    local dir=$1 uri file hash config
    mkdir -p "$dir/apt/state/lists/partial" "$dir/apt/cache/archives/partial" "$dir/apt/parts"
    # this machine's apt settings (proxies ...) but not its hooks
    for config in /etc/apt/apt.conf.d/*; do
        if [ -f "$config" ] && ! grep -q Invoke "$config"; then cp "$config" "$dir/apt/parts/"; fi
    done
    cat >"$dir/apt/apt.conf" <<APT
Dir::State "$dir/apt/state"; Dir::State::status "/dev/null"; Dir::Cache "$dir/apt/cache";
Dir::Etc::sourcelist "$dir/apt/sources.list"; Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "$dir/apt/parts"; Acquire::Languages "none"; APT::Sandbox::User "root";
APT
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb-src [signed-by=$keyring] $(mirror) $IPA_SUITE main" \
        >"$dir/apt/sources.list"
    export APT_CONFIG=$dir/apt/apt.conf
    try_three_times apt-get update -q
    read -r uri file _ hash < <(apt-get source --print-uris --only-source "freeipa/$IPA_SUITE" |
        grep -E "orig\.tar\.[a-z0-9]+'?( |$)" | grep -v '\.asc' | tr -d "'")
    [ -n "$uri" ] || die "no freeipa source in $IPA_SUITE"
    try_three_times /usr/lib/apt/apt-helper download-file "$uri" "$dir/freeipa.tar" "$hash"
    echo "$file"
    unset APT_CONFIG
    rm -rf "$dir/apt"
}

# in_overlay UPPER LOWER BIND... -- SCRIPT ARGS: runs the file SCRIPT in a chroot of LOWER whose
# changes go to UPPER; each BIND is SOURCE:NAME and appears as /tmp/in/NAME. All mounts are private.
in_overlay() {
    local upper=$1 lower=$2 binds=() scratch
    shift 2
    while [ "$1" != -- ]; do binds+=("$1"); shift; done
    shift
    scratch=$(mktemp -d "$upper.scratch.XXXXXX")
    mkdir -p "$upper" "$scratch/work" "$scratch/root"
    # shellcheck disable=SC2016
    unshare -m --propagation private bash -eu -c '
        upper=$1 lower=$2 scratch=$3 binds=$4 script=$5
        shift 5
        root=$scratch/root
        mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$scratch/work" "$root"
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/tmp"
        mkdir "$root/tmp/in"
        for bind in $binds; do
            target=$root/tmp/in/${bind#*:}
            if [ -d "${bind%%:*}" ]; then mkdir -p "$target"; else : >"$target"; fi
            mount --bind "${bind%%:*}" "$target"
        done
        cp "$script" "$root/tmp/in/script"
        chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            ${http_proxy:+http_proxy="$http_proxy"} bash -eu /tmp/in/script "$@"
    ' _ "$upper" "$lower" "$scratch" "${binds[*]}" "$@"
    rm -rf "$scratch"
}

compile_server() {
    local out=$1
    mkdir -p "$out" "$out.layer"
    echo "deb $(mirror) $IPA_SUITE main" >"$out.sources"
    cat /etc/resolv.conf >"$out.resolv" 2>/dev/null || : >"$out.resolv"
    read_list freeipa-build >"$out.packages"
    in_overlay "$out.layer" "$CACHE/freeipa/root" "$out:out" \
        "$CACHE/freeipa/source/freeipa.tar:source.tar" "$out.sources:sources.list" \
        "$out.resolv:resolv.conf" "$out.packages:packages" -- "$HERE/freeipa/compile.sh"
    rm -rf "$out".?*
}

prepare_server() {
    local out=$1
    mkdir -p "$out"
    in_overlay "$out" "$CACHE/freeipa/root" "$CACHE/freeipa/compiled:compiled" \
        "$HERE/freeipa/pki:pki" -- "$HERE/freeipa/prepare.sh" \
        "$IPA_FQDN" "$IPA_ADDRESS" "$DOMAIN" "$IPA_REALM"
    rm -rf "$out/tmp"
}

# An installed server, stopped: what `up` and `reset` start from.
install_server() {
    local out=$1 ca
    rm -rf "$out.state"
    network_up
    start_server "$(ipa_folder)/server:$CACHE/freeipa/root" "$out.state"
    machine_exec freeipa bash -eu -s "$IPA_FQDN" "$IPA_ADDRESS" "$DOMAIN" "$IPA_REALM" \
        "$IPA_ADMIN_PASSWORD" <"$HERE/freeipa/install.sh"
    ca=$out.state/upper/root/pki/ca.crt
    wait_until 180 login_works "$ca" || die "installed, but no login works"
    stop_server
    mv "$out.state/upper" "$out"
    rm -rf "$out.state"
}

start_server() {  # LOWERS STATE
    if [ ! -e "/run/netns/$IPA_NETNS" ]; then
        ip netns add "$IPA_NETNS"
        ip link add "$IPA_NETNS" type veth peer name eth0 netns "$IPA_NETNS"
        ip link set "$IPA_NETNS" master "$BRIDGE" up
        ip -n "$IPA_NETNS" link set lo up
        ip -n "$IPA_NETNS" addr add "$IPA_ADDRESS/24" dev eth0
        ip -n "$IPA_NETNS" link set eth0 up
        ip -n "$IPA_NETNS" route add default via "$GATEWAY"
    fi
    machine_boot freeipa "$1" "$2" "--hostname=$IPA_FQDN" \
        "--network-namespace-path=/run/netns/$IPA_NETNS"
}

stop_server() {
    machine_halt freeipa
    [ ! -e "/run/netns/$IPA_NETNS" ] || ip netns del "$IPA_NETNS"
    ip link del "$IPA_NETNS" 2>/dev/null || true
}

# login_works CAFILE: HTTPS, LDAP and the KDC all answer
login_works() {
    printf 'user=admin&password=%s' "$IPA_ADMIN_PASSWORD" |
        curl -fsS -m 20 --noproxy '*' --resolve "$IPA_FQDN:443:$IPA_ADDRESS" --cacert "$1" \
            -o /dev/null -H "Referer: https://$IPA_FQDN/ipa" --data @- \
            "https://$IPA_FQDN/ipa/session/login_password"
}
