# shellcheck shell=bash
# The Debian guest's image in layers, each cached: kernel, packages, and from both the disk and initrd.

GUEST_SUITE=bookworm
GUEST_IMAGE=$CACHE/guest/image

build_guest_image() {
    local root_key image_key
    lock guest
    build_kernel
    root_key=$(key "$GUEST_SUITE" "@$HERE/lists/guest.txt")
    image_key=$(key "$KERNEL_KEY" "$root_key" "@$HERE/image/slim.sh" "@$HERE/image/cloud.cfg" "@$HERE/image/guest_init")
    is_current "$GUEST_IMAGE" "$image_key" || refuse_while_guests_use_image
    cached "$CACHE/guest/root" "$root_key" "guest: $GUEST_SUITE packages" debian_root "$GUEST_SUITE" apt guest
    cached "$GUEST_IMAGE" "$image_key" "guest: disk image" make_guest_image
    unlock guest
}

# The guests' disks are differences to this image.
refuse_while_guests_use_image() {
    local disk
    for disk in "$CACHE"/run/*/guest/*/disk.qcow2; do
        [ ! -e "$disk" ] || die "the image must be rebuilt, but $disk depends on it: env guest rm $(basename "$(dirname "$disk")")"
    done
}

make_guest_image() {
    local out=$1 root=$1/root initrd=$1/initrd
    mkdir -p "$out"
    cp -a "$CACHE/guest/root" "$root"
    rm -rf "${root:?}/etc/resolv.conf"
    "$HERE/image/slim.sh" "$root" "$CACHE/kernel"
    mkdir -p "$initrd"/{bin,proc,sys,dev,new,m}
    cp /bin/busybox "$initrd/bin/busybox"
    install -m 755 "$HERE/image/guest_init" "$initrd/init"
    kernel_modules "$CACHE/kernel" "$initrd/m" virtio_pci virtio_blk virtio_console virtio_rng virtio_net
    pack_initrd "$initrd" >"$out/initrd.img"  # not compressed: unpacking is slow under emulation
    truncate -s 2G "$out/base.raw"
    mke2fs -q -t ext4 -F -m 0 -L guestroot -O ^metadata_csum,^64bit -J size=8 \
        -E lazy_itable_init=1,nodiscard -d "$root" "$out/base.raw"
    chmod 644 "$out/base.raw" "$out/initrd.img"
    rm -rf "$root" "$initrd"
}
