#!/bin/sh
# Makes innkeeper-guest_VERSION_all.deb for golden images: the unit that joins at boot, and the scripts.
#
#   guest/package/deb.sh SCRIPTS VERSION FOLDER     SCRIPTS: the build's guest folder
set -eu
[ $# -eq 3 ] || { sed -n '2,4p' "$0" | sed 's/^# \{0,1\}//' >&2 && exit 2; }
scripts=$1 version=$2 folder=$3
here=$(dirname "$(readlink -f "$0")")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"

install -D -m 644 "$scripts/innkeeper-join.service" \
    "$root/usr/lib/systemd/system/innkeeper-join.service"
for name in boot join verify leave; do
    install -D -m 755 "$scripts/$name" "$root/usr/libexec/innkeeper/guest/$name"
done
install -D -m 644 "$here/../../LICENSE" "$root/usr/share/doc/innkeeper-guest/copyright"
install -D -m 644 "$here/../disk.md" "$root/usr/share/doc/innkeeper-guest/disk.md"

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<END
Package: innkeeper-guest
Version: $version
Architecture: all
Maintainer: Innkeeper authors <innkeeper@innkeeper.dev>
Section: admin
Priority: optional
Depends: systemd, util-linux, mount, coreutils
Recommends: freeipa-client
Description: joins this machine to FreeIPA at boot (Innkeeper)
 For images of virtual machines that Innkeeper looks after: a systemd unit that
 finds the disk labelled INNKEEPER and joins the machine by it, at every boot
 while it is not joined. Without such a disk it does nothing.
END
for name in postinst prerm postrm; do
    install -m 755 "$here/$name" "$root/DEBIAN/$name"
done
mkdir -p "$folder"
dpkg-deb --root-owner-group --build "$root" "$folder/innkeeper-guest_${version}_all.deb"
