"""Section 12: from the JSON of the API and of the genesis file to values, and back."""

import copy

from light.borsh import demand, unhex
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
