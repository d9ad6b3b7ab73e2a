"""What a node says of blocks and balances, checked against the chain."""

from light.answers import read_calls, read_receipt, read_transaction, shown
from light.blocks import body_root, check_receipt_path, header_hash
from light.borsh import demand, unhex
from light.forms import ACCOUNT, BLOCK_BODY, CERTIFICATE, HEADER, MERKLE_PATH, RECEIPT, TRANSACTION
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


DESCENDANTS_MAX = 1024


def check_final_header(chain, answer):
    """The header that an answer proves final, within one epoch."""
    header_bytes = unhex(answer["header_hex"], "a header")
    descendants = [unhex(text, "a header") for text in answer["descendants_hex"]]
    demand(len(descendants) <= DESCENDANTS_MAX, "too many headers stand between a header and its certificate")
    headers = [HEADER.value(data) for data in (header_bytes, *descendants)]
    is_within = all(later["epoch"] == headers[0]["epoch"] for later in headers)
    demand(is_within and all(earlier["next_validators_hash"] is None for earlier in headers[:-1]), "a proof leads beyond its epoch")
    chain.check_final(header_bytes, descendants, unhex(answer["certificate_hex"], "a certificate"))
    return headers[0]


def check_receipt_proof_answer(chain, answer, identity):
    """What became of a transaction. Gives the height, the receipt's place, the receipt, and the transaction."""
    header = check_final_header(chain, answer)
    path = MERKLE_PATH.value(unhex(answer["path_hex"], "a path"))
    receipt_bytes = unhex(answer["receipt_hex"], "a receipt")
    check_receipt_path(header["receipts_root"], receipt_bytes, path)
    receipt, height = RECEIPT.value(receipt_bytes), header["height"] - 1
    told, holds = (answer["height"], answer["index"], answer["id"]), (height, path["index"], receipt["id"].hex())
    demand(told == holds, f"a proof is of receipt {holds} and says {told}")
    demand(receipt["id"] == identity and path["index"] > 0, "a proof is of another transaction")
    transaction = TRANSACTION.value(unhex(answer["transaction_hex"], "a transaction"))
    demand(check_transaction(chain.id, transaction)[0] == identity, "a proof comes with another transaction")
    return height, path["index"], receipt, transaction


def check_proof_answer(chain, answer, key):
    """A proof with its final header. Gives the height and the value."""
    demand(unhex(answer["key_hex"], "a key") == key, "the proof is about another key than the one that was asked for")
    value = None if answer["value_hex"] is None else unhex(answer["value_hex"], "a value")
    header = check_final_header(chain, answer)
    demand(header["height"] == answer["height"] + 1, "the header of a proof is not that of the next block")
    check_proof(header["state_root"], key, value, unhex(answer["proof_hex"], "a proof"))
    return answer["height"], value


def read_account(value):
    return {"nonce": 0, "thr": 0} if value is None else ACCOUNT.value(value)
