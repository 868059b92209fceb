# The constant text of the one guest-exec (`sh -c`): copies the script from standard input into a
# private file and runs it with what is left of the input. `read` never reads ahead, so the script
# finds its parameters. Comment lines are dropped when this is embedded; the agent in the guest logs
# the rest, which is why nothing else may ever stand in argv. ROOT is set by tests alone.
# shellcheck shell=sh
set -eu
umask 077
ROOT=
dir=$ROOT/run/innkeeper
refuse() {
    printf '{"attempt":"","result":"failed","class":"internal","detail":"%s","exit":0}\n' "$1"
    exit 1
}
mkdir "$dir" 2>/dev/null || :
# shellcheck disable=SC2012,SC2046
set -- $(ls -ldn "$dir" 2>/dev/null)
if [ -L "$dir" ] || [ ! -d "$dir" ] || [ "${3:-}" != "$(id -u)" ]; then
    refuse "/run/innkeeper is not a directory of root"
fi
chmod 700 "$dir"
file=$(mktemp "$dir/script.XXXXXX") || refuse "no file can be made in /run/innkeeper"
complete=
while IFS= read -r line; do
    if [ "$line" = '#--innkeeper-parameters--' ]; then
        complete=yes
        break
    fi
    printf '%s\n' "$line"
done >"$file"
if [ -z "$complete" ]; then
    rm -f "$file"
    refuse "standard input ended within the script"
fi
exec /bin/sh "$file"
