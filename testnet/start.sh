#!/bin/sh
# Starts a local network of four validators with nothing but the two binaries: what `cargo x devnet` does, step by step.
# Usage: testnet/start.sh [DIRECTORY]     stop it with testnet/stop.sh, look at it with testnet/status.sh
set -eu

here=$(dirname "$0")
home=${1:-${THRONOS_TESTNET:-$here/../.thronos/testnet}}
thronosd=${THRONOSD:-$here/../target/release/thronosd}
thronos=${THRONOS:-$here/../target/release/thronos}
validators=${VALIDATORS:-4}
base=${BASE_PORT:-26700}

for program in "$thronosd" "$thronos"; do
    if ! [ -x "$program" ]; then
        echo "there is no $program: build it with \`cargo build --release -p node -p thronos\`," \
            "or say where it is with THRONOSD and THRONOS" >&2
        exit 1
    fi
done

umask 077
mkdir -p "$home"
home=$(cd "$home" && pwd)
if [ -e "$home/pids" ]; then
    echo "a network runs from $home already, or was not stopped: run testnet/stop.sh $home first" >&2
    exit 1
fi
genesis=$home/genesis.json
password=$home/password
wallet() { "$thronos" --wallet-dir "$home/wallet" --password-file "$password" "$@"; }

# The first time: keys, accounts, and the genesis that names them. Later starts continue the same chain.
if ! [ -e "$home/complete" ]; then
    printf 'local-network\n' > "$password"
    for name in alice bob ecosystem; do
        wallet wallet new --name "$name" --words 12 --yes > "$home/$name.words"
    done
    address() { wallet wallet list --json | tr -d ' \n' | tr '{' '\n' | sed -n "s/.*\"name\":\"$1\".*/&/p" | grep -o 'thrt1[a-z0-9]*' | head -n 1; }
    "$thronosd" genesis new "$genesis" --name thronos-local --network test --ecosystem "$(address ecosystem)" > "$home/genesis.log"
    i=0
    while [ "$i" -lt "$validators" ]; do
        node=$home/node-$i
        "$thronosd" init --home "$node" --validator --password-file "$password" \
            --listen "/ip4/127.0.0.1/udp/$((base + 10 * i))/quic-v1" --listen "/ip4/127.0.0.1/tcp/$((base + 10 * i))" \
            --api "127.0.0.1:$((base + 10 * i + 1))" --set network.private_addresses=true >> "$home/genesis.log"
        wallet wallet new --name "validator-$i" --words 12 --yes > "$home/validator-$i.words"
        "$thronosd" genesis add-validator "$genesis" --entry "$node/keys/validator-entry.json" \
            --account "$(address "validator-$i")" >> "$home/genesis.log"
        i=$((i + 1))
    done
    for name in alice bob; do
        "$thronosd" genesis add-balance "$genesis" "$(address "$name")" 1000000 >> "$home/genesis.log"
    done
    # A network on one machine needs no patience: delta 100 ms, no pause between blocks, epochs of a minute.
    sed -e 's/"delta_ms": [0-9]*/"delta_ms": 100/' -e 's/"block_interval_min_ms": [0-9]*/"block_interval_min_ms": 0/' \
        -e 's/"epoch_length_ms": [0-9]*/"epoch_length_ms": 60000/' "$genesis" > "$genesis.local"
    mv "$genesis.local" "$genesis"
    "$thronosd" genesis validate "$genesis"
    cp "$genesis" "$home/wallet/genesis.json"
    i=0
    while [ "$i" -lt "$validators" ]; do
        cp "$genesis" "$home/node-$i/genesis.json"
        i=$((i + 1))
    done
    : > "$home/complete"
fi

# Every node is told where the first one is; from there they find one another.
peer=$(sed -n 's/.*"peer_id": *"\([^"]*\)".*/\1/p' "$home/node-0/keys/validator-entry.json")
bootstrap=/ip4/127.0.0.1/udp/$base/quic-v1/p2p/$peer
i=0
for node in "$home"/node-*/; do
    node=${node%/}
    if [ "$i" -eq 0 ]; then
        "$thronosd" run --home "$node" < /dev/null > /dev/null 2>> "$node.log" &
    else
        "$thronosd" run --home "$node" --bootstrap "$bootstrap" < /dev/null > /dev/null 2>> "$node.log" &
    fi
    echo "$!" >> "$home/pids"
    i=$((i + 1))
done
echo "$i nodes were started; logs are in $home/node-*.log"
echo "bootstrap address for others: $bootstrap"
# A node opens its key, its log and its database before it answers.
left=50
until THRONOSD=$thronosd "$here/status.sh" "$home" > /dev/null 2>&1 || [ "$left" -eq 0 ]; do
    left=$((left - 1))
    sleep 0.2
done
THRONOSD=$thronosd "$here/status.sh" "$home"
