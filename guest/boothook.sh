# Innkeeper's part of the user-data: installs the unit that joins this machine, now and at later boots
# while it is not joined. Runs early and at every boot (text/cloud-boothook), so it waits for nothing.
# An image that carries the package innkeeper-guest has the unit already.
# shellcheck shell=sh
[ -d "$ROOT/run/systemd/system" ] || exit 0
unit=innkeeper-join.service
for folder in "$ROOT/usr/lib/systemd/system" "$ROOT/lib/systemd/system"; do
    [ ! -e "$folder/$unit" ] || exit 0
done
umask 022
mkdir -p "$ROOT/usr/local/lib/innkeeper"
cat >"$ROOT/usr/local/lib/innkeeper/boot" <<'BOOT'
@boot.sh@
BOOT
cat >"$ROOT/etc/systemd/system/$unit" <<'UNIT'
@unit.service@
UNIT
if command -v restorecon >/dev/null 2>&1; then
    restorecon -R "$ROOT/usr/local/lib/innkeeper" "$ROOT/etc/systemd/system/$unit"
fi
systemctl daemon-reload
systemctl --quiet enable "$unit"
systemctl --no-block start "$unit"
