# Sourced by ensure-…, which say in `ways` how else to get what they ensure.

give_up() {
    echo "${0##*/}: $1." >&2
    ways >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        give_up "installing it takes root, and there is no sudo"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1"
}

# install_package <dnf's names> <apk's names> <brew's name>; for apt, `install_by_apt` knows what else must be done.
# Several names are one argument, to be split at its blanks.
# shellcheck disable=SC2086
install_package() {
    if command -v apt-get >/dev/null; then
        as_root apt-get update
        install_by_apt
    elif command -v dnf >/dev/null; then
        as_root dnf install -y $1 || give_up "dnf could not install $1"
    elif command -v apk >/dev/null; then
        as_root apk add $2 || give_up "apk could not add $2"
    elif command -v brew >/dev/null; then
        brew install "$3" || give_up "brew could not install $3"
    else
        give_up "none was found, and no package manager that this script knows"
    fi
}
