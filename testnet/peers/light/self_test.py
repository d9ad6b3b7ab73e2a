"""What is changed must be noticed: every leaf of what is checked, and then what only a signature, a quorum or a path can notice."""

import copy

from light.blocks import header_hash
from light.borsh import MALFORMED, Many, Option, U64, U8, unhex, Wrong, ZERO
from light.forms import AUTH, BODY, CALLS, CERTIFICATE, HEADER, TRANSACTION, WITNESS
from light.keys import ORDER, read_address
from light.state import check_proof
from light.transactions import check_transaction
from light.transfer import check_transfer
from light.vectors import check_genesis_vector, check_vectors, group_check, GROUPS, same

# What people read beside the values; nothing follows from it.
UNCHECKED = {"what", "name", "message"}


def changed(value):
    """Other values than this leaf, each changed in one place."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int):
        return [value + 1] + ([value - 1] if value > 0 else [])
    if value.isdigit() and len(value) < 16:
        return [str(int(value) + 1)]
    places = sorted({0, len(value) // 2, len(value) - 1}) if value else []
    return [value[:place] + ("1" if value[place] != "1" else "2") + value[place + 1 :] for place in places]


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in UNCHECKED:
                yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, (*path, place))
    else:
        yield path, value


def with_leaf(root, path, leaf):
    copied = copy.deepcopy(root)
    part = copied
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = leaf
    return copied


def must_fail(check, what):
    """Runs a check that has to find something wrong."""
    try:
        check()
    except (Wrong, *MALFORMED):
        return 1
    raise Wrong(f"not noticed: {what}")


def change_every_leaf(value, check, what):
    check(value)
    count = 0
    for path, leaf in list(leaves(value)):
        for other in changed(leaf):
            place = ".".join(map(str, (what, *path)))
            count += must_fail(lambda: check(with_leaf(value, path, other)), f"{place}, {str(leaf)[:40]} changed to {str(other)[:40]}")
    return count


def flip_every_byte(data, check, what):
    check(data)
    count = 0
    for place in range(len(data)):
        other = data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
        count += must_fail(lambda: check(other), f"{what}, bit {place % 8} of byte {place}")
    for other, how in ((data + b"\0", "a byte more"), (data[:-1], "a byte less")):
        count += must_fail(lambda: check(other), f"{what}, {how}")
    return count


def self_test(vectors):
    """Changes everything, and then what only a signature, a quorum or a path can notice."""
    chain, _ = check_vectors(vectors)
    count = 0
    genesis = {name: vectors[name] for name in (
        "genesis", "genesis_bytes", "chain_id", "genesis_header", "genesis_hash", "validator_set", "validators_hash")}
    count += change_every_leaf(genesis, check_genesis_vector, "genesis")
    for name in GROUPS:
        check = group_check(name, vectors)
        for place, entry in enumerate(vectors[name]):
            # Beyond what 128 bits hold all prices are the same.
            if name == "prices" and int(entry["price"]) == (1 << 128) - 1:
                count += must_fail(lambda: check(chain, {**entry, "price": "1"}), f"prices[{place}]")
                continue
            count += change_every_leaf(entry, lambda other: check(chain, other), f"{name}[{place}]")
    count += test_keys(vectors) + test_signatures(chain, vectors) + test_certificates(chain, vectors)
    count += test_proofs(vectors) + test_reading(vectors)
    return count


def test_keys(vectors):
    text = vectors["keys"][0]["test"]
    wrong = [(text, "main"), (vectors["keys"][0]["main"], "test"), (text[:8] + text[8:].upper(), "test"), (text[:-1], "test"), ("", "test")]
    count = sum(must_fail(lambda: read_address(other, network), f"the address {other} on {network}") for other, network in wrong)
    same(read_address(text.upper(), "test"), read_address(text, "test"), "the address in capitals")
    return count


def test_signatures(chain, vectors):
    count = 0
    for entry in vectors["transactions"]:
        transaction = TRANSACTION.value(unhex(entry["body"] + entry["witness"], "a transaction"))
        data = BODY.bytes(transaction["body"])
        # Here nothing is compared with a recorded id: only the signature can notice.
        count += flip_every_byte(
            data, lambda other: check_transaction(chain.id, {**transaction, "body": BODY.value(other)}), f"{entry['what']}: body")
        witness = WITNESS.bytes(transaction["witness"])
        count += flip_every_byte(
            witness, lambda other: check_transaction(chain.id, {**transaction, "witness": WITNESS.value(other)}),
            f"{entry['what']}: witness")
        count += must_fail(lambda: check_transaction(ZERO, transaction), f"{entry['what']}: for another chain")
    single = TRANSACTION.value(unhex(vectors["transactions"][0]["body"] + vectors["transactions"][0]["witness"], "a transaction"))
    auth = single["witness"]["auths"][0]["single"]
    high = ORDER - int.from_bytes(auth["signature"][32:], "big")
    auth["signature"] = auth["signature"][:32] + high.to_bytes(32, "big")
    return count + must_fail(lambda: check_transaction(chain.id, single), "a high s")


def test_certificates(chain, vectors):
    block, other = vectors["blocks"][0], vectors["blocks"][1]
    header_bytes = unhex(block["header"], "a header")
    header, hashed = HEADER.value(header_bytes), header_hash(header_bytes)
    good = CERTIFICATE.value(unhex(block["certificate"], "a certificate"))
    count = flip_every_byte(header_bytes, lambda data: chain.check_final(data, [], CERTIFICATE.bytes(good)), "header")
    chain.check_certificate(header, hashed, good)
    statement, size = good["statement"], len(chain.power)
    signature = CERTIFICATE.value(unhex(other["certificate"], "a certificate"))["signature"]
    full = (1 << size) - 1
    bitmaps = [bits.to_bytes((size + 8) // 8, "little")[: (size + 7) // 8] for bits in (0, full ^ 1, full ^ 2, 1, 3, full | 1 << size)]
    cases = [
        ("the signature of another block", {**good, "signature": signature}),
        ("the identity", {**good, "signature": bytes([0xC0]) + bytes(47)})]
    cases += [(f"the bitmap {bitmap.hex()}", {**good, "signers": bitmap}) for bitmap in bitmaps if bitmap != good["signers"]]
    cases += [("a longer bitmap", {**good, "signers": good["signers"] + b"\0"}), ("no bitmap", {**good, "signers": b""})]
    later = {name: statement[name] + 1 for name in ("epoch", "view", "parent_view")}
    changes = [("kind", 0), ("kind", 1), ("block", ZERO), *later.items()]
    cases += [(f"{name} {value}", {**good, "statement": {**statement, name: value}}) for name, value in changes]
    for what, certificate in cases:
        count += must_fail(lambda: chain.check_certificate(header, hashed, certificate), f"a certificate with {what}")
    for place in range(len(good["signature"])):
        signature = good["signature"][:place] + bytes([good["signature"][place] ^ 1]) + good["signature"][place + 1 :]
        count += must_fail(lambda: chain.check_certificate(header, hashed, {**good, "signature": signature}), f"byte {place} of the aggregate")
    far = unhex(other["header"], "a header")
    return count + must_fail(
        lambda: chain.check_final(header_bytes, [far], unhex(other["certificate"], "a certificate")), "a descendant that is none")


def test_proofs(vectors):
    count = 0
    for entry in vectors["proofs"]:
        root, key, proof = (unhex(entry[name], name) for name in ("state_root", "key", "proof"))
        value = None if entry["value"] is None else unhex(entry["value"], "a value")
        what = f"proof of {entry['what']}"
        count += flip_every_byte(proof, lambda other: check_proof(root, key, value, other), what)
        count += flip_every_byte(root, lambda other: check_proof(other, key, value, proof), f"{what}: root")
        if value is not None:
            count += flip_every_byte(value, lambda other: check_proof(root, key, other, proof), f"{what}: value")
            count += flip_every_byte(key, lambda other: check_proof(root, other, value, proof), f"{what}: key")
        count += must_fail(lambda: check_proof(root, key, None if value is not None else b"\1", proof), f"{what}: the opposite")
    return count


def test_reading(vectors):
    data = unhex(vectors["transactions"][0]["body"], "a body")
    cases = [(Option(U8), b"\2\0"), (Many(3), (4).to_bytes(4, "little") + bytes(4)), (Many(2, U8), b"\xff\xff\xff\xff"), (AUTH, b"\2"),
             (CALLS[1], b"\5"), (BODY, data + b"\0"), (BODY, data[:-1]), (U64, bytes(7))]
    return sum(must_fail(lambda: form.value(other), f"malformed bytes {other[:8].hex()}") for form, other in cases)


def self_test_transfer(chain, evidence, to, amount, memo):
    """Changes every leaf of what a node said."""
    return change_every_leaf(evidence, lambda other: check_transfer(chain, other, to, amount, memo), "evidence")
