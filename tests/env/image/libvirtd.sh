#!/bin/bash
# libvirtd.sh FOLDER CAPABILITIES PIDFILE: becomes libvirtd, in a mount namespace of its own (the
# caller's doing) in which libvirt's fixed directories are those of FOLDER.
set -eu
folder=$1 capabilities=$2 pidfile=$3
mkdir -p /etc/libvirt /var/lib/libvirt /run/libvirt /var/log/libvirt /var/cache/libvirt
mount --bind "$folder/etc" /etc/libvirt
mount --bind "$folder/lib" /var/lib/libvirt
mount --bind "$folder/run" /run/libvirt
mount --bind "$folder/log" /var/log/libvirt
mount --bind "$capabilities" /var/cache/libvirt
# no bus: guests must not show up in the machine list of this machine
[ ! -d /run/dbus ] || mount --bind "$folder/dbus" /run/dbus
# Debian compiles this user in, but only the package with the daemon's units makes it
for file in passwd group; do
    ! getent $file libvirt-qemu >/dev/null || continue
    case $file in passwd) rest=64055::/nonexistent:/usr/sbin/nologin ;; *) rest= ;; esac
    { cat /etc/$file && echo "libvirt-qemu:x:64055:$rest"; } >"$folder/etc/$file"
    mount --bind "$folder/etc/$file" /etc/$file
done
exec libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$pidfile"
