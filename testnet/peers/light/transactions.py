"""Sections 4 to 6: ids, witnesses, weights, fees."""

from light.borsh import demand, hash160, tagged
from light.forms import BODY, CALLS, TRANSACTION, TRANSACTION_BYTES_MAX, WITNESS
from light.keys import check_signature, policy_address


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


def call_weight(call):
    demand(call["module"] in CALLS, f"there is no module {call['module']} with calls")
    (name, fields), = CALLS[call["module"]].value(call["body"]).items()
    if call["module"] == 4:
        return device_call_weight(name, fields)
    if call["module"] == 8:
        return 3_000 if name in ("register_service", "attest_ai") else 1_000
    return {"batch_transfer": 1_000 + 500 * len(fields.get("payments", [])), "create": 2_000}.get(name, 1_000)


def device_call_weight(name, fields):
    """Where the key is the device's, which a call does not tell, the dearest algorithm counts."""
    new_key = 4_000 if fields.get("algorithm") == 3 else 2_000
    if name == "register":
        return 1_000 + new_key
    if name == "rotate":
        return 1_000 + new_key + (4_000 if fields["old_signature"] is not None else 0)
    if name == "cancel_rotation":
        return 1_000 + (4_000 if fields["signature"] is not None else 0)
    if name == "attest_work":
        shares = [(len(group["shares"]), len(group["branch"])) for group in fields["groups"]]
        return 7_000 + sum(250 + count * (100 + 25 * steps) for count, steps in shares)
    if name == "batch":
        return 1_500 + 500 * len(fields["first_verified"])
    return 1_000


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
