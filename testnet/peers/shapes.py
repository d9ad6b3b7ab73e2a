#!/usr/bin/env python3
"""Whether a node's statistics of mining are what readers of ckpool's and public-pool's answers expect.

    shapes.py --url http://NODE --address ADDRESS [--worker NAME]   fetches the answers from a node
    shapes.py [--status FILE] [--pool FILE] [--user FILE] [--info FILE] [--public-pool FILE]
              [--network FILE] [--client FILE] [--group FILE]       reads single answers

With both, a file stands for what would be fetched. `bit-byte-block` reads ckpool's `pool.status`; what it read, and the
other answers, are held against the types of ckpool's source and of public-pool's controllers and pages. Ends with 1 and a
sentence when something is not as expected, with 0 and one line of what was read otherwise.
"""

import argparse
import json
import math
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path

from bit_byte_block.cli import format_snapshot
from bit_byte_block.monitor import fetch_pool_status_snapshot

TIMEOUT_S = 10.0
UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6, "Z": 7}
RATE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)([KMGTPEZ]?)\Z")
# A rate is told with three digits, so a sum of rates may be off by half a unit of the third in each.
RATE_ERROR = 0.01


class Wrong(Exception):
    """What is not as a reader expects it."""


def number(value, place):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise Wrong(f"{place} is {value!r}, and readers expect a number that is not negative")
    return value


def whole(value, place):
    if not isinstance(value, int) or number(value, place) > 2**63 - 1:
        raise Wrong(f"{place} is {value!r}, and readers expect a whole number of 63 bits")
    return value


def text(value, place):
    if not isinstance(value, str):
        raise Wrong(f"{place} is {value!r}, and readers expect a text")
    return value


def name(value, place):
    if not re.fullmatch(r"[A-Za-z0-9._/-]+", text(value, place)):
        raise Wrong(f"{place} is {value!r}, and pages put it into links as it is")
    return value


def maybe_text(value, place):
    return None if value is None else text(value, place)


def number_text(value, place):
    if not re.fullmatch(r"\d+(\.\d+)?", text(value, place)):
        raise Wrong(f"{place} is {value!r}, and readers expect a text with a number in it")
    return float(value)


def two_places(value, place):
    if not re.fullmatch(r"\d+\.\d\d", text(value, place)):
        raise Wrong(f"{place} is {value!r}, and readers expect a text with two digits after the point")
    return float(value)


def time(value, place):
    try:
        read = datetime.fromisoformat(text(value, place))
    except ValueError:
        read = None
    if read is None or read.tzinfo is None or not value.endswith("Z"):
        raise Wrong(f"{place} is {value!r}, and readers expect a time such as 2023-11-14T22:13:20.000Z")
    return read


def rate(value, place):
    """Hashes per second of a text such as `1.23T`."""
    found = RATE.match(text(value, place))
    if not found:
        raise Wrong(f"{place} is {value!r}, and readers expect a rate such as 1.23T")
    return float(found[1]) * 1000 ** UNITS[found[2]]


def listed(shape):
    def check(value, place):
        if not isinstance(value, list):
            raise Wrong(f"{place} is {value!r}, and readers expect a list")
        return [shaped(shape, one, f"{place}[{index}]") for index, one in enumerate(value)]

    return check


def shaped(shape, value, place):
    """The value as the shape reads it: exactly the shape's keys, each of its type."""
    if callable(shape):
        return shape(value, place)
    if not isinstance(value, dict):
        raise Wrong(f"{place} is {value!r}, and readers expect an object")
    missing, unknown = shape.keys() - value.keys(), value.keys() - shape.keys()
    if missing or unknown:
        raise Wrong(f"{place} lacks {sorted(missing)} and has {sorted(unknown)} more")
    return {key: shaped(kind, value[key], f"{place}.{key}") for key, kind in shape.items()}


# ckpool, src/stratifier.c, statsupdate(). Sums of difficulty are whole there; here small ones have decimals.
SUMMARY = dict.fromkeys(["runtime", "lastupdate", "Users", "Workers", "Idle", "Disconnected"], whole)
RATES = dict.fromkeys(["hashrate1m", "hashrate5m", "hashrate1hr", "hashrate1d", "hashrate7d"], rate)
POOL_RATES = RATES | dict.fromkeys(["hashrate15m", "hashrate6hr"], rate)
POOL_SHARES = dict.fromkeys(
    ["diff", "accepted", "rejected", "bestshare", "bestever", "SPS1m", "SPS5m", "SPS15m", "SPS1h"], number
)
CK_SHARES = {"lastshare": whole, "shares": number, "bestshare": number, "bestever": number}
CK_WORKER = {"workername": name} | RATES | CK_SHARES
CK_USER = RATES | CK_SHARES | {"workers": whole, "authorised": whole, "worker": listed(CK_WORKER)}

# public-pool, src/app.controller.ts and src/controllers/client; what its pages do with it is in public-pool-ui,
# src/app/components.
BLOCK = {"height": whole, "minerAddress": name, "worker": name, "sessionId": name}
AGENT = {"userAgent": name, "count": number_text, "bestDifficulty": number, "totalHashRate": number_text}
SCORE = {"updatedAt": time, "bestDifficulty": number, "bestDifficultyUserAgent": maybe_text}
INFO = {"blockData": listed(BLOCK), "userAgents": listed(AGENT), "highScores": listed(SCORE), "uptime": time}
PUBLIC_POOL = {
    "totalHashRate": number,
    "blockHeight": whole,
    "totalMiners": whole,
    "blocksFound": listed(BLOCK),
    "fee": number,
}
NETWORK = {
    "blocks": whole,
    "currentblockweight": whole,
    "currentblocktx": whole,
    "difficulty": number,
    "networkhashps": number,
    "pooledtx": whole,
    "chain": text,
    "warnings": text,
    "bits": text,
}
SESSION = {
    "sessionId": name,
    "name": name,
    "bestDifficulty": two_places,
    "hashRate": number,
    "startTime": time,
    "lastSeen": time,
}
CLIENT = {"bestDifficulty": number, "workersCount": whole, "workers": listed(SESSION)}
CHART = listed({"label": time, "data": number})
GROUP = {"name": name, "bestDifficulty": number, "chartData": CHART}


def agree(left, right, what, error=0.0):
    if abs(left - right) > error * max(abs(left), abs(right)):
        raise Wrong(f"{what}: {left} and {right}")


def check_status(url, pool_answers):
    """What `bit-byte-block` makes of `pool.status`. `pool_answers` gives the same as one object, before and after."""
    before = pool_answers()
    try:
        snapshot = fetch_pool_status_snapshot(url, timeout=TIMEOUT_S)
    except (OSError, ValueError) as error:
        raise Wrong(f"bit-byte-block cannot read {url}: {error}") from error
    read = shaped({"summary": SUMMARY, "hashrate": POOL_RATES, "shares": POOL_SHARES, "extra": listed({})}, snapshot, "status")
    shown = format_snapshot(snapshot)
    if "None" in shown:
        raise Wrong(f"bit-byte-block misses a value: {shown}")
    after = pool_answers()
    together = read["summary"] | read["hashrate"] | read["shares"]
    for key, value in (before or {}).items():
        # What changed meanwhile cannot be compared.
        if value == after[key]:
            agree(together[key], value, f"{key} in pool.status and in the pool's answer differ")
    return shown


def check_pool(pool):
    read = shaped(SUMMARY | POOL_RATES | POOL_SHARES, pool, "pool")
    if read["Idle"] > read["Workers"]:
        raise Wrong(f"of {read['Workers']} workers {read['Idle']} are idle")
    return read


def check_user(user):
    read = shaped(CK_USER, user, "user")
    workers = read["worker"]
    names = [worker["workername"] for worker in workers]
    if len(set(names)) != len(names):
        raise Wrong(f"a worker is listed twice: {names}")
    for key in RATES:
        agree(sum(worker[key] for worker in workers), read[key], f"{key} of the workers and of the user differ", RATE_ERROR)
    agree(sum(worker["shares"] for worker in workers), read["shares"], "shares of the workers and of the user differ", 1e-6)
    for key in ("bestshare", "bestever", "lastshare"):
        agree(max((worker[key] for worker in workers), default=0), read[key], f"{key} of the workers and of the user differ")
    return read


def check_client(client):
    read = shaped(CLIENT, client, "client")
    agree(len(read["workers"]), read["workersCount"], "the list of workers and their count differ")
    for session in read["workers"]:
        if session["lastSeen"] < session["startTime"]:
            raise Wrong(f"session {session['sessionId']} was seen before it began")
    sessions = [(session["sessionId"], session["name"]) for session in read["workers"]]
    if len(set(sessions)) != len(sessions):
        raise Wrong(f"a session is listed twice: {sessions}")
    return read


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Wrong(f"{url} answers {error.code}: {error.read(300).decode(errors='replace')}") from error
    except (OSError, ValueError) as error:
        raise Wrong(f"{url} cannot be read: {error}") from error


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", help="where the node's API is, such as http://127.0.0.1:3000")
    parser.add_argument("--address", help="who is paid")
    parser.add_argument("--worker", help="a worker's name; otherwise the first that is connected")
    for answer in ("status", "pool", "user", "info", "public-pool", "network", "client", "group"):
        parser.add_argument(f"--{answer}", metavar="FILE", help="a saved answer")
    return parser.parse_args()


def check(given):
    """Checks every answer that there is; the lines that tell what was read."""
    base = given.url.rstrip("/") if given.url else None

    def answer(file, path):
        if file:
            return json.loads(Path(file).read_text(encoding="utf-8"))
        return fetch(base + path) if base and path else None

    def present(file, path, reader):
        found = answer(file, path)
        return None if found is None else reader(found)

    address = urllib.parse.quote(given.address, safe="") if given.address else None
    of_client = f"/api/client/{address}" if address else None
    pool = present(given.pool, "/api/v1/mining/pool", check_pool)
    user = present(given.user, f"/api/v1/mining/users/{address}" if address else None, check_user)
    info = present(given.info, "/api/info", lambda found: shaped(INFO, found, "info"))
    public = present(given.public_pool, "/api/pool", lambda found: shaped(PUBLIC_POOL, found, "public-pool"))
    network = present(given.network, "/api/network", lambda found: shaped(NETWORK, found, "network"))
    client = present(given.client, of_client, check_client)
    worker = given.worker or next((one["name"] for one in (client or {}).get("workers", [])), None)
    path = f"{of_client}/{urllib.parse.quote(worker, safe='')}" if worker and of_client else None
    group = present(given.group, path, lambda found: shaped(GROUP, found, "group"))
    if base and of_client and not given.client:
        shaped(CHART, fetch(f"{base}{of_client}/chart"), "chart")
    status = Path(given.status).resolve().as_uri() if given.status else base and f"{base}/api/v1/mining/pool.status"
    lines = [check_status(status, lambda: present(given.pool, "/api/v1/mining/pool", check_pool))] if status else []
    if user and client:
        agree(user["workers"], client["workersCount"], "the user's workers and the client's differ")
    if info and public:
        count = sum(agent["count"] for agent in info["userAgents"])
        agree(count, public["totalMiners"], "the miners of all programs and of the pool differ")
        agree(len(info["blockData"]), len(public["blocksFound"]), "the works found differ")
    read = [("pool", pool), ("user", user), ("info", info), ("public-pool", public)]
    read += [("network", network), ("client", client), ("group", group)]
    names = [name for name, found in read if found is not None]
    if not names and not lines:
        raise Wrong("there is nothing to check: give --url and --address, or files")
    return [*lines, f"as expected: {', '.join(['pool.status'] * bool(lines) + names)}"]


def main():
    try:
        print("\n".join(check(arguments())))
    except (Wrong, OSError, ValueError) as wrong:
        print(f"shapes: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
