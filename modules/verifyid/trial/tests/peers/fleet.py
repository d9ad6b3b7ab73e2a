"""A fleet's server, its devices and a checker of tokens, by modules/verifyid/README.md: no line of it comes from the node.

    fleet.py --node URL --chain-id HEX --device ID --device-key HEX --account ADDRESS --account-bytes HEX \
             --account-key HEX

It asks for challenges and answers them as a device, tries what must be refused, is given a token as a customer and one as a device that logs
in, has PyJWT check both by the node's key set, and takes one back. The keys are secrets: Ed25519 of the device, secp256k1 of the account.

Prints a JSON document. Exit code 0: all holds. 1: something does not, in one sentence on standard error.
Needs cryptography (Ed25519), coincurve (secp256k1), PyJWT and requests.
"""

import argparse
import hashlib
import json
import sys
import time

import jwt
import requests
from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

AUDIENCE = "https://fleet.example"
PATIENCE_S = 20


class Wrong(Exception):
    """What does not hold."""


def demand(holds, what):
    if not holds:
        raise Wrong(what)


class Fleet:
    def __init__(self, options):
        self.node = options.node
        self.chain_id = bytes.fromhex(options.chain_id)
        self.digits = options.chain_id[:8]
        self.device = options.device
        self.key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(options.device_key))
        public = self.key.public_key().public_bytes_raw()
        # An id of a device: SHA-256 of the tag, the algorithm's number and the key.
        self.device_id = hashlib.sha256(b"thronos/device".ljust(16, b"\0") + b"\x01" + public).digest()
        self.account, self.secret = options.account, PrivateKey(bytes.fromhex(options.account_key))
        self.account_bytes = bytes.fromhex(options.account_bytes)
        self.refused = {}

    def call(self, method, path, document=None, token=None):
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        answer = requests.request(method, self.node + path, json=document, headers=headers, timeout=PATIENCE_S)
        return answer.status_code, (answer.json() if answer.content else None)

    def ask(self, audience=AUDIENCE, purpose="presence", token=None):
        question = {"device": self.device, "audience": audience, "purpose": purpose}
        status, asked = self.call("POST", "/api/v1/verifyid/challenges", question, token)
        demand(status == 201, f"a challenge is refused: {status} {asked}")
        preimage = bytes.fromhex(asked["preimage"])
        demand(len(preimage) == 210 and preimage[:16] == b"thronos/vidchal\0", "the preimage has another form")
        demand(preimage[17:49] == self.chain_id, "the preimage is of another chain")
        demand(preimage[97:129] == self.device_id, "the preimage is for another device")
        demand(preimage[161:193] == hashlib.sha256(audience.encode()).digest(), "the preimage has another audience")
        return asked, preimage

    def answer(self, asked, signature):
        answer = {"challenge": asked["challenge"], "answer": signature.hex()}
        return self.call("POST", "/api/v1/verifyid/challenges/answer", answer)

    def expect(self, what, answered, status, code):
        demand(answered[0] == status and answered[1]["code"] == code, f"{what}: {answered}")
        self.refused[what] = code

    def is_verified(self):
        asked, preimage = self.ask()
        status, verdict = self.answer(asked, self.key.sign(preimage))
        demand(status == 200 and verdict["verified"] and verdict["device"] == self.device, f"not verified: {verdict}")
        demand(verdict["audience_sha256"] == hashlib.sha256(AUDIENCE.encode()).hexdigest(), "another audience is verified")
        self.expect("the same answer again", self.answer(asked, self.key.sign(preimage)), 409, "challenge_used")
        asked, preimage = self.ask()
        self.expect("another device's answer", self.answer(asked, Ed25519PrivateKey.generate().sign(preimage)), 401, "bad_answer")
        self.expect("the right answer behind a wrong one", self.answer(asked, self.key.sign(preimage)), 409, "challenge_used")
        asked, preimage = self.ask()
        self.expect("an answer to a login", self.answer(asked, self.key.sign(preimage[:193] + b"\x02" + preimage[194:])), 401, "bad_answer")

    def keys(self):
        status, keys = self.call("GET", "/.well-known/jwks.json")
        demand(status == 200 and keys["keys"], f"there is no key set: {keys}")
        return keys

    def customer_token(self):
        kid, issued = self.keys()["keys"][0]["kid"], int(time.time() * 1000)
        demand(len(kid) == 43, "a key's name has not 43 letters")
        tag = b"thronos/vidtok".ljust(16, b"\0")
        statement = tag + self.chain_id + self.account_bytes + kid.encode() + issued.to_bytes(8, "little")
        demand(len(statement) == 119, "the statement has another length")
        request = {
            "account": self.account,
            "public_key": self.secret.public_key.format().hex(),
            "issued_at": issued,
            "signature": self.secret.sign_recoverable(statement)[:64].hex(),
        }
        status, given = self.call("POST", "/api/v1/verifyid/token", request)
        demand(status == 201, f"no token is given: {status} {given}")
        self.expect(
            "a request that says something else",
            self.call("POST", "/api/v1/verifyid/token", request | {"issued_at": issued - 1}), 401, "bad_signature")
        return given["token"]

    def has_token(self):
        token = self.customer_token()
        asked, preimage = self.ask(token=token)
        status, verdict = self.answer(asked, self.key.sign(preimage))
        demand(status == 200 and verdict["verified"], f"a customer's device is not verified: {verdict}")
        question = {"device": self.device, "audience": AUDIENCE, "purpose": "presence"}
        status, answer = self.call("DELETE", "/api/v1/verifyid/token", token=token)
        demand(status == 204, f"the token is not taken back: {status} {answer}")
        self.expect(
            "a token that was taken back", self.call("POST", "/api/v1/verifyid/challenges", question, token), 401, "token_revoked")
        self.expect("no token", self.call("POST", "/api/v1/verifyid/challenges", question, "x"), 401, "token_form")

    def logs_in(self):
        audience = f"thr-device:{self.digits}"
        asked, preimage = self.ask(audience, "login")
        status, verdict = self.answer(asked, self.key.sign(preimage))
        demand(status == 200 and verdict.get("token"), f"no token comes of a login: {verdict}")
        token, keys = verdict["token"], jwt.PyJWKSet.from_dict(self.keys())
        head = jwt.get_unverified_header(token)
        demand(head["typ"] == "thr-device+jwt", f"a device's token is of the kind {head['typ']}")

        def opened(token, **other):
            terms = {"algorithms": ["EdDSA"], "audience": audience, "issuer": f"thr:{self.digits}", "leeway": 30}
            required = {"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]}
            return jwt.decode(token, keys[head["kid"]].key, options=required, **(terms | other))

        claims = opened(token)
        demand(claims["role"] == "driver" and claims["dev"] == self.device, f"its claims are others: {claims}")
        demand(claims["exp"] - claims["iat"] <= 600, "it is good for more than ten minutes")
        for what, wrong in {
            "another audience": {"audience": "thr-admin:" + self.digits},
            "another issuer": {"issuer": "thr:00000000"},
        }.items():
            try:
                opened(token, **wrong)
            except jwt.InvalidTokenError as error:
                self.refused[what] = type(error).__name__
            else:
                raise Wrong(f"PyJWT takes the token for {what}")
        first, middle, last = token.split(".")
        changed = middle[:-2] + ("A" if middle[-2] != "A" else "B") + middle[-1]
        try:
            opened(f"{first}.{changed}.{last}")
        except jwt.InvalidTokenError as error:
            self.refused["changed claims"] = type(error).__name__
        else:
            raise Wrong("PyJWT takes a token that was changed")
        return token


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ["node", "chain-id", "device", "device-key", "account", "account-bytes", "account-key"]:
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    fleet = Fleet(options)
    fleet.is_verified()
    fleet.has_token()
    token = fleet.logs_in()
    print(json.dumps({"ok": True, "refused": fleet.refused, "token": token, "keys": fleet.keys()}))


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"fleet: {wrong}")
