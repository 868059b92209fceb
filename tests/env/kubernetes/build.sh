# shellcheck shell=bash
# kube-apiserver, etcd and kubectl, built from the Go modules that go.mod names.

KUBERNETES_GO=$CACHE/kubernetes/go  # module and build cache, a Go of Debian's where one is needed
OLDEST_GO=go1.21                    # from there on Go fetches the release that go.mod asks for

kubernetes_version() { awk '$1 == "k8s.io/kubernetes" {print $2; exit}' "$HERE/kubernetes/go.mod"; }

# What the server says of itself: clients decide by it.
kubernetes_linker_flags() {
    local version package=k8s.io/component-base/version
    version=$(kubernetes_version)
    echo "-s -w -X $package.gitVersion=$version -X $package.gitMajor=1" \
        "-X $package.gitMinor=$(cut -d. -f2 <<<"$version") -X $package.gitTreeState=clean"
}

recent_go() {
    local version
    version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n' "$OLDEST_GO" "$version" | sort -V | head -n 1)" = "$OLDEST_GO" ]
}

# This machine's Go, or one of Debian's backports: unpacked, not installed.
find_go() {
    if recent_go; then
        GO=$(command -v go)
        return
    fi
    cached "$KUBERNETES_GO/debian" "$(key "$(declare -f unpack_go)")" "Go of Debian's backports" \
        unpack_go
    GO=$(echo "$KUBERNETES_GO"/debian/usr/lib/go-*/bin/go)
}

unpack_go() {
    local dir=$1 apt=$1.apt package options
    rm -rf "$dir" "$apt"
    mkdir -p "$dir" "$apt/lists/partial" "$apt/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror)" \
        "bookworm-backports main" >"$apt/sources.list"
    options=(-q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=-
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache::Archives=$apt/archives"
        -o "Dir::Cache::pkgcache=$apt/pkgcache.bin" -o "Dir::Cache::srcpkgcache=$apt/srcpkgcache.bin"
        -o APT::Sandbox::User=root)
    try_three_times apt-get "${options[@]}" update
    package=$(apt-cache "${options[@]}" depends golang-go |
        awk '$1 == "Depends:" && $2 ~ /^golang-[0-9.]+-go$/ {print $2; exit}')
    [ -n "$package" ] || die "Debian's backports have no Go"
    (
        cd "$apt" || exit 1
        try_three_times apt-get "${options[@]}" download "$package" "${package%-go}-src"
        for file in ./*.deb; do dpkg-deb -x "$file" "$dir"; done
    )
    rm -rf "$apt"
}

build_kubernetes() {
    local bin_key GO
    lock kubernetes-build
    bin_key=$(key "@$HERE/kubernetes/go.mod" "@$HERE/kubernetes/go.sum" "$(uname -m)" \
        "$(kubernetes_linker_flags)" "$(declare -f make_kubernetes)")
    if ! is_current "$CACHE/kubernetes/bin" "$bin_key"; then
        find_go
        cached "$CACHE/kubernetes/bin" "$bin_key" \
            "Kubernetes $(kubernetes_version): API server, etcd, kubectl (8 min the first time)" \
            make_kubernetes "$GO"
    fi
    unlock kubernetes-build
}

make_kubernetes() {
    local bin=$1 go=$2
    mkdir -p "$bin" "$KUBERNETES_GO/module"
    # not in the checkout, which may change meanwhile
    cp "$HERE"/kubernetes/go.{mod,sum} "$KUBERNETES_GO/module/"
    cd "$KUBERNETES_GO/module" || exit 1
    export GOCACHE=$KUBERNETES_GO/build GOMODCACHE=$KUBERNETES_GO/modules GOWORK=off CGO_ENABLED=0
    export GOTOOLCHAIN=auto GOFLAGS="-mod=readonly -modcacherw -buildvcs=false -trimpath"
    "$go" version
    "$go" build -ldflags "-s -w" -o "$bin/etcd" go.etcd.io/etcd/server/v3
    for program in kube-apiserver kubectl; do
        "$go" build -ldflags "$(kubernetes_linker_flags)" -o "$bin/$program" \
            "k8s.io/kubernetes/cmd/$program"
    done
}
