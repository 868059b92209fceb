# shellcheck shell=bash
# The Debian guest's image in layers, each cached: kernel, packages, and from them disk and initrd.

GUEST_SUITE=bookworm
GUEST_DISK=$CACHE/guest/base.raw
GUEST_INITRD=$CACHE/guest/initrd.img

build_guest_image() {
    local disk_key
    lock guest
    build_kernel
    make_guest_root
    disk_key=$(key "$KERNEL_KEY" "$GUEST_ROOT_KEY" "@$HERE/image/slim.sh" "@$HERE/image/cloud.cfg")
    is_current "$GUEST_DISK" "$disk_key" || refuse_while_guests_use_disk
    cached "$GUEST_DISK" "$disk_key" "guest: disk image" make_guest_disk
    cached "$GUEST_INITRD" "$(key "$KERNEL_KEY" "@$HERE/image/guest_init")" \
        "guest: initrd" make_guest_initrd
    unlock guest
}

# build_guest_root: CACHE/guest/root, Debian with all packages of a guest
build_guest_root() {
    lock guest
    make_guest_root
    unlock guest
}

make_guest_root() {  # the caller holds the lock
    GUEST_ROOT_KEY=$(key "$GUEST_SUITE" "@$HERE/lists/guest.txt")
    cached "$CACHE/guest/root" "$GUEST_ROOT_KEY" "guest: $GUEST_SUITE packages" \
        debian_root "$GUEST_SUITE" apt guest
}

# The guests' disks are differences to this image.
refuse_while_guests_use_disk() {
    local disk
    for disk in "$CACHE"/run/*/guest/*/disk.qcow2; do
        [ ! -e "$disk" ] ||
            die "the image must be rebuilt, but ${disk%/*} depends on it: env guest rm NAME"
    done
}

make_guest_disk() {
    local disk=$1 root=$1.root
    rm -rf "$root"
    cp -a "$CACHE/guest/root" "$root"
    "$HERE/image/slim.sh" "$root" "$CACHE/kernel"
    truncate -s 2G "$disk"
    mke2fs -q -t ext4 -F -m 0 -L guestroot -O ^metadata_csum,^64bit -J size=8 \
        -E lazy_itable_init=1,nodiscard -d "$root" "$disk"
    rm -rf "$root"
}

make_guest_initrd() {
    local out=$1 tree=$1.tree
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,proc,sys,dev,new,m}
    cp /bin/busybox "$tree/bin/busybox"
    install -m 755 "$HERE/image/guest_init" "$tree/init"
    kernel_modules "$CACHE/kernel" "$tree/m" \
        virtio_pci virtio_blk virtio_console virtio_rng virtio_net
    pack_initrd "$tree" >"$out"  # not compressed: unpacking is slow under emulation
    rm -rf "$tree"
}
