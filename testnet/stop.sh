#!/bin/sh
# Stops what testnet/start.sh has started. The chain stays and continues with the next start.
# Usage: testnet/stop.sh [DIRECTORY]
set -eu

home=${1:-${THRONOS_TESTNET:-$(dirname "$0")/../.thronos/testnet}}
if ! [ -e "$home/pids" ]; then
    echo "nothing runs from $home" >&2
    exit 1
fi
# A number may have come to mean another process since then.
is_ours() { [ "$(cat "/proc/$1/comm" 2> /dev/null)" = thronosd ]; }
while read -r pid; do
    if is_ours "$pid"; then kill "$pid" || true; fi
done < "$home/pids"
left=100
while read -r pid; do
    while is_ours "$pid" && [ "$left" -gt 0 ]; do
        left=$((left - 1))
        sleep 0.2
    done
    if is_ours "$pid"; then
        echo "process $pid does not stop; it is killed" >&2
        kill -9 "$pid" || true
    fi
done < "$home/pids"
rm "$home/pids"
echo "stopped"
