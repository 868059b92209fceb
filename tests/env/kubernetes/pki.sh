# shellcheck shell=bash
# The authorities of a cluster: one for servers and clients, one for the aggregation's front proxy,
# and the key pair of service account tokens.

kube_authority() {  # NAME COMMON_NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$2" \
        -keyout "$1.key" -out "$1.crt" -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign
}

kube_leaf() {  # NAME AUTHORITY SUBJECT USAGE [ALTERNATIVE_NAMES]
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" \
        -keyout "$1.key" -out "$1.csr"
    {
        echo basicConstraints=critical,CA:FALSE
        echo keyUsage=critical,digitalSignature
        echo "extendedKeyUsage=$4"
        [ -z "${5:-}" ] || echo "subjectAltName=$5"
    } >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 3650 \
        -extfile "$1.ext" -out "$1.crt"
    rm "$1.csr" "$1.ext"
}

make_kube_pki() {  # DIRECTORY
    local service=DNS:kubernetes.default.svc
    mkdir -p "$1"
    chmod 700 "$1"
    cd "$1" || exit 1
    kube_authority ca innkeeper-test-ca
    kube_authority front-proxy-ca front-proxy-ca
    kube_leaf apiserver ca /CN=kube-apiserver serverAuth \
        "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,$service,$service.cluster.local,IP:127.0.0.1"
    kube_leaf front-proxy front-proxy-ca /CN=front-proxy-client clientAuth
    kube_leaf admin ca /O=system:masters/CN=admin clientAuth
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out sa.key
    openssl pkey -in sa.key -pubout -out sa.pub
}

kubeconfig_text() {  # DIRECTORY SERVER
    cat <<K
apiVersion: v1
kind: Config
current-context: test
clusters:
  - name: test
    cluster: {server: "$2", certificate-authority-data: $(base64 -w0 "$1/ca.crt")}
users:
  - name: admin
    user:
      client-certificate-data: $(base64 -w0 "$1/admin.crt")
      client-key-data: $(base64 -w0 "$1/admin.key")
contexts:
  - name: test
    context: {cluster: test, user: admin, namespace: default}
K
}
