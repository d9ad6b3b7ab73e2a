"""Section 3, and the signatures of section 4: from words to keys and addresses."""

import hashlib
import hmac
import unicodedata

import coincurve
from coincurve.ecdsa import cdata_to_der, deserialize_compact

from light.borsh import demand, hash160, tag, Wrong
from light.forms import POLICY

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
