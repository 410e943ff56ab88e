# Makes a server's data: sh initialise.sh <its folder> <the path of postgres>
set -u
folder=$1 bin=${2%/*}

# Not every system has C.UTF-8; plain C gives the same order, and lower() and upper() for ASCII only.
initialise() {
    "$bin/initdb" --no-sync --no-instructions -U postgres -E UTF8 --locale="$1" -A trust -D "$folder/data"
}

initialise C.UTF-8 || { rm -rf "$folder/data" && initialise C; } || exit
cp "$folder/pg_hba.conf" "$folder/data/pg_hba.conf"
