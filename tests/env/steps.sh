# shellcheck shell=bash
# Steps that are built once: logged, stamped with the hash of what they are made from, safe to
# interrupt. And Debian's mirror, roots and kernels, which several parts are built from.

CHILD=       # process group of the running logged step
BACKGROUND=  # another `env` that builds meanwhile
ON_ABORT=    # command that undoes a half-done start

on_exit() {
    local status=$?
    trap - EXIT
    trap '' INT TERM
    [ -z "$CHILD" ] || kill -TERM -- "-$CHILD" 2>/dev/null || true
    [ -z "$BACKGROUND" ] || kill -TERM "$BACKGROUND" 2>/dev/null || true
    if [ "$status" != 0 ] && [ -n "$ON_ABORT" ]; then
        say "undoing: $ON_ABORT"
        eval "$ON_ABORT" || true
    fi
    exit "$status"
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The mirror of this machine's apt sources.
mirror() {
    local file url first='if ($i ~ /debian(\.list)?\/?$/) {print $i; exit}'
    if [ -n "${INNKEEPER_DEBIAN_MIRROR:-}" ]; then
        echo "${INNKEEPER_DEBIAN_MIRROR%/}"
        return
    fi
    url=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
        awk 'tolower($1) == "uris:" {for (i = 2; i <= NF; i++) '"$first"'}')
    [ -n "$url" ] || url=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        awk '$1 == "deb" {for (i = 2; i <= NF; i++) '"$first"'}')
    case $url in
        mirror+file:*)  # Debian's cloud images name a list of mirrors
            file=${url#mirror+file:}
            url=$(awk '$1 ~ /:\/\// {print $1; exit}' "/${file##*(/)}")
            ;;
    esac
    [ -n "$url" ] || die "no Debian mirror in apt's sources: set INNKEEPER_DEBIAN_MIRROR"
    echo "${url%/}"
}

mirror_host() { mirror | sed -E 's#^[a-z+]+://([^/@]*@)?([^/:]+).*#\2#'; }

# logged LOG COMMAND...: output to a file in which the mirror has no name; its tail when COMMAND
# fails. Not to be called in a condition: bash would ignore `set -e` inside.
logged() {
    local log=$LOGS/$1.log host status=0
    shift
    host=$(mirror_host)
    set -m  # a process group of its own, so that all of it can be ended
    (
        set +m
        trap - EXIT INT TERM
        set -eo pipefail
        (set -e; "$@") 2>&1 </dev/null | sed -u "s#${host//./\\.}#MIRROR#g" >"$log"
    ) &
    CHILD=$!
    set +m
    wait "$CHILD" || status=$?
    CHILD=
    [ "$status" = 0 ] && return 0
    tail -n 25 "$log" | cut -c1-300 >&2
    die "failed: the whole story is in $log"
}

# key WORDS...: a hash over words; @FILE stands for the file's content
key() {
    local word
    for word; do
        case $word in
            @*) cat "${word#@}" ;;
            *) printf '%s\n' "$word" ;;
        esac
    done | sha256sum | cut -c1-16
}

is_current() { [ -e "$1" ] && [ "$(cat "$1.stamp" 2>/dev/null || true)" = "$2" ]; }  # TARGET KEY

in_use() { grep -qs "[=:]$1[:, ]" /proc/[0-9]*/mountinfo; }  # as a layer of some overlay

# cached TARGET KEY DESCRIPTION FUNCTION [ARGS]: unless TARGET was made from KEY, runs
# FUNCTION TARGET.new ARGS and puts the result in TARGET's place.
cached() {
    local target=$1 key=$2 description=$3 function=$4 log
    shift 4
    ! is_current "$target" "$key" || return 0
    [ ! -e "$target" ] || ! in_use "$target" ||
        die "$target must be rebuilt but is in use: env all down (for each INNKEEPER_ENV_NAME)"
    say "$description"
    mkdir -p "$(dirname "$target")"
    rm -rf "$target.stamp" "$target.new"
    log=${target#"$CACHE/"}
    logged "${log//\//-}" "$function" "$target.new" "$@"
    rm -rf "$target"
    mv "$target.new" "$target"
    echo "$key" >"$target.stamp"
}

read_list() { sed -e 's/#.*//' "$HERE/lists/$1.txt" | tr -s ' \n' '\n' | grep . ; }

try_three_times() {
    local attempt
    for attempt in 1 2 3; do
        "$@" && return 0
        echo "attempt $attempt of 3 failed"
        sleep $((attempt * 5))
    done
    return 1
}

# debian_root DIR SUITE VARIANT LIST: a Debian root with the packages of lists/LIST.txt
debian_root() {
    local dir=$1 suite=$2 variant=$3 list=$4 path options=()
    for path in doc man locale info bug lintian; do
        options+=("--dpkgopt=path-exclude=/usr/share/$path/*")
    done
    bootstrap() {
        rm -rf "$dir"
        mmdebstrap --quiet --mode=root --variant="$variant" --components=main "${options[@]}" \
            --aptopt='Acquire::Retries "5"' --aptopt='APT::Install-Recommends "false"' \
            --keyring=/usr/share/keyrings --include="$(read_list "$list" | paste -sd,)" \
            "$suite" "$dir" "deb $(mirror) $suite main"
    }
    try_three_times bootstrap
    rm -rf "$dir"/etc/apt/sources.list "$dir"/etc/apt/sources.list.d/* "$dir"/var/lib/apt/lists/* \
        "$dir"/var/cache/apt/* "$dir/etc/resolv.conf"
    : >"$dir/etc/machine-id"
}

# build_kernel: CACHE/kernel, common to all guests
build_kernel() {
    KERNEL_KEY=$(key kernel "@$HERE/image/extract_vmlinux.py")
    lock kernel
    cached "$CACHE/kernel" "$KERNEL_KEY" "kernel of the guests" debian_kernel
    unlock kernel
}

# debian_kernel DIR: this suite's cloud kernel, unpacked: DIR/vmlinux, DIR/version, DIR/modules
debian_kernel() {
    local dir=$1 package version
    mkdir -p "$dir/deb"
    package=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" {print $2; exit}')
    [ -n "$package" ] || die "apt knows no linux-image-cloud-amd64: apt-get update"
    (
        cd "$dir/deb"
        try_three_times apt-get -qq -o APT::Sandbox::User=root download "$package"
        dpkg-deb -x ./*.deb unpacked
    )
    version=$(ls "$dir/deb/unpacked/lib/modules")
    python3 "$HERE/image/extract_vmlinux.py" "$dir/deb/unpacked/boot/vmlinuz-$version" \
        "$dir/vmlinux"
    echo "$version" >"$dir/version"
    mv "$dir/deb/unpacked/lib/modules/$version" "$dir/modules"
    rm -rf "$dir/deb"
}

# kernel_modules KERNEL DIR MODULE...: copies modules after those they need; DIR/order lists them
kernel_modules() {
    local kernel=$1 dir=$2 module
    shift 2
    mkdir -p "$dir"
    touch "$dir/order"
    for module; do
        local file
        file=$(find "$kernel/modules" -name "$module.ko" | head -n 1)
        if [ -z "$file" ] || grep -qx "$module" "$dir/order"; then continue; fi
        # shellcheck disable=SC2046  # a list of names
        kernel_modules "$kernel" "$dir" $(modinfo -F depends "$file" | tr ',-' ' _')
        cp "$file" "$dir/"
        echo "$module" >>"$dir/order"
    done
}

pack_initrd() { (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0); }
