#!/bin/bash
# slim.sh ROOT KERNEL: makes a Debian root into a guest that boots quickly under plain emulation.
# What differs from an ordinary Debian: no public CAs, no init scripts, few units and udev rules,
# the guest agent starts early, journal in memory. Tests that need Debian's own order must say so.
set -euo pipefail
ROOT=$1 KERNEL=$2
VERSION=$(cat "$KERNEL/version")

# Modules: virtio, file systems of seeds, nothing of real hardware.
copy_modules() {
    local target=$ROOT/usr/lib/modules/$VERSION path
    mkdir -p "$target"
    for path in drivers/{virtio,block,net/{virtio_net,net_failover}.ko,char/virtio_console.ko} \
        drivers/{char/hw_random,cdrom,scsi,ata,ptp,rtc,acpi,input} \
        fs/{isofs,fat,nls,squashfs,overlayfs,fuse,configfs,autofs} \
        net/core/failover.ko net/vmw_vsock crypto arch/x86/crypto lib; do
        [ -e "$KERNEL/modules/kernel/$path" ] || continue
        mkdir -p "$target/kernel/$(dirname "$path")"
        cp -a "$KERNEL/modules/kernel/$path" "$target/kernel/$path"
    done
    cp "$KERNEL"/modules/modules.{builtin,order,builtin.modinfo} "$target/"
    depmod -b "$ROOT" "$VERSION"
}

configure_system() {
    echo guest >"$ROOT/etc/hostname"
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$ROOT/etc/hosts"
    : >"$ROOT/etc/machine-id"
    ln -sf /etc/machine-id "$ROOT/var/lib/dbus/machine-id"
    echo '/dev/vda / ext4 noatime 0 0' >"$ROOT/etc/fstab"
    ln -sf /run/systemd/resolve/stub-resolv.conf "$ROOT/etc/resolv.conf"
    find "$ROOT/etc/cloud/cloud.cfg.d" -type f ! -name '05_logging.cfg' -delete
    cp "$(dirname "$0")/cloud.cfg" "$ROOT/etc/cloud/cloud.cfg"
    printf 'policy: enabled\ndatasource: NoCloud\n' >"$ROOT/etc/cloud/ds-identify.cfg"
    # for a seed that says nothing about the network
    printf '[Match]\nName=eth*\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no\n' \
        >"$ROOT/etc/systemd/network/90-default.network"
    mkdir -p "$ROOT"/etc/systemd/{journald,system}.conf.d
    printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n' \
        >"$ROOT/etc/systemd/journald.conf.d/guest.conf"
    printf '[Manager]\nDefaultTimeoutStartSec=300s\nDefaultTimeoutStopSec=20s\nLogLevel=notice\n' \
        >"$ROOT/etc/systemd/system.conf.d/guest.conf"  # emulation is slow
    chroot "$ROOT" passwd -q -l root
}

choose_units() {
    local dropin=$ROOT/etc/systemd/system/qemu-guest-agent.service.d
    chroot "$ROOT" systemctl enable -q systemd-networkd systemd-resolved qemu-guest-agent \
        cloud-init-local cloud-init cloud-config cloud-final
    chroot "$ROOT" systemctl disable -q certmonger sssd oddjobd
    chroot "$ROOT" systemctl mask -q apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer \
        getty@tty1.service serial-getty@{ttyS0,hvc0}.service getty-static.service \
        proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount sys-kernel-tracing.mount \
        dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
        modprobe@{drm,fuse,configfs,efi_pstore}.service systemd-journal-flush.service \
        systemd-update-utmp.service systemd-update-utmp-runlevel.service ldconfig.service \
        cloud-init-hotplugd.socket \
        sssd-{nss,pam,pac,sudo,ssh,autofs,pam-priv}.socket systemd-network-generator.service
    # Debian's unit waits for basic.target, and so for most of cloud-init
    mkdir -p "$dropin"
    cat >"$dropin/early.conf" <<'UNIT'
[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service
Conflicts=shutdown.target
Before=shutdown.target
UNIT
}

# `systemctl enable` and `daemon-reload`, which ipa-client-install calls often, cost by the number
# of unit files, generators and init scripts.
remove_units() {
    rm -f "$ROOT"/etc/init.d/* "$ROOT"/etc/rc?.d/*
    (
        cd "$ROOT/lib/systemd/system-generators"
        rm -f systemd-{cryptsetup,debug,getty,gpt-auto,hibernate-resume,integritysetup}-generator \
            systemd-{rc-local,run,system-update,sysv,veritysetup}-generator
    )
    (
        cd "$ROOT/lib/systemd/system"
        rm -rf apt-daily* autovt@* boot-complete* console-getty* container-getty@* ./*cryptsetup* \
            debug-shell* dpkg-db* factory-reset* fstrim* getty-static* hibernate* hwclock* \
            hybrid-sleep* initrd* integritysetup* kexec* ./*pcrphase* pam_namespace* printer* \
            quotaon* rc-local* rc.service rcS* remote-veritysetup* rpcbind* runlevel* \
            smartcard* sound* suspend* usb-gadget* verity* bluetooth* x11-common* \
            systemd-{ask-password,backlight,binfmt,boot,firstboot,fsck,hibernate,hybrid,initctl}* \
            systemd-{kexec,localed,pstore,quotacheck,repart,rfkill,suspend,sysext,system-update}* \
            systemd-{time-wait,timedated,volatile}* \
            sysinit.target.wants/*{cryptsetup,veritysetup,integritysetup,binfmt,pstore,pcrphase}* \
            sysinit.target.wants/*{repart,sysext,firstboot,ask-password,boot-system-token,hwdb}* \
            multi-user.target.wants/*ask-password* sockets.target.wants/systemd-initctl*
        cd "$ROOT/lib/udev/rules.d"
        rm -f ./*{autosuspend,drm,evdev,fido,infiniband,input,alsa,dm,tape,v4l,sensor,camera}* \
            ./*{joystick,mouse,touchpad,uaccess,seat,mtd,sound,hwclock,btrfs,memory}*
    )
    find "$ROOT/etc/systemd/system" -maxdepth 1 -lname /dev/null | while read -r mask; do
        [ -e "$ROOT/lib/systemd/system/$(basename "$mask")" ] || rm -f "$mask"
    done
    # /dev/disk/by-label needs no hardware database
    rm -rf "$ROOT"/usr/lib/udev/hwdb.bin "$ROOT"/etc/udev/hwdb.bin "$ROOT"/usr/lib/udev/hwdb.d
}

# update-ca-certificates forks several programs for each CA: 79 s of an emulated ipa-client-install
remove_public_cas() {
    rm -f "$ROOT"/etc/ssl/certs/*
    : >"$ROOT/etc/ssl/certs/ca-certificates.crt"
    find "$ROOT/usr/share/ca-certificates" -name '*.crt' -delete
    sed -i '/^[^#]/d' "$ROOT/etc/ca-certificates.conf"
}

copy_modules
configure_system
choose_units
remove_units
remove_public_cas
chroot "$ROOT" python3 -m compileall -q /usr/lib/python3/dist-packages /usr/lib/python3.11 \
    >/dev/null 2>&1 || true
