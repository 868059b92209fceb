# shellcheck shell=bash
COMMANDS=(install missing list)

packages_help() {
    cat <<'H'
env packages install build|parts|all    installs what is missing
env packages missing [build|parts|all]  prints what is missing; 1 when something is
env packages list build|parts|all       prints the whole list
H
}

chosen_sets() {
    case ${1:-all} in
        all) echo "${PACKAGE_SETS[*]}" ;;
        build | parts) echo "$1" ;;
        *) die "no package set '$1': build, parts or all" ;;
    esac
}

packages_install() {
    begin_on_machine
    local sets
    sets=$(chosen_sets "${1:-all}")
    # shellcheck disable=SC2086
    need_packages $sets
}

packages_missing() {
    check_debian
    local sets missing
    sets=$(chosen_sets "${1:-all}")
    # shellcheck disable=SC2086
    missing=$(missing_packages $sets)
    [ -n "$missing" ] || return 0
    echo "$missing"
    return 1
}

packages_list() {
    local set sets
    sets=$(chosen_sets "${1:-all}")
    for set in $sets; do read_list "$set"; done
}
