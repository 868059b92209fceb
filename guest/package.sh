# Installs the FreeIPA client where that is allowed.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # composed with common.sh and standing.sh before

# package_tool COMMAND...: its output goes to a file of this run; neither the lock nor the answer's
# pipe is inherited, since packages may start daemons.
package_tool() {
    timeout -k 10 "$(remaining)" "$@" >>"$WORK/package" 2>&1 3>&- 9>&-
}

apt() {
    DEBIAN_FRONTEND=noninteractive package_tool apt-get -y -o DPkg::Lock::Timeout=120 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# add_package: 0 installed, 1 failed, 2 this distribution has no such package.
add_package() {
    case $family in
        debian)
            apt update
            apt install --no-install-recommends freeipa-client
            ;;
        rhel)
            tool=dnf
            has dnf || tool=yum
            package_tool "$tool" install -y ipa-client
            ;;
        suse)
            package_tool zypper --non-interactive install --no-recommends freeipa-client
            [ $? -ne 104 ] || return 2 # ZYPPER_EXIT_INF_CAP_NOT_FOUND
            ;;
    esac
    [ -x "$INSTALLER" ] && has kinit && has klist
}

package_problem() {
    {
        grep -E '^ *(E:|Err|ERROR|Error|No match|No package|Problem)' "$WORK/package" ||
            cat "$WORK/package"
    } | tail -n 3 | tr '\n' ' '
}

# ensure_client: on return the client and the Kerberos tools are there.
ensure_client() {
    ! { [ -x "$INSTALLER" ] && has kinit && has klist; } || return 0
    [ "$family" != other ] ||
        finish failed unsupported-os "no FreeIPA client is known for $(os_release ID)"
    [ "$install" = yes ] ||
        finish failed package-missing "the FreeIPA client is missing and may not be installed"
    progress installing
    add_package
    case $? in
        0) ;;
        2) finish failed unsupported-os "$(os_release ID) has no package freeipa-client" ;;
        *) finish failed package-install-failed "$(package_problem)" ;;
    esac
}
