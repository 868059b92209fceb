# shellcheck shell=bash
# Debian packages of this machine, from lists/*.txt.

PACKAGE_SETS=(build parts)

# missing_packages SET...: names of those that are not installed
missing_packages() {
    local set
    comm -23 <(for set; do read_list "$set"; done | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u)
}

check_debian() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
        die "this machine has no apt: Debian 12 is needed"
    local version
    version=$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")
    [ "$version" = "debian 12" ] || say "this is $version: only Debian 12 is tried"
}

install_packages() {
    # an archives directory of our own: container images have apt hooks that empty the common one
    # whenever any other apt ends
    local archives
    archives=$(mktemp -d)
    mkdir -p "$archives/partial"
    export DEBIAN_FRONTEND=noninteractive
    try_three_times apt-get update -q
    try_three_times apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 \
        -o APT::Sandbox::User=root -o Dir::Cache::archives="$archives" "$@"
    rm -rf "$archives"
}

# need_packages SET...: installs what is missing of it
need_packages() {
    local missing
    check_debian
    missing=$(missing_packages "$@" | paste -sd' ')
    [ -n "$missing" ] || return 0
    [ "${INNKEEPER_ENV_INSTALL:-}" != no ] || die "not installed: $missing"
    lock packages
    say "installing $(wc -w <<<"$missing") packages: $missing"
    # shellcheck disable=SC2086  # a list of names
    logged packages install_packages $missing
    unlock packages
    say "packages are installed"
}
