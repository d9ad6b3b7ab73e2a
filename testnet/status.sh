#!/bin/sh
# Says how the nodes that testnet/start.sh has started are doing: why each is or is not voting, height, peers.
# Usage: testnet/status.sh [DIRECTORY]
set -eu

here=$(dirname "$0")
home=${1:-${THRONOS_TESTNET:-$here/../.thronos/testnet}}
thronosd=${THRONOSD:-$here/../target/release/thronosd}
failed=0
for node in "$home"/node-*/; do
    echo "$(basename "$node")"
    "$thronosd" status --home "$node" | sed -e 's/^/    /' || true
    "$thronosd" status --home "$node" > /dev/null 2>&1 || failed=1
done
exit "$failed"
