"""Section 11: keys of the state, and proofs that a key holds a value or is absent."""

from light.borsh import demand, HASH, Option, Reader, Record, sha256, U16

EMPTY = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"


def account_key(address):
    return b"\0\0\6" + address


def balance_key(address, asset):
    return account_key(address) if asset == 0 else b"\0\0\7" + address + asset.to_bytes(8, "big")


def asset_key(asset):
    return b"\0\1\0" + asset.to_bytes(8, "big")


def read_proof(data):
    reader = Reader(data)
    leaf = Option(Record(key_hash=HASH, value_hash=HASH)).read(reader)
    count = U16.read(reader)
    demand(count <= 256, f"a proof has {count} siblings")
    bits = reader.take((count + 7) // 8)
    present = [bits[place // 8] >> place % 8 & 1 for place in range(8 * len(bits))]
    demand(not any(present[count:]), "a proof has bits beyond its siblings")
    siblings = [reader.take(32) if bit else EMPTY for bit in present[:count]]
    demand(siblings.count(EMPTY) == present[:count].count(0), "a proof spells an empty sibling out")
    demand(reader.place == len(data), "bytes are left over behind a proof")
    return leaf, siblings


def check_proof(root, key, value, proof_bytes):
    """Checks that the key holds the value, or nothing, in the state with this root."""
    leaf, siblings = read_proof(proof_bytes)
    place, depth = sha256(key), len(siblings)
    bits = [place[bit // 8] >> 7 - bit % 8 & 1 for bit in range(256)]
    demand(not siblings or siblings[0] != EMPTY, "a proof goes deeper than its tree")
    if value is not None:
        demand(leaf is not None and leaf["key_hash"] == place, "a proof does not show the key")
        demand(leaf["value_hash"] == sha256(value), "a proof shows another value")
    elif leaf is not None:
        demand(leaf["key_hash"] != place, "a proof shows that the key is there")
        other = [leaf["key_hash"][bit // 8] >> 7 - bit % 8 & 1 for bit in range(256)]
        demand(other[:depth] == bits[:depth], "the leaf of a proof does not stand in the key's way")
    current = EMPTY if leaf is None else sha256(b"JMT::LeafNode", leaf["key_hash"], leaf["value_hash"])
    for height, sibling in enumerate(siblings):
        pair = (sibling, current) if bits[depth - 1 - height] else (current, sibling)
        current = sha256(b"JMT::IntrnalNode", *pair)
    demand(current == root, "a proof does not lead to the state root")
