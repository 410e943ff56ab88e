# Runs one throw-away server: sh watchdog.sh <its folder> <PostgreSQL's bin folder> <the server's arguments>
#
# Standard input is a pipe nobody writes to. It ends when the process that started this one is gone, however it died:
# then the server is stopped and its folder removed. When the server ends by itself, so does this script.
set -u
folder=$1 bin=$2
shift 2
exec 3<&0 </dev/null
trap '' HUP INT

# Not every system has C.UTF-8; plain C gives the same order, and lower() and upper() for ASCII only.
initialise() {
    "$bin/initdb" --no-sync --no-instructions -U postgres -E UTF8 --locale="$1" -A trust -D "$folder/data"
}

stop() {
    # An immediate shutdown: the data is about to be removed. Asked again until heard, because a server that has only
    # just been started has no signal handler yet.
    tries=0
    while [ "$tries" -lt 50 ]; do
        kill -QUIT "$server" 2>/dev/null || return
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -KILL "$server"
}

if initialise C.UTF-8 || { rm -rf "$folder/data" && initialise C; }; then
    cp "$folder/pg_hba.conf" "$folder/data/pg_hba.conf"
    "$bin/postgres" -D "$folder/data" "$@" 3<&- &
    server=$!
    { read -r _ <&3; stop; } &
    watcher=$!
    exec 3<&-
    trap stop TERM
    # A handled signal ends `wait` early.
    while kill -0 "$server" 2>/dev/null; do wait "$server"; done
    kill "$watcher" 2>/dev/null
fi

cd /
# The server's last processes may still be writing while it goes down.
rm -rf "$folder" 2>/dev/null || { sleep 1; rm -rf "$folder"; }
