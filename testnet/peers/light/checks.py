"""What a node says of blocks and balances, checked against the chain."""

from light.answers import read_calls, read_receipt, read_transaction, shown
from light.blocks import body_root, header_hash
from light.borsh import demand, unhex
from light.forms import ACCOUNT, BLOCK_BODY, CERTIFICATE, HEADER
from light.keys import address_text
from light.state import check_proof
from light.transactions import check_transaction


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
    return {
        "header": header, "hash": block, "certificate": CERTIFICATE.value(certificate_bytes), "ids": ids, "wids": wids, "body": body,
        "receipts": receipts, "signers": signers}


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
