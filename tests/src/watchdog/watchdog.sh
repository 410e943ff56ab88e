# Runs one throw-away program: sh watchdog.sh <its folder> <the signal that stops it> <preparation or ''> <program> <command>
#
# Standard input is a pipe nobody writes to. It ends when the process that started this one is gone, however it died:
# then the program is stopped and its folder removed. When the program ends by itself, so does this script.
#
# The preparation is a script that is run to its end first, with the folder and the program's path as arguments. The command
# is the program with its arguments, or what runs it.
set -u
folder=$1 signal=$2 preparation=$3 program=$4
shift 4
exec 3<&0 </dev/null
trap '' HUP INT

stop() {
    # Asked again until heard, because a program that has only just been started has no signal handler yet.
    tries=0
    while [ "$tries" -lt 50 ]; do
        kill "-$signal" "$running" 2>/dev/null || return
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -KILL "$running"
}

if [ -z "$preparation" ] || sh "$preparation" "$folder" "$program"; then
    "$@" 3<&- &
    running=$!
    { read -r _ <&3; stop; } &
    watcher=$!
    exec 3<&-
    trap stop TERM
    # A handled signal ends `wait` early.
    while kill -0 "$running" 2>/dev/null; do wait "$running"; done
    kill "$watcher" 2>/dev/null
fi

cd /
# The program's last processes may still be writing while it goes down.
rm -rf "$folder" 2>/dev/null || { sleep 1; rm -rf "$folder"; }
