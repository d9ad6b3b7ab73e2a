"""Sections 2 and 10: a chain by its genesis, and what its validators signed."""

import hashlib

from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G1, decompress_G2
from py_ecc.optimized_bls12_381 import FQ12, G2, add, curve_order, final_exponentiate, is_inf, multiply, neg, normalize, pairing

from light.answers import read_genesis
from light.blocks import header_hash
from light.borsh import demand, HASH, tag, tagged, U64, U8, Wrong, ZERO
from light.forms import CERTIFICATE, GENESIS, HEADER, VALIDATOR_SET
from light.keys import PREFIXES

VOTES = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
POSSESSION = b"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"


def read_point(data, what):
    """A point of G1 (48 bytes) or G2 (96 bytes) in its one compressed form, in the right subgroup, not the identity."""
    try:
        if len(data) == 48:
            point = decompress_G1(int.from_bytes(data, "big"))
            again = compress_G1(point).to_bytes(48, "big")
        else:
            point = decompress_G2((int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big")))
            again = b"".join(half.to_bytes(48, "big") for half in compress_G2(point))
    except (ValueError, AssertionError):
        raise Wrong(f"{what} is no point of its curve") from None
    demand(not is_inf(point), f"{what} is the identity")
    demand(again == data, f"{what} is not in the one compressed form")
    demand(is_inf(multiply(point, curve_order)), f"{what} is not in the subgroup")
    return point


GOOD = set()  # What was found good: pairings are slow, and a block is looked at more than once.


def check_bls(keys, message, signature, ciphersuite, what):
    known = (tuple(sorted(map(str, map(normalize, keys)))), message, signature, ciphersuite)
    if known in GOOD:
        return
    point, key = read_point(signature, what), keys[0]
    for other in keys[1:]:
        key = add(key, other)
    demand(not is_inf(key), f"{what} is by keys that cancel out")
    hashed = hash_to_G1(message, ciphersuite, hashlib.sha256)
    product = pairing(neg(G2), point, final_exponentiate=False) * pairing(key, hashed, final_exponentiate=False)
    demand(final_exponentiate(product) == FQ12.one(), f"{what} does not match")
    GOOD.add(known)


def vote_preimage(chain_id, statement):
    parts = [(U64, "epoch"), (U64, "view"), (U8, "kind"), (U64, "parent_view"), (HASH, "block")]
    return tag("thronos/vote") + chain_id + b"".join(form.bytes(statement[name]) for form, name in parts)


class Chain:
    """A chain by its genesis file."""

    def __init__(self, file):
        self.network = file.get("network")
        demand(self.network in PREFIXES, "the genesis names no network")
        self.genesis = read_genesis(file)
        self.bytes = GENESIS.bytes(self.genesis)
        self.id = tagged("thronos/chain", self.bytes)
        members = [{name: member[name] for name in ("key", "power", "account", "peer")} for member in self.genesis["validators"]]
        self.set = {"validators": members}
        self.set_hash = tagged("thronos/set", VALIDATOR_SET.bytes(self.set))
        keys, power = [member["key"] for member in members], [member["power"] for member in members]
        demand(members and all(a < b for a, b in zip(keys, keys[1:])), "the validators of the genesis do not rise by their keys")
        demand(min(power) > 0 and sum(power) < 1 << 60, "the power of the genesis' validators is impossible")
        self.power = power
        self.points = [read_point(key, "a validator's key") for key in keys]
        for point, member in zip(self.points, self.genesis["validators"]):
            check_bls([point], member["key"], member["possession"], POSSESSION, "a validator's proof of possession")

    def first_header(self):
        """Block 0."""
        genesis = self.genesis
        return HEADER.bytes({
            "version": genesis["version"], "chain_id": self.id, "epoch": 0, "view": 0, "height": 0, "parent": ZERO,
            "time": genesis["time"], "proposer": 0, "body_root": ZERO, "state_root": ZERO, "receipts_root": ZERO,
            "price": genesis["parameters"]["fees"]["price_floor"], "validators_hash": self.set_hash, "next_validators_hash": None})

    def check_final(self, header_bytes, descendants, certificate_bytes):
        """Gives the header, its hash, and how many signed."""
        first = header = HEADER.value(header_bytes)
        last_hash = first_hash = header_hash(header_bytes)
        demand(header["chain_id"] == self.id, "a header is of another chain")
        for child_bytes in descendants:
            child = HEADER.value(child_bytes)
            demand(child["chain_id"] == self.id, "a header is of another chain")
            linked = child["parent"] == last_hash and child["height"] == header["height"] + 1
            demand(linked, "the headers up to the certified one are not a chain")
            header, last_hash = child, header_hash(child_bytes)
        return first, first_hash, self.check_certificate(header, last_hash, CERTIFICATE.value(certificate_bytes))

    def check_certificate(self, header, block, certificate):
        height, statement = header["height"], certificate["statement"]
        is_finalization = statement["kind"] == 2 and statement["parent_view"] == 0 and statement["block"] == block
        demand(is_finalization, f"the certificate does not finalize block {height}")
        is_last = header["next_validators_hash"] is not None
        in_view = statement["view"] >= header["view"] if is_last else statement["view"] == header["view"]
        demand(statement["epoch"] == header["epoch"] and in_view, f"the certificate of block {height} is of another epoch or view")
        demand(header["validators_hash"] == self.set_hash, f"block {height} names another validator set than the genesis")
        bitmap, count = certificate["signers"], len(self.power)
        demand(len(bitmap) == (count + 7) // 8, f"the bitmap of block {height} has the wrong length")
        signers = [place for place in range(8 * len(bitmap)) if bitmap[place // 8] >> place % 8 & 1]
        demand(all(place < count for place in signers), f"the bitmap of block {height} names a validator that does not exist")
        signed = sum(self.power[place] for place in signers)
        demand(3 * signed > 2 * sum(self.power), f"the signers of block {height} are not a quorum")
        keys = [self.points[place] for place in signers]
        check_bls(keys, vote_preimage(self.id, statement), certificate["signature"], VOTES, f"the signature of block {height}")
        return len(signers)
