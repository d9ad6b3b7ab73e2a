"""Sections 7 to 9: trees, roots, events."""

from light.borsh import demand, tagged, ZERO
from light.forms import EVENTS, RECEIPT, SYSTEM_CALL


def merkle_root(name, items):
    level = [tagged(name, b"\0", item) for item in items]
    while len(level) > 1:
        pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
        level = [tagged(name, b"\1", *pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return tagged(name, b"\2", len(items).to_bytes(4, "little"), level[0] if level else ZERO)


def check_path(name, root, item, path):
    """Checks that the item stands at the path's index in the list that has this root."""
    place, width, siblings = path["index"], path["count"], list(path["siblings"])
    demand(place < width, "a path leads from a place beyond its list")
    top = tagged(name, b"\0", item)
    while width > 1:
        if place % 2 == 1:
            demand(siblings, "a path is too short")
            top = tagged(name, b"\1", siblings.pop(0), top)
        elif place + 1 < width:
            demand(siblings, "a path is too short")
            top = tagged(name, b"\1", top, siblings.pop(0))
        place, width = place // 2, (width + 1) // 2
    demand(not siblings, "a path is too long")
    demand(tagged(name, b"\2", path["count"].to_bytes(4, "little"), top) == root, "a path does not lead to its root")


def check_receipt_path(root, receipt_bytes, path):
    check_path("thronos/receipts", root, tagged("thronos/receipt", receipt_bytes), path)


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
