"""Section 12: from the JSON of the API and of the genesis file to values, and back."""

import copy

from light.borsh import demand, unhex
from light.forms import SECTIONS
from light.keys import PREFIXES, read_address


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
    parameters["thr_cap"] = decimal(parameters["thr_cap"], "thr_cap")
    sections = genesis["modules"]
    if "tokens" in sections:
        tokens = sections["tokens"]
        tokens["asset_creation_fee"] = decimal(tokens["asset_creation_fee"], "asset_creation_fee")
        for entry in tokens["assets"]:
            entry["asset"] = read_asset(entry["asset"], network)
    if "mining" in sections:
        mining = sections["mining"]
        mining["reward"] = decimal(mining["reward"], "the reward")
        for name in ("ai_pool", "validators", "ecosystem"):
            mining[name] = read_address(mining[name], network)
    if "verifyid" in sections:
        verifyid = sections["verifyid"]
        verifyid["registration_fee"] = decimal(verifyid["registration_fee"], "registration_fee")
        for plan in verifyid["plans"]:
            plan["price"] = decimal(plan["price"], "a price")
        for name in ("authority", "ecosystem"):
            verifyid[name] = read_address(verifyid[name], network)
        verifyid["verifiers"] = [read_address(verifier, network) for verifier in verifyid["verifiers"]]
    if "anchors" in sections:
        anchors = sections["anchors"]
        for name in ("record_fee", "payload_byte_fee"):
            anchors[name] = decimal(anchors[name], name)
    demand(all(name in SECTIONS for name in sections), "the genesis begins a module that this program does not know")
    names = sorted(sections, key=lambda name: SECTIONS[name][0])
    genesis["modules"] = [{"module": SECTIONS[name][0], "body": SECTIONS[name][1].bytes(sections[name])} for name in names]
    for entry in genesis["balances"]:
        entry["address"], entry["amount"] = read_address(entry["address"], network), decimal(entry["amount"], "a balance")
    for entry in genesis.setdefault("grants", []):
        entry["module"], entry["amount"] = SECTIONS[entry["module"]][0], decimal(entry["amount"], "a grant")
        entry["pot"] = entry["pot"].encode("ascii")
    for entry in genesis.setdefault("allowances", []):
        entry["module"], entry["account"] = SECTIONS[entry["module"]][0], read_address(entry["account"], network)
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
