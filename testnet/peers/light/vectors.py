"""Section 14: recorded examples, checked without a node."""

from light.answers import shown
from light.blocks import body_root, check_receipt_path, header_hash, merkle_root, read_event, receipts_root
from light.borsh import demand, hash160, Record, tag, U128, U64, unhex, Wrong, ZERO
from light.chain import Chain, check_bls, VOTES
from light.forms import (
    ACCOUNT, ASSET, BLOCK_BODY, BODY, CALLS, EVENTS, GENESIS, HEADER, KERNEL_SYSTEM_CALL, MERKLE_PATH, POLICY, PROOF_OF_WORK,
    RECEIPT, TRANSACTION, VALIDATOR_SET, WITNESS,
)
from light.keys import address_text, key_from_words, policy_address, PREFIXES, public_key, read_address, sign
from light.state import asset_key, balance_key, check_proof
from light.transactions import call_weight, check_transaction, fee_of, price_of, weigh


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
        signature = transaction["witness"]["auths"][0]["single"]["signature"]
        same(sign(keys[entry["signed_by"]], identity), signature, "the signature by RFC 6979")


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
        is_of_ancestor = fields["height"] < header["height"] and fields["certificate"]["statement"]["kind"] == 2
        demand(is_of_ancestor, "an attendance is not of an ancestor")


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


def check_result_vector(chain, entry):
    header_bytes, receipt_bytes = unhex(entry["header"], "a header"), unhex(entry["receipt"], "a receipt")
    descendants = [unhex(text, "a header") for text in entry["descendants"]]
    header, path = HEADER.value(header_bytes), MERKLE_PATH.value(unhex(entry["path"], "a path"))
    check_receipt_path(header["receipts_root"], receipt_bytes, path)
    same((header["height"] - 1, path["index"], path["count"]), (entry["height"], entry["index"], entry["count"]), "the receipt's place")
    same(RECEIPT.value(receipt_bytes)["id"].hex(), entry["id"], "the id of the receipt")
    if entry["transaction"] is not None:
        identity, _ = check_transaction(chain.id, TRANSACTION.value(unhex(entry["transaction"], "a transaction")))
        same(identity.hex(), entry["id"], "the id of the transaction")
    chain.check_final(header_bytes, descendants, unhex(entry["certificate"], "a certificate"))


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
    "blocks": check_block_vector, "events": check_event_vector, "proofs": check_proof_vector, "results": check_result_vector,
    "merkle": check_merkle_vector, "prices": check_price_vector}


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
