# shellcheck shell=bash
# Runs in a layer over the server's root: does what the maintainer scripts of a server package would
# do, and sets up names. Arguments: FQDN ADDRESS DOMAIN REALM.
set -eu
fqdn=$1 address=$2 domain=$3 realm=$4
cp -a /tmp/in/compiled/. /
mkdir -p /usr/lib/python3/dist-packages/pki
cp /tmp/in/pki/*.py /usr/lib/python3/dist-packages/pki/
printf '#!/bin/sh\n# answers "is a CA installed?": no\nexit 1\n' >/usr/sbin/pki-server
chmod 755 /usr/sbin/pki-server

for user in kdcproxy ipaapi; do
    getent group $user >/dev/null || groupadd -r $user
    getent passwd $user >/dev/null || useradd -r -g $user -s /usr/sbin/nologin -d / $user
done
usermod -a -G ipaapi www-data

a2enmod -q auth_gssapi authz_user deflate expires filter headers lookup_identity \
    proxy proxy_ajp proxy_http rewrite session session_cookie session_crypto \
    socache_shmcb ssl wsgi mime dir alias >/dev/null
a2ensite -q default-ssl >/dev/null
mkdir -p /etc/apache2/ipa /etc/krb5kdc /var/lib/krb5kdc /etc/ldap
touch /etc/ldap/ldap.conf
# ipa-custodia starts first; it would make the folder 0750 and lock httpd out of its own WSGI socket
echo 'd /run/apache2 0755 root root' >/usr/lib/tmpfiles.d/innkeeper-apache.conf
for unit in krb5-kdc krb5-admin-server; do  # Debian's units make the KDC's log read-only
    mkdir -p /etc/systemd/system/$unit.service.d
    printf '[Service]\nReadWritePaths=/var/log\n' >/etc/systemd/system/$unit.service.d/log.conf
done
for unit in krb5-kdc krb5-admin-server apache2 sssd gssproxy oddjobd; do
    systemctl disable -q $unit 2>/dev/null || true
done
systemctl enable -q certmonger dbus 2>/dev/null || true
systemctl mask -q sssd-{nss,pam,pac,sudo,ssh,autofs}.socket \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer ipa-epn.timer systemd-resolved

# DNS beside FreeIPA: names of the domain that are not listed answer NXDOMAIN at once
echo "$address $fqdn ipa-ca.$domain" >/etc/innkeeper-dns.hosts
cat >/etc/innkeeper-dns.conf <<CONF
no-resolv
no-hosts
bind-interfaces
listen-address=127.0.0.1,$address
addn-hosts=/etc/innkeeper-dns.hosts
local=/$domain/
bogus-priv
srv-host=_ldap._tcp.$domain,$fqdn,389
srv-host=_kerberos._tcp.$domain,$fqdn,88
srv-host=_kerberos._udp.$domain,$fqdn,88
srv-host=_kpasswd._tcp.$domain,$fqdn,464
srv-host=_kpasswd._udp.$domain,$fqdn,464
txt-record=_kerberos.$domain,"$realm"
CONF
cat >/etc/systemd/system/innkeeper-dns.service <<UNIT
[Unit]
Before=network-online.target
[Service]
ExecStart=/usr/sbin/dnsmasq -k --conf-file=/etc/innkeeper-dns.conf --user=root
ExecReload=/bin/kill -HUP \$MAINPID
Restart=on-failure
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable -q innkeeper-dns
printf '127.0.0.1 localhost\n%s %s %s\n' "$address" "$fqdn" "${fqdn%%.*}" >/etc/hosts
echo "$fqdn" >/etc/hostname
rm -f /etc/resolv.conf
printf 'search %s\nnameserver 127.0.0.1\n' "$domain" >/etc/resolv.conf
python3 -c 'import ipaserver.plugins, ipapython.version as v; print("ipaserver", v.VERSION)'
