"""A wallet and light client of its own, written from docs/FORMATS.md alone: no line of it comes from the node.

It signs and submits a transfer, follows it until it is final, and checks everything that the node says about it: ids, block hash, body,
certificate, receipts, events, and proofs of the balances. It also checks recorded vectors without a node, and itself: with
`--self-test` every byte that it checks is changed, and each check has to notice.

    formats.py --node URL --genesis FILE (--mnemonic-file FILE | --key-file FILE) --to ADDRESS --amount UNITS [--memo TEXT] [--json]
    formats.py --vectors FILE [--json]
    formats.py --self-test [--vectors FILE] [--json]         also together with --node …

Exit code 0: all holds. 1: something does not, in one sentence on standard error. 2: the command line is wrong.
It trusts the genesis file and nothing else. Needs coincurve (secp256k1) and py_ecc (BLS12-381).
"""

import argparse
import copy
import hashlib
import hmac
import json
import sys
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import coincurve
from coincurve.ecdsa import cdata_to_der, deserialize_compact
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G1, decompress_G2
from py_ecc.optimized_bls12_381 import FQ12, G2, add, curve_order, final_exponentiate, is_inf, multiply, neg, normalize, pairing

VECTORS = Path(__file__).with_name("formats-vectors.json")
ZERO = bytes(32)


class Wrong(Exception):
    """Something is not what the formats, the genesis or the signatures say."""


def demand(holds, sentence):
    if not holds:
        raise Wrong(sentence)


def unhex(text, what):
    demand(isinstance(text, str) and text == text.lower(), f"{what} is not lower-case hexadecimal")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Wrong(f"{what} is not hexadecimal") from None


# --- 1. Conventions: borsh, hashes ---------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        end = self.place + count
        demand(end <= len(self.data), f"bytes are missing: {end - len(self.data)} more were announced")
        taken, self.place = self.data[self.place : end], end
        return taken


class Form:
    """A type: what writes and reads its values."""

    def bytes(self, value):
        return b"".join(self.write(value))

    def value(self, data):
        reader = Reader(data)
        value = self.read(reader)
        demand(reader.place == len(data), f"{len(data) - reader.place} bytes are left over")
        return value


class Number(Form):
    def __init__(self, length):
        self.length = length

    def write(self, value):
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << (8 * self.length)
        demand(fits, f"{value!r} is no number of {8 * self.length} bits")
        return [value.to_bytes(self.length, "little")]

    def read(self, reader):
        return int.from_bytes(reader.take(self.length), "little")


class Fixed(Form):
    def __init__(self, length):
        self.length = length

    def write(self, value):
        demand(len(value) == self.length, f"{len(value)} bytes where {self.length} belong")
        return [bytes(value)]

    def read(self, reader):
        return reader.take(self.length)


class Many(Form):
    """A list of values; of bytes where no form of a value is given."""

    def __init__(self, most, form=None):
        self.most, self.form = most, form

    def write(self, value):
        demand(len(value) <= self.most, f"{len(value)} values or bytes, at most {self.most} are allowed")
        head = len(value).to_bytes(4, "little")
        if self.form is None:
            return [head, bytes(value)]
        return [head] + [part for item in value for part in self.form.write(item)]

    def read(self, reader):
        count = int.from_bytes(reader.take(4), "little")
        demand(count <= self.most, f"{count} values or bytes are announced, at most {self.most} are allowed")
        return reader.take(count) if self.form is None else [self.form.read(reader) for _ in range(count)]


class Option(Form):
    def __init__(self, form):
        self.form = form

    def write(self, value):
        return [b"\0"] if value is None else [b"\1", *self.form.write(value)]

    def read(self, reader):
        flag = reader.take(1)[0]
        demand(flag < 2, f"the byte of an option is {flag}")
        return self.form.read(reader) if flag else None


class Record(Form):
    def __init__(self, **fields):
        self.fields = fields

    def write(self, value):
        demand(set(value) == set(self.fields), f"the fields {sorted(value)} should be {sorted(self.fields)}")
        return [part for name, form in self.fields.items() for part in form.write(value[name])]

    def read(self, reader):
        return {name: form.read(reader) for name, form in self.fields.items()}


class Variant(Form):
    """Values are {name: fields}."""

    def __init__(self, **forms):
        self.forms, self.names = forms, list(forms)

    def write(self, value):
        (name, fields), = value.items()
        demand(name in self.forms, f"there is no variant {name}")
        return [bytes([self.names.index(name)]), *self.forms[name].write(fields)]

    def read(self, reader):
        number = reader.take(1)[0]
        demand(number < len(self.names), f"there is no variant {number}")
        return {self.names[number]: self.forms[self.names[number]].read(reader)}


U8, U16, U32, U64, U128 = (Number(length) for length in (1, 2, 4, 8, 16))
HASH, ADDRESS, KEY, SIGNATURE, BLS_KEY, BLS_SIGNATURE = (Fixed(length) for length in (32, 20, 33, 64, 96, 48))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tag(name):
    return name.encode().ljust(16, b"\0")


def tagged(name, *parts):
    return sha256(tag(name), *parts)


def ripemd160(data):
    try:
        return hashlib.new("ripemd160", data).digest()
    except ValueError:
        raise Wrong("this Python's OpenSSL has no RIPEMD-160: use one that has") from None


def hash160(data):
    return ripemd160(sha256(data))


# --- 2 to 10. The formats ------------------------------------------------------------------------------------------------------

ASSET = Record(symbol=Many(16), decimals=U8, minter=Option(ADDRESS), cap=U128)
TIMING = Record(**{name: U64 for name in (
    "delta_ms delta_max_ms block_interval_min_ms block_interval_empty_ms epoch_length_ms seed_interval_ms block_ahead_max_ms "
    "block_behind_max_ms validity_max_ms").split()})
FEES = Record(price_floor=U64, weight_target_per_s=U64, excess_per_e=U64, ecosystem=ADDRESS)
LIMITS = Record(body_bytes_max=U32, block_weight_max=U64, system_bytes_max=U32)
MINING = Record(
    launch_bits=U32, spacing_ms=U64, half_life_ms=U64, spacing_min_ms=U64, anchor_age_max_ms=U64, header_behind_max_s=U32,
    header_ahead_max_s=U32, share_factor=U32, window_works=U32, shares_per_work_max=U32, reward=U128, halving_interval=U64,
    ai_pool=ADDRESS, validators=ADDRESS, ecosystem=ADDRESS)
PARAMETERS = Record(timing=TIMING, fees=FEES, limits=LIMITS, thr_cap=U128, asset_creation_fee=U128, mining=MINING)
GENESIS_VALIDATOR = Record(key=BLS_KEY, possession=BLS_SIGNATURE, power=U64, account=ADDRESS, peer=HASH)
GENESIS = Record(
    version=U16, name=Many(64), network=U8, time=U64, parameters=PARAMETERS, assets=Many(1_000, Record(id=U64, asset=ASSET)),
    balances=Many(2_000_000, Record(address=ADDRESS, asset=U64, amount=U128)), validators=Many(100, GENESIS_VALIDATOR))

POLICY = Record(threshold=U8, keys=Many(16, KEY))
CALL = Record(module=U16, body=Many(61_440))
AUTH = Variant(
    single=Record(key=KEY, signature=SIGNATURE),
    multisig=Record(policy=POLICY, signatures=Many(16, Record(key=U8, signature=SIGNATURE))))
BODY = Record(
    version=U8, sender=ADDRESS, auth=U8, nonce=U64, valid_until=U64, fee_max=U128, tip=U128,
    payer=Option(Record(address=ADDRESS, auth=U8)), calls=Many(16, CALL))
WITNESS = Record(auths=Many(2, AUTH))
TRANSACTION = Record(body=BODY, witness=WITNESS)
TRANSACTION_BYTES_MAX = 65_536

NOTHING = Record()
CALLS = {
    1: Variant(
        transfer=Record(asset=U64, to=ADDRESS, amount=U128, memo=Many(256)),
        batch_transfer=Record(asset=U64, payments=Many(256, Record(to=ADDRESS, amount=U128))),
        create=Record(asset=ASSET, initial=U128),
        mint=Record(asset=U64, to=ADDRESS, amount=U128),
        burn=Record(asset=U64, amount=U128)),
    3: Variant(claim=NOTHING),
}

HEADER = Record(
    version=U16, chain_id=HASH, epoch=U64, view=U64, height=U64, parent=HASH, time=U64, proposer=U16, body_root=HASH, state_root=HASH,
    receipts_root=HASH, price=U128, validators_hash=HASH, next_validators_hash=Option(HASH))
SYSTEM_CALL = Record(module=U16, body=Many(16_384))
BLOCK_BODY = Record(system_calls=Many(256, SYSTEM_CALL), transactions=Many(32_768, TRANSACTION))
PROOF_OF_WORK = Record(header=Fixed(80), anchor=U64, coinbase=Many(256), branch=Many(16, HASH))

EVENT = Record(module=U16, kind=U16, body=Many(4_096))
RECEIPT = Record(id=HASH, code=U32, call=U8, weight=U64, fee=U128, events=Many(4_096, EVENT))
EVENTS = {
    0: Variant(
        fees_shared=Record(burned=U128, ecosystem=U128, tips=U128), seed_mixed=Record(mix=HASH),
        attendance_counted=Record(height=U64, signers=U16), epoch_ended=Record(epoch=U64), rejected=Record(module=U16, code=U32)),
    1: Variant(
        transferred=Record(**{"asset": U64, "from": ADDRESS, "to": ADDRESS, "amount": U128, "memo": Many(256)}),
        created=Record(asset=U64, description=ASSET, creator=ADDRESS),
        minted=Record(asset=U64, to=ADDRESS, amount=U128),
        burned=Record(**{"asset": U64, "from": ADDRESS, "amount": U128})),
    3: Variant(
        work_accepted=Record(
            work_height=U64, hash=HASH, finder=ADDRESS,
            split=Record(finder=U128, window=U128, ai_pool=U128, validators=U128, ecosystem=U128), next_bits=U32),
        share_accepted=Record(work_height=U64, hash=HASH, payee=ADDRESS, weight=U128),
        claimed=Record(payee=ADDRESS, amount=U128)),
}

VALIDATOR_SET = Record(validators=Many(100, Record(key=BLS_KEY, power=U64, account=ADDRESS, peer=HASH)))
STATEMENT = Record(kind=U8, epoch=U64, view=U64, parent_view=U64, block=HASH)
CERTIFICATE = Record(statement=STATEMENT, signers=Many(13), signature=BLS_SIGNATURE)
KERNEL_SYSTEM_CALL = Variant(seed=Record(signature=BLS_SIGNATURE), attendance=Record(height=U64, certificate=CERTIFICATE))
ACCOUNT = Record(nonce=U64, thr=U128)


# --- 3. Keys and addresses -----------------------------------------------------------------------------------------------------

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIXES = {"main": "thr", "test": "thrt"}


def bech32_polymod(values):
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> place & 1:
                checksum ^= generator
    return checksum


def expanded(prefix):
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def address_text(address, network):
    prefix = PREFIXES[network]
    number = int.from_bytes(address, "big")
    groups = [number >> 5 * place & 31 for place in range(31, -1, -1)]
    checksum = bech32_polymod(expanded(prefix) + groups + [0] * 6) ^ 0x2BC830A3
    return prefix + "1" + "".join(BECH32[group] for group in groups + [checksum >> 5 * place & 31 for place in range(5, -1, -1)])


def read_address(text, network):
    """Text of the network, hex, or the older form."""
    demand(isinstance(text, str), "an address is no text")
    if len(text) == 43 and text[:3].upper() == "THR" and all(letter in "0123456789abcdefABCDEF" for letter in text[3:]):
        return bytes.fromhex(text[3:])
    if len(text) == 40 and all(letter in "0123456789abcdefABCDEF" for letter in text):
        return bytes.fromhex(text)
    demand(text in (text.lower(), text.upper()), f"the address {text} mixes cases")
    prefix, _, data = text.lower().rpartition("1")
    demand(prefix == PREFIXES[network], f"the address {text} is not one of the {network} network")
    groups = [BECH32.find(letter) for letter in data]
    demand(len(groups) == 38 and -1 not in groups, f"the address {text} is malformed")
    demand(bech32_polymod(expanded(prefix) + groups) == 0x2BC830A3, f"the checksum of the address {text} is wrong")
    number = 0
    for group in groups[:32]:
        number = number << 5 | group
    return number.to_bytes(20, "big")


def key_from_words(words, passphrase="", account=0, index=0):
    words = " ".join(unicodedata.normalize("NFKD", words).lower().split())
    demand(len(words.split()) in (12, 24), f"a mnemonic has 12 or 24 words, not {len(words.split())}")
    salt = "mnemonic" + unicodedata.normalize("NFKD", passphrase)
    seed = hashlib.pbkdf2_hmac("sha512", words.encode(), salt.encode(), 2048)
    node = hmac.digest(b"Bitcoin seed", seed, "sha512")
    for step in (44 | 1 << 31, 5_523_538 | 1 << 31, account | 1 << 31, 0, index):
        secret, chain = int.from_bytes(node[:32], "big"), node[32:]
        head = b"\0" + node[:32] if step >> 31 else coincurve.PrivateKey(node[:32]).public_key.format()
        child = hmac.digest(chain, head + step.to_bytes(4, "big"), "sha512")
        secret = (secret + int.from_bytes(child[:32], "big")) % ORDER
        node = secret.to_bytes(32, "big") + child[32:]
    return node[:32]


def public_key(secret):
    return coincurve.PrivateKey(secret).public_key.format(compressed=True)


def policy_address(policy):
    demand(1 <= policy["threshold"] <= len(policy["keys"]), "the threshold of a policy is impossible")
    demand(all(a < b for a, b in zip(policy["keys"], policy["keys"][1:])), "the keys of a policy do not rise")
    return hash160(tag("thronos/policy") + POLICY.bytes(policy))


# --- 4. Transactions -----------------------------------------------------------------------------------------------------------


def sign(secret, digest):
    return coincurve.PrivateKey(secret).sign_recoverable(digest, hasher=None)[:64]


def check_signature(key, digest, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    demand(0 < r < ORDER and 0 < s < ORDER, "r or s of a signature is out of range")
    demand(s <= (ORDER - 1) // 2, "a signature has a high s")
    demand(len(key) == 33 and key[0] in (2, 3), "a key is not compressed")
    try:
        holds = coincurve.PublicKey(key).verify(cdata_to_der(deserialize_compact(signature)), digest, hasher=None)
    except ValueError:
        raise Wrong("a key is no point of secp256k1") from None
    demand(holds, "a signature does not match its key and transaction")


def transaction_id(chain_id, body):
    return tagged("thronos/tx", chain_id, BODY.bytes(body))


def witness_id(identity, witness):
    return tagged("thronos/witness", identity, WITNESS.bytes(witness))


def check_transaction(chain_id, transaction):
    """Form and signatures. Gives id and wid."""
    body, witness = transaction["body"], transaction["witness"]
    demand(body["version"] == 1 and body["payer"] is None and body["calls"], "the envelope of a transaction is not one of version 1")
    demand(len(TRANSACTION.bytes(transaction)) <= TRANSACTION_BYTES_MAX, "a transaction is too long")
    demand(len(witness["auths"]) == 1, "a witness has not exactly one proof")
    (kind, auth), = witness["auths"][0].items()
    demand(body["auth"] == ("single", "multisig").index(kind), "a witness is of another kind than its body names")
    identity = transaction_id(chain_id, body)
    if kind == "single":
        demand(hash160(auth["key"]) == body["sender"], "the key of a witness is not the sender's")
        check_signature(auth["key"], identity, auth["signature"])
    else:
        policy, signatures = auth["policy"], auth["signatures"]
        demand(policy_address(policy) == body["sender"], "the policy of a witness is not the sender's")
        demand(len(signatures) == policy["threshold"], "a multisig witness has not as many signatures as its threshold")
        places = [signature["key"] for signature in signatures]
        demand(places == sorted(set(places)) and places[-1] < len(policy["keys"]), "the signers of a multisig witness do not rise")
        for signature in signatures:
            check_signature(policy["keys"][signature["key"]], identity, signature["signature"])
    return identity, witness_id(identity, witness)


# --- 5 and 6. Calls and fees ---------------------------------------------------------------------------------------------------


def call_weight(call):
    demand(call["module"] in CALLS, f"there is no module {call['module']} with calls")
    (name, fields), = CALLS[call["module"]].value(call["body"]).items()
    return {"batch_transfer": 1_000 + 500 * len(fields.get("payments", [])), "create": 2_000}.get(name, 1_000)


def weigh(transaction):
    return len(TRANSACTION.bytes(transaction)) + sum(call_weight(call) for call in transaction["body"]["calls"])


def fee_of(price, weight):
    return (price * weight + (1 << 32) - 1) >> 32


def price_of(fees, excess):
    if excess == 0:
        return fees["price_floor"]
    total, term, place = 0, fees["price_floor"] * fees["excess_per_e"], 1
    while term > 0:
        total += term
        product = term * excess
        if max(total, product) >= 1 << 128:
            return (1 << 128) - 1
        term = product // (fees["excess_per_e"] * place)
        place += 1
    return total // fees["excess_per_e"]


# --- 7 to 9. Trees, blocks, receipts -------------------------------------------------------------------------------------------


def merkle_root(name, items):
    level = [tagged(name, b"\0", item) for item in items]
    while len(level) > 1:
        pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
        level = [tagged(name, b"\1", *pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return tagged(name, b"\2", len(items).to_bytes(4, "little"), level[0] if level else ZERO)


def header_hash(header_bytes):
    return tagged("thronos/header", header_bytes)


def body_root(system_calls, wids):
    calls = [tagged("thronos/syscall", SYSTEM_CALL.bytes(call)) for call in system_calls]
    return tagged("thronos/body", merkle_root("thronos/syscalls", calls), merkle_root("thronos/txs", wids))


def receipts_root(receipts):
    return merkle_root("thronos/receipts", [tagged("thronos/receipt", RECEIPT.bytes(receipt)) for receipt in receipts])


def read_event(event):
    """The name and the fields of an event."""
    demand(event["module"] in EVENTS, f"there is no module {event['module']} with events")
    form = EVENTS[event["module"]]
    (name, fields), = form.value(event["body"]).items()
    demand(form.names.index(name) == event["kind"] - 1, "the first byte of an event is not its kind less one")
    return name, fields


# --- 10. Validators, votes and certificates ------------------------------------------------------------------------------------

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


# --- 11. State and proofs ------------------------------------------------------------------------------------------------------

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


# --- 12. JSON of the API -------------------------------------------------------------------------------------------------------


def decimal(text, what):
    demand(isinstance(text, str) and text.isascii() and text.isdigit() and str(int(text)) == text, f"{what} is no decimal number")
    return int(text)


def read_asset(file, network):
    minter = None if file["minter"] is None else read_address(file["minter"], network)
    return {"symbol": file["symbol"].encode("ascii"), "decimals": file["decimals"], "minter": minter, "cap": decimal(file["cap"], "a cap")}


def read_genesis(file):
    network, genesis = file["network"], copy.deepcopy(file)
    parameters = genesis["parameters"]
    genesis["name"], genesis["network"] = file["name"].encode("ascii"), list(PREFIXES).index(network)
    parameters["fees"]["ecosystem"] = read_address(parameters["fees"]["ecosystem"], network)
    for name in ("thr_cap", "asset_creation_fee"):
        parameters[name] = decimal(parameters[name], name)
    mining = parameters["mining"]
    mining["reward"] = decimal(mining["reward"], "the reward")
    for name in ("ai_pool", "validators", "ecosystem"):
        mining[name] = read_address(mining[name], network)
    for entry in genesis["assets"]:
        entry["asset"] = read_asset(entry["asset"], network)
    for entry in genesis["balances"]:
        entry["address"], entry["amount"] = read_address(entry["address"], network), decimal(entry["amount"], "a balance")
    for entry in genesis["validators"]:
        for name in ("key", "possession", "peer"):
            entry[name] = unhex(entry[name], f"a validator's {name}")
        entry["account"] = read_address(entry["account"], network)
    return genesis


def read_calls(entries):
    return [{"module": entry["module"], "body": unhex(entry["body"], "a call")} for entry in entries]


def read_auth(entry):
    (kind, auth), = entry.items()
    if kind == "single":
        return {kind: {name: unhex(auth[name], f"a witness' {name}") for name in ("key", "signature")}}
    policy = {"threshold": auth["policy"]["threshold"], "keys": [unhex(key, "a policy's key") for key in auth["policy"]["keys"]]}
    signatures = [{"key": part["key"], "signature": unhex(part["signature"], "a signature")} for part in auth["signatures"]]
    return {kind: {"policy": policy, "signatures": signatures}}


def read_transaction(entry):
    body = entry["body"]
    demand(body["auth"] in ("single", "multisig"), "a transaction names no kind of witness")
    read = {
        **body, "sender": unhex(body["sender"], "a sender"), "auth": ("single", "multisig").index(body["auth"]),
        "fee_max": decimal(body["fee_max"], "fee_max"), "tip": decimal(body["tip"], "a tip"), "calls": read_calls(body["calls"])}
    return {"body": read, "witness": {"auths": [read_auth(auth) for auth in entry["witness"]["auths"]]}}


def read_receipt(entry):
    events = [{**event, "body": unhex(event["body"], "an event")} for event in entry["events"]]
    numbers = {name: entry[name] for name in ("code", "call", "weight")}
    return {"id": unhex(entry["id"], "a receipt's id"), **numbers, "fee": decimal(entry["fee"], "a fee"), "events": events}


def shown(value):
    """A value as JSON shows it: bytes in hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: shown(part) for name, part in value.items()}
    return [shown(part) for part in value] if isinstance(value, list) else value


def check_header_shown(header, entry):
    told = {**shown(header), "price": str(header["price"])}
    demand(told == entry, f"the node shows block {header['height']} with a header that is not its own")


def check_certificate_shown(certificate, entry):
    told = shown(certificate)
    told["statement"]["kind"] = ("notarize", "nullify", "finalize")[certificate["statement"]["kind"]]
    demand(told == entry, "the node shows a certificate that is not its own")


def check_block(chain, answer):
    """Everything that the node shows of a block but its receipts. Gives header, hash, ids, transactions, receipts, signers."""
    header_bytes = unhex(answer["header_hex"], "a header")
    certificate_bytes = unhex(answer["certificate_hex"], "a certificate")
    descendants = [unhex(text, "a header") for text in answer["descendants_hex"]]
    header, block = HEADER.value(header_bytes), header_hash(header_bytes)
    height = header["height"]
    demand(unhex(answer["hash"], "a hash") == block, f"the hash of block {height} is not that of its header")
    check_header_shown(header, answer["header"])
    check_certificate_shown(CERTIFICATE.value(certificate_bytes), answer["certificate"])
    body = {"system_calls": read_calls(answer["system_calls"]), "transactions": []}
    ids, wids = [], []
    for entry in answer["transactions"]:
        transaction = read_transaction(entry["transaction"])
        identity, wid = check_transaction(chain.id, transaction)
        told = (unhex(entry["id"], "an id"), unhex(entry["wid"], "a wid"), entry["sender"])
        sender = address_text(transaction["body"]["sender"], chain.network)
        demand(told == (identity, wid, sender), f"block {height} is shown with a transaction of another id, wid or sender")
        body["transactions"].append(transaction)
        ids.append(identity)
        wids.append(wid)
    demand(body_root(body["system_calls"], wids) == header["body_root"], f"the content of block {height} is not what its header says")
    demand(len(BLOCK_BODY.bytes(body)) == answer["body_bytes"], f"the length of the body of block {height} is another")
    receipts = [read_receipt(entry) for entry in answer["receipts"]]
    _, _, signers = chain.check_final(header_bytes, descendants, certificate_bytes)
    return {"header": header, "hash": block, "ids": ids, "wids": wids, "body": body, "receipts": receipts, "signers": signers}


def check_proof_answer(chain, answer, key):
    """A proof with its final header. Gives the height and the value."""
    demand(unhex(answer["key_hex"], "a key") == key, "the proof is about another key than the one that was asked for")
    value = None if answer["value_hex"] is None else unhex(answer["value_hex"], "a value")
    header_bytes = unhex(answer["header_hex"], "a header")
    header = HEADER.value(header_bytes)
    demand(header["height"] == answer["height"] + 1, "the header of a proof is not that of the next block")
    check_proof(header["state_root"], key, value, unhex(answer["proof_hex"], "a proof"))
    descendants = [unhex(text, "a header") for text in answer["descendants_hex"]]
    chain.check_final(header_bytes, descendants, unhex(answer["certificate_hex"], "a certificate"))
    return answer["height"], value


def read_account(value):
    return {"nonce": 0, "thr": 0} if value is None else ACCOUNT.value(value)


# --- 13. A whole transfer ------------------------------------------------------------------------------------------------------


class Node:
    PATIENCE_S = 60

    def __init__(self, url):
        self.url = url.rstrip("/")
        # A proxy of the environment is not meant for nodes.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path, body=None, kind="application/json"):
        """Status and JSON of the answer."""
        request = urllib.request.Request(self.url + path, data=body, headers={"content-type": kind} if body is not None else {})
        try:
            with self.opener.open(request, timeout=self.PATIENCE_S + 15) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                try:
                    return error.code, json.load(error)
                except ValueError:
                    raise Wrong(f"{path} is answered with {error.code} and no JSON") from None
        except (OSError, ValueError) as error:
            raise Wrong(f"the node does not answer {path}: {error}") from None

    def get(self, path):
        status, answer = self.ask(path)
        demand(status == 200, f"{path} is answered with {status}: {answer.get('code')}: {answer.get('message')}")
        return answer

    def until(self, path, is_there):
        """Asks again until the answer is what is waited for."""
        begun = time.monotonic()
        while True:
            status, answer = self.ask(path)
            if status == 200 and is_there(answer):
                return answer
            demand(status in (200, 404), f"{path} is answered with {status}: {answer.get('code')}: {answer.get('message')}")
            demand(time.monotonic() - begun < self.PATIENCE_S, f"{path} does not give what is waited for")
            time.sleep(0.1)


def build_transfer(chain, node, secret, to, amount, memo):
    """A signed transfer of THR, with the proofs of both accounts before it."""
    key = public_key(secret)
    sender = hash160(key)
    text = address_text(sender, chain.network)
    status = node.get("/api/v1/status")
    demand(status["chain_id"] == chain.id.hex(), f"the node is of chain {status['chain_id']}, the genesis of {chain.id.hex()}")
    call = {"module": 1, "body": CALLS[1].bytes({"transfer": {"asset": 0, "to": to, "amount": amount, "memo": memo}})}
    body = {
        "version": 1, "sender": sender, "auth": 0, "nonce": node.get(f"/api/v1/accounts/{text}")["pending_nonce"],
        "valid_until": status["time"] + min(600_000, chain.genesis["parameters"]["timing"]["validity_max_ms"]),
        "fee_max": 0, "tip": 0, "payer": None, "calls": [call]}
    transaction = {"body": body, "witness": {"auths": [{"single": {"key": key, "signature": bytes(64)}}]}}
    estimate = node.get(f"/api/v1/fees/estimate?weight={weigh(transaction)}")
    body["fee_max"] = decimal(estimate["fee_max"], "fee_max")
    said = fee_of(decimal(estimate["price"], "a price"), weigh(transaction))
    demand(decimal(estimate["fee"], "a fee") == said, f"the node reckons a fee of {estimate['fee']}, by its price it is {said}")
    transaction["witness"]["auths"][0]["single"]["signature"] = sign(secret, transaction_id(chain.id, body))
    return transaction


def submit(chain, node, transaction):
    """Hands it in as JSON, then the same bytes again as bytes, as if the first answer had been lost."""
    data = TRANSACTION.bytes(transaction)
    identity, _ = check_transaction(chain.id, transaction)
    request = json.dumps({"chain_id": chain.id.hex(), "transaction": data.hex()}).encode()
    status, answer = node.ask("/api/v1/transactions", request)
    demand(status == 202, f"the node refuses the transaction with {status}: {answer.get('code')}: {answer.get('message')}")
    demand(answer["id"] == identity.hex(), f"the node takes the transaction as {answer['id']}, its id is {identity.hex()}")
    status, answer = node.ask("/api/v1/transactions", chain.id + data, "application/octet-stream")
    is_known = status == 202 or answer.get("code") in ("already_known", "nonce_too_low")
    demand(is_known, f"the same bytes again are answered with {status}: {answer.get('code')}: {answer.get('message')}")
    return identity


def transfer(chain, node, secret, to, amount, memo):
    """Sends a transfer and gathers what the node says about it."""
    accounts = [hash160(public_key(secret)), to]
    proof = [f"/api/v1/accounts/{address_text(address, chain.network)}/proof" for address in accounts]
    before = [node.until(path, lambda _: True) for path in proof]
    transaction = build_transfer(chain, node, secret, to, amount, memo)
    identity = submit(chain, node, transaction)
    path = f"/api/v1/transactions/{identity.hex()}?wait=10000"
    final = node.until(path, lambda answer: answer["status"] == "final" and answer["certificate_hex"])
    height = final["height"]
    return {
        "transaction": TRANSACTION.bytes(transaction).hex(),
        "final": final,
        "block": node.until(f"/api/v1/blocks/{height}", lambda _: True),
        "next": node.until(f"/api/v1/blocks/{height + 1}", lambda _: True),
        "before": before,
        "after": [node.until(path, lambda answer: answer["height"] >= height) for path in proof],
    }


def check_final_answer(chain, answer, transaction, block, identity, wid, place):
    """What the route of the transaction says, against the block that was checked."""
    header, receipt = block["header"], block["receipts"][place + 1]
    told = [answer["id"], answer["status"], answer["wid"], answer["height"], answer["block"], answer["time"], answer["index"]]
    holds = [identity.hex(), "final", wid.hex(), header["height"], block["hash"].hex(), header["time"], place]
    demand(told == holds, f"the node tells of the transaction {told}, which is {holds}")
    demand(unhex(answer["header_hex"], "a header") == HEADER.bytes(header), "the transaction is told with another header than its block's")
    demand(read_receipt(answer["receipt"]) == receipt, "the transaction is told with another receipt than its block's")
    demand(read_transaction(answer["transaction"]) == transaction, "the node tells of another transaction than the one submitted")
    certificate = CERTIFICATE.value(unhex(answer["certificate_hex"], "a certificate"))
    if certificate["statement"]["block"] == block["hash"]:
        chain.check_certificate(header, block["hash"], certificate)


def check_transfer(chain, evidence, to, amount, memo):
    """Everything that was gathered about a transfer, without the node. Gives a report."""
    transaction = TRANSACTION.value(unhex(evidence["transaction"], "the transaction"))
    identity, wid = check_transaction(chain.id, transaction)
    sender = transaction["body"]["sender"]
    block, following = check_block(chain, evidence["block"]), check_block(chain, evidence["next"])
    height = block["header"]["height"]
    demand(identity in block["ids"], f"the transaction {identity.hex()} is not in block {height}")
    place = block["ids"].index(identity)
    demand(block["wids"][place] == wid, "the transaction is in the block with another witness")
    parent = (following["header"]["height"], following["header"]["parent"])
    demand(parent == (height + 1, block["hash"]), f"the block after {height} is not its child")
    demand(receipts_root(block["receipts"]) == following["header"]["receipts_root"], f"the receipts of block {height} are not its own")
    demand(len(block["receipts"]) == 1 + len(block["ids"]), f"block {height} has another number of receipts than of transactions")
    receipt = block["receipts"][place + 1]
    check_final_answer(chain, evidence["final"], transaction, block, identity, wid, place)
    demand(receipt["id"] == identity and receipt["code"] == 0, f"the transaction was rejected with code {receipt['code']:#x}")
    weight = weigh(transaction)
    fee = fee_of(block["header"]["price"], weight)
    paid = (receipt["weight"], receipt["fee"])
    demand(paid == (weight, fee), f"weight and fee of the receipt are {paid}, by the formats they are {(weight, fee)}")
    events = [read_event(event) for event in receipt["events"]]
    moved = ("transferred", {"asset": 0, "from": sender, "to": to, "amount": amount, "memo": memo})
    demand(events == [moved], f"the transfer reports {shown(events)}")
    accounts = {}
    for name, address, earlier, later in zip(("sender", "recipient"), (sender, to), evidence["before"], evidence["after"]):
        heights, records = [], []
        for answer in (earlier, later):
            at, value = check_proof_answer(chain, answer, account_key(address))
            heights.append(at)
            records.append(read_account(value))
        demand(heights[0] < height <= heights[1], f"the proofs of the {name} are of the heights {heights}, the transfer of {height}")
        accounts[name] = {
            "address": address_text(address, chain.network), "heights": heights, "before": records[0], "after": records[1]}
    used = accounts["sender"]["after"]["nonce"]
    demand(used > transaction["body"]["nonce"], f"the sender's proven nonce is {used} after a transaction with that nonce")
    return {
        "id": identity.hex(), "wid": wid.hex(), "height": height, "block": block["hash"].hex(), "index": place, "weight": weight,
        "fee": str(fee), "signers": block["signers"], "validators": len(chain.power),
        "events": [{"name": name, **shown(fields)} for name, fields in events],
        "accounts": {
            name: {**entry, "before": {**entry["before"], "thr": str(entry["before"]["thr"])},
                   "after": {**entry["after"], "thr": str(entry["after"]["thr"])}} for name, entry in accounts.items()}}


# --- 14. Vectors ---------------------------------------------------------------------------------------------------------------


def same(got, recorded, what):
    demand(got == recorded, f"{what} is {got}, recorded is {recorded}")


def check_genesis_vector(vectors):
    chain = Chain(vectors["genesis"])
    same(chain.bytes.hex(), vectors["genesis_bytes"], "the genesis")
    same(shown(GENESIS.value(chain.bytes)), shown(chain.genesis), "the genesis read back")
    same(chain.id.hex(), vectors["chain_id"], "the chain id")
    same(chain.first_header().hex(), vectors["genesis_header"], "the header of block 0")
    same(header_hash(chain.first_header()).hex(), vectors["genesis_hash"], "the hash of block 0")
    same(VALIDATOR_SET.bytes(chain.set).hex(), vectors["validator_set"], "the validator set")
    same(chain.set_hash.hex(), vectors["validators_hash"], "the validators hash")
    return chain


def check_key_vector(chain, entry):
    secret = key_from_words(entry["words"], entry["passphrase"], entry["account"], entry["index"])
    same(f"m/44'/5523538'/{entry['account']}'/0/{entry['index']}", entry["path"], "the path")
    same(secret.hex(), entry["secret"], "the secret key")
    key = public_key(secret)
    same(key.hex(), entry["public"], "the public key")
    check_address_vector(hash160(key), entry)


def check_address_vector(address, entry):
    same(address.hex(), entry["address"], "the address")
    for network in PREFIXES:
        same(address_text(address, network), entry[network], f"the address on the {network} network")
        same(read_address(entry[network], network), address, "the address read back")
    same("THR" + address.hex().upper(), entry["legacy"], "the older form")


def check_policy_vector(chain, entry):
    policy = {"threshold": entry["threshold"], "keys": [unhex(key, "a key") for key in entry["keys"]]}
    same(POLICY.bytes(policy).hex(), entry["bytes"], "the policy")
    check_address_vector(policy_address(policy), entry)


def check_call_vector(chain, entry):
    call = {"module": entry["module"], "body": unhex(entry["bytes"], "a call")}
    value = CALLS[entry["module"]].value(call["body"])
    same(CALLS[entry["module"]].bytes(value).hex(), entry["bytes"], "the call")
    same(texts(value), entry["fields"], "the call")
    same(call_weight(call), entry["weight"], "the weight of the call")


def check_transaction_vector(chain, entry, keys):
    transaction = {"body": BODY.value(unhex(entry["body"], "a body")), "witness": WITNESS.value(unhex(entry["witness"], "a witness"))}
    same(TRANSACTION.bytes(transaction).hex(), entry["body"] + entry["witness"], "the transaction")
    identity, wid = check_transaction(chain.id, transaction)
    same(identity.hex(), entry["id"], "the id")
    same(wid.hex(), entry["wid"], "the wid")
    same(weigh(transaction), entry["weight"], "the weight")
    same(str(fee_of(chain.genesis["parameters"]["fees"]["price_floor"], weigh(transaction))), entry["fee"], "the fee")
    if entry["signed_by"] is not None:
        same(sign(keys[entry["signed_by"]], identity), transaction["witness"]["auths"][0]["single"]["signature"], "the signature by RFC 6979")


def check_block_vector(chain, entry):
    header_bytes, next_bytes = unhex(entry["header"], "a header"), unhex(entry["next_header"], "a header")
    body = BLOCK_BODY.value(unhex(entry["body"], "a body"))
    receipts = [RECEIPT.value(unhex(receipt, "a receipt")) for receipt in entry["receipts"]]
    header, following = HEADER.value(header_bytes), HEADER.value(next_bytes)
    same(header["height"], entry["height"], "the height")
    same(header_hash(header_bytes).hex(), entry["hash"], "the hash of the block")
    checked = [check_transaction(chain.id, transaction) for transaction in body["transactions"]]
    root = body_root(body["system_calls"], [wid for _, wid in checked])
    same(root.hex(), entry["body_root"], "the body root")
    same(header["body_root"], root, "the body root of the header")
    same(receipts_root(receipts).hex(), entry["receipts_root"], "the receipts root")
    same(following["receipts_root"].hex(), entry["receipts_root"], "the receipts root of the next header")
    same((following["height"], following["parent"].hex()), (header["height"] + 1, entry["hash"]), "the parent of the next header")
    same([receipt["id"] for receipt in receipts], [ZERO] + [identity for identity, _ in checked], "the ids of the receipts")
    for event in (event for receipt in receipts for event in receipt["events"]):
        read_event(event)
    for call in body["system_calls"]:
        check_system_call(chain, call, header)
    chain.check_final(header_bytes, [], unhex(entry["certificate"], "a certificate"))
    chain.check_final(next_bytes, [], unhex(entry["next_certificate"], "a certificate"))
    # The certificate of a child finalizes its parent too.
    chain.check_final(header_bytes, [next_bytes], unhex(entry["next_certificate"], "a certificate"))


def check_system_call(chain, call, header):
    demand(call["module"] in (0, 3), f"there is no module {call['module']} with system calls")
    if call["module"] == 3:
        proof = PROOF_OF_WORK.value(call["body"])
        head = bytes.fromhex("6a38") + b"THRW"
        demand(head in proof["coinbase"], "a coinbase has no commitment")
        demand(proof["anchor"] < header["height"], "a proof of work binds a block that comes later")
        return
    (kind, fields), = KERNEL_SYSTEM_CALL.value(call["body"]).items()
    if kind == "seed":
        preimage = tag("thronos/seed") + chain.id + U64.bytes(header["epoch"]) + U64.bytes(header["view"])
        check_bls([chain.points[header["proposer"]]], preimage, fields["signature"], VOTES, "a seed")
    else:
        demand(fields["height"] < header["height"] and fields["certificate"]["statement"]["kind"] == 2, "an attendance is not of an ancestor")


def check_event_vector(chain, entry):
    name, fields = read_event({"module": entry["module"], "kind": entry["kind"], "body": unhex(entry["bytes"], "an event")})
    same(EVENTS[entry["module"]].bytes({name: fields}).hex(), entry["bytes"], "the event")
    same({name: texts(fields)}, entry["fields"], "the event")


def check_proof_vector(chain, entry):
    address = unhex(entry["address"], "an address") if entry["address"] is not None else None
    key = asset_key(entry["asset"]) if address is None else balance_key(address, entry["asset"])
    same(key.hex(), entry["key"], "the state key")
    header_bytes = unhex(entry["header"], "a header")
    value = None if entry["value"] is None else unhex(entry["value"], "a value")
    header = HEADER.value(header_bytes)
    same(header["state_root"].hex(), entry["state_root"], "the state root")
    same(header["height"] - 1, entry["height"], "the height of the state")
    check_proof(header["state_root"], key, value, unhex(entry["proof"], "a proof"))
    form = ASSET if address is None else ACCOUNT if entry["asset"] == 0 else Record(amount=U128)
    same(None if value is None else texts(form.value(value)), entry["fields"], "the value")
    chain.check_final(header_bytes, [], unhex(entry["certificate"], "a certificate"))


def check_merkle_vector(chain, entry):
    items = [unhex(item, "an item") for item in entry["items"]]
    same(merkle_root(entry["tag"], items).hex(), entry["root"], "the root")


def check_price_vector(chain, entry):
    same(str(price_of(chain.genesis["parameters"]["fees"], int(entry["excess"]))), entry["price"], "the price")


def texts(value):
    """As `shown`, with numbers as text: they may have 128 bits."""
    if isinstance(value, dict):
        return {name: texts(part) for name, part in value.items()}
    if isinstance(value, list):
        return [texts(part) for part in value]
    return str(value) if isinstance(value, int) else shown(value)


GROUPS = {
    "keys": check_key_vector, "policy": check_policy_vector, "calls": check_call_vector, "transactions": None,
    "blocks": check_block_vector, "events": check_event_vector, "proofs": check_proof_vector, "merkle": check_merkle_vector,
    "prices": check_price_vector}


def group_check(name, vectors):
    if name != "transactions":
        return GROUPS[name]
    keys = {entry["name"]: unhex(entry["secret"], "a secret") for entry in vectors["keys"]}
    return lambda chain, entry: check_transaction_vector(chain, entry, keys)


def check_vectors(vectors):
    chain, counts = check_genesis_vector(vectors), {}
    for name in GROUPS:
        check = group_check(name, vectors)
        demand(vectors[name], f"there are no vectors of {name}")
        for place, entry in enumerate(vectors[name]):
            try:
                check(chain, entry)
            except Wrong as wrong:
                raise Wrong(f"{name}[{place}]: {wrong}") from None
        counts[name] = len(vectors[name])
    return chain, counts


# --- Self-test: what is changed must be noticed --------------------------------------------------------------------------------

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
    """Runs a check that has to find something wrong, in whatever way malformed input shows."""
    try:
        check()
    except (Wrong, ValueError, KeyError, TypeError, OverflowError, UnicodeError):
        return 1
    raise Wrong(f"not noticed: {what}")


def change_every_leaf(value, check, what):
    count = 0
    for path, leaf in list(leaves(value)):
        for other in changed(leaf):
            place = ".".join(map(str, (what, *path)))
            count += must_fail(lambda: check(with_leaf(value, path, other)), f"{place}, {str(leaf)[:40]} changed to {str(other)[:40]}")
    return count


def flip_every_byte(data, check, what):
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
    statement, size = good["statement"], len(chain.power)
    signature = CERTIFICATE.value(unhex(other["certificate"], "a certificate"))["signature"]
    full = (1 << size) - 1
    bitmaps = [0, full ^ 1, full ^ 2, 1, 3, full | 1 << size]
    cases = [("the signature of another block", {**good, "signature": signature}), ("the identity", {**good, "signature": bytes([0xC0]) + bytes(47)})]
    cases += [(f"the bitmap {bits:b}", {**good, "signers": bits.to_bytes((size + 8) // 8, "little")[: (size + 7) // 8]}) for bits in bitmaps
              if bits.to_bytes((size + 8) // 8, "little")[: (size + 7) // 8] != good["signers"]]
    cases += [("a longer bitmap", {**good, "signers": good["signers"] + b"\0"}), ("no bitmap", {**good, "signers": b""})]
    changes = [("kind", 0), ("kind", 1), ("epoch", statement["epoch"] + 1), ("view", statement["view"] + 1), ("parent_view", 1), ("block", ZERO)]
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


# --- The command line ----------------------------------------------------------------------------------------------------------


def read_secret(options):
    if options.key_file is not None:
        secret = unhex(options.key_file.read_text().strip().lower(), "the key")
        demand(len(secret) == 32 and 0 < int.from_bytes(secret, "big") < ORDER, "the key is no secret key of secp256k1")
        return secret
    return key_from_words(options.mnemonic_file.read_text(), account=options.account, index=options.index)


def run(options):
    report = {"ok": True}
    if options.vectors is not None or options.self_test:
        vectors = json.loads((options.vectors or VECTORS).read_text())
        report["vectors"] = check_vectors(vectors)[1]
        if options.self_test:
            report["changes_noticed"] = self_test(vectors)
    if options.node is not None:
        chain = Chain(json.loads(options.genesis.read_text()))
        to, memo = read_address(options.to, chain.network), options.memo.encode()
        evidence = transfer(chain, Node(options.node), read_secret(options), to, options.amount, memo)
        report |= {"chain_id": chain.id.hex(), **check_transfer(chain, evidence, to, options.amount, memo)}
        if options.self_test:
            report["changes_of_answers_noticed"] = self_test_transfer(chain, evidence, to, options.amount, memo)
    return report


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--node", help="address of a node's API")
    parser.add_argument("--genesis", type=Path, help="the chain's genesis file: what is trusted")
    parser.add_argument("--mnemonic-file", type=Path, help="the sender's words")
    parser.add_argument("--key-file", type=Path, help="the sender's secret key, 64 hexadecimal digits")
    parser.add_argument("--account", type=int, default=0, help="account in the path of the key")
    parser.add_argument("--index", type=int, default=0, help="index in the path of the key")
    parser.add_argument("--to", help="who gets it")
    parser.add_argument("--amount", type=int, help="how many µTHR")
    parser.add_argument("--memo", default="", help="anything to say; everybody can read it")
    parser.add_argument("--vectors", type=Path, help="check these vectors")
    parser.add_argument("--self-test", action="store_true", help="change everything that is checked, and demand that it is noticed")
    parser.add_argument("--json", action="store_true", help="answer with one JSON document")
    options = parser.parse_args(arguments)
    if options.node is not None:
        missing = [name for name in ("genesis", "to", "amount") if getattr(options, name) is None]
        if missing or (options.mnemonic_file is None) == (options.key_file is None):
            parser.error("with --node give --genesis, --to, --amount, and one of --mnemonic-file and --key-file")
    elif options.vectors is None and not options.self_test:
        parser.error("give --node, --vectors or --self-test")
    return options


def tell(report):
    for name, value in report.items():
        if name != "ok":
            print(f"{name + ':':28} {json.dumps(value) if isinstance(value, (dict, list)) else value}")
    print("all holds")


def main():
    options = options_of(sys.argv[1:])
    try:
        report = run(options)
    except (Wrong, OSError, ValueError, KeyError, TypeError) as error:
        sentence = str(error) if isinstance(error, (Wrong, OSError)) else f"something cannot be read: {type(error).__name__}: {error}"
        print(f"formats: {sentence}", file=sys.stderr)
        if options.json:
            print(json.dumps({"ok": False, "error": sentence}))
        return 1
    if options.json:
        print(json.dumps(report))
    else:
        tell(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
