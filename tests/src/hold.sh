# Runs a server that may be killed and started again: sh hold.sh <its folder> <the path of postgres> <arguments>
#
# While there is a file `down` in the folder the server stays away; else it is started whenever it has ended.
set -u
folder=$1
shift
running=
stop() {
    # What has just been started has no signal handler yet; the watchdog asks again.
    [ -z "$running" ] || kill -QUIT "$running" 2>/dev/null && wait "$running"
    exit
}
trap stop QUIT TERM

while :; do
    if [ -e "$folder/down" ]; then
        sleep 0.02
        continue
    fi
    "$@" &
    running=$!
    while kill -0 "$running" 2>/dev/null; do wait "$running"; done
    running=
    # A killed server's last processes are still going.
    sleep 0.1
done
