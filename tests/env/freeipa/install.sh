# shellcheck shell=bash
# Runs in the booted server: a CA and a certificate, then FreeIPA's own installer.
# Arguments: FQDN ADDRESS DOMAIN REALM ADMIN_PASSWORD.
set -eu
fqdn=$1 address=$2 domain=$3 realm=$4 password=$5
mkdir -p /root/pki
chmod 700 /root/pki
cd /root/pki
umask 077
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ca.key -out ca.crt \
    -subj "/O=$realm/CN=Test CA" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/O=$realm/CN=$fqdn"
cat >server.ext <<EXT
subjectAltName=DNS:$fqdn,DNS:ipa-ca.$domain
keyUsage=digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
basicConstraints=CA:FALSE
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
EXT
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 \
    -extfile server.ext -out server.crt
openssl pkcs12 -export -in server.crt -inkey server.key -certfile ca.crt -name Server-Cert \
    -passout pass:bundle -out server.p12

umask 022
ipa-server-install -U -r "$realm" -n "$domain" --hostname "$fqdn" --ip-address "$address" \
    -p "$password" -a "$password" --no-ntp --no-pkinit --no-host-dns --no-ui-redirect \
    --http-cert-file server.p12 --http-pin bundle \
    --dirsrv-cert-file server.p12 --dirsrv-pin bundle --ca-cert-file ca.crt </dev/null
systemctl enable -q ipa
# this state may be used months from now: the admin's password must not expire
ldapmodify -Q -Y EXTERNAL -H "ldapi://%2Frun%2Fslapd-${realm//./-}.socket" <<LDIF
dn: uid=admin,cn=users,cn=accounts,dc=${domain//./,dc=}
changetype: modify
replace: krbPasswordExpiration
krbPasswordExpiration: 20371231000000Z
LDIF
