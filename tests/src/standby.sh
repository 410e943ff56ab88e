# Copies a running server, to stream from it: sh standby.sh <its folder> <the path of postgres>
set -u
folder=$1 bin=${2%/*}

"$bin/pg_basebackup" --no-sync --checkpoint=fast --write-recovery-conf --wal-method=stream --create-slot \
    --slot="$(cat "$folder/slot")" --dbname="$(cat "$folder/primary")" --pgdata="$folder/data" || exit
