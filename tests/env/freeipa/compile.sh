# shellcheck shell=bash
# Runs in a throw-away layer over the server's root: compiles FreeIPA from /tmp/in/source.tar and
# leaves what it installs in /tmp/in/out.
set -eu
export DEBIAN_FRONTEND=noninteractive DEB_PYTHON_INSTALL_LAYOUT=deb_system
cp /tmp/in/sources.list /etc/apt/sources.list
rm -f /etc/resolv.conf
cp /tmp/in/resolv.conf /etc/resolv.conf
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d  # no services here
chmod 755 /usr/sbin/policy-rc.d
apt=(apt-get -q -o Acquire::Retries=5 -o APT::Install-Recommends=false -o APT::Sandbox::User=root)
mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial
for attempt in 1 2 3; do
    # shellcheck disable=SC2046
    "${apt[@]}" update && "${apt[@]}" install -y $(cat /tmp/in/packages) && break
    [ "$attempt" != 3 ] || exit 1
    sleep 10
done

mkdir -p /build
cd /build
tar xf /tmp/in/source.tar --strip-components=1
libraries=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
CFLAGS="-O1 -g0 -w" ./configure --prefix=/usr --libdir="$libraries" --libexecdir=/usr/lib \
    --sysconfdir=/etc --localstatedir=/var --runstatedir=/run \
    --with-ipaplatform=debian --with-sysconfenvdir=/etc/default \
    --with-systemdsystemunitdir=/usr/lib/systemd/system \
    --with-systemdtmpfilesdir=/usr/lib/tmpfiles.d \
    --without-ipatests --disable-rpmlint --disable-pylint --without-jslint --disable-static
# a test server needs no translations, PyPI placeholders, SELinux policy, manuals or web pages
unwanted='po|pypi|selinux|selinux\/nfast|selinux\/luna'
sed -i -E "/^SUBDIRS = /,/\\$\\(NULL\\)/{/^[[:space:]]+($unwanted)[[:space:]]*\\\\$/d}" Makefile
sed -i -E 's/^(.*IPASERVER_SUBDIRS = ipaserver) ipasphinx/\1/' Makefile
sed -i -E '/^SUBDIRS = /,/\$\(NULL\)/{/^[[:space:]]+ui[[:space:]]*\\$/d}' install/Makefile
# a fresh server waits twice 60 s for entries that only matter between replicas
sed -i 's/max_wait = 30 /max_wait = 1 /' ipaserver/install/plugins/update_dna_shared_config.py
make -j"$(nproc)"
make DESTDIR=/tmp/in/out install
find /tmp/in/out -name '*.la' -delete
