"""Section 13: a transfer from the key to the proof. Asking the node and judging its answers stand apart: answers are gathered first,
then checked without the node, so that they can be changed and checked again."""

import json
import time
import urllib.error
import urllib.request

from light.answers import decimal, read_receipt, read_transaction, shown
from light.blocks import read_event, receipts_root
from light.borsh import demand, hash160, unhex, Wrong
from light.checks import check_block, check_proof_answer, check_receipt_proof_answer, read_account
from light.forms import CALLS, CERTIFICATE, HEADER, TRANSACTION
from light.keys import address_text, public_key, sign
from light.state import account_key
from light.transactions import check_transaction, fee_of, transaction_id, weigh


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
            demand(status in (200, 404, 503), f"{path} is answered with {status}: {answer.get('code')}: {answer.get('message')}")
            demand(time.monotonic() - begun < self.PATIENCE_S, f"{path} does not give what is waited for")
            time.sleep(0.1)


def build_transfer(chain, node, secret, to, amount, memo):
    """A signed transfer of THR."""
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
        # Its receipts are for the block after it to prove.
        "next": {**node.until(f"/api/v1/blocks/{height + 1}", lambda _: True), "receipts": []},
        "before": before,
        "after": [node.until(path, lambda answer: answer["height"] >= height) for path in proof],
        "result": node.until(f"/api/v1/transactions/{identity.hex()}/proof", lambda _: True),
        # The same record by the route for any key.
        "state": node.until(f"/api/v1/state/kernel/{account_key(to)[2:].hex()}/proof", lambda answer: answer["height"] >= height),
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
    else:
        # It may be a descendant's; then it is the one with which the block was checked.
        demand(certificate == block["certificate"], "the transaction is told with a certificate that is not its block's")


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
    proven = check_receipt_proof_answer(chain, evidence["result"], identity)
    demand(proven == (height, place + 1, receipt, transaction), "the proof of the result tells another one than the block")
    at, value = check_proof_answer(chain, evidence["state"], account_key(to))
    demand(at >= height and value is not None, "the recipient's account is proven absent after something was sent to it")
    used = accounts["sender"]["after"]["nonce"]
    demand(used > transaction["body"]["nonce"], f"the sender's proven nonce is {used} after a transaction with that nonce")
    return {
        "id": identity.hex(), "wid": wid.hex(), "height": height, "block": block["hash"].hex(), "index": place, "weight": weight,
        "fee": str(fee), "signers": block["signers"], "validators": len(chain.power),
        "events": [{"name": name, **shown(fields)} for name, fields in events],
        "accounts": {
            name: {**entry, "before": {**entry["before"], "thr": str(entry["before"]["thr"])},
                   "after": {**entry["after"], "thr": str(entry["after"]["thr"])}} for name, entry in accounts.items()}}
