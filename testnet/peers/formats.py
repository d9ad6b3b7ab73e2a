"""A wallet and light client of its own, by docs/FORMATS.md: no line of it comes from the node.

It signs and submits a transfer, follows it until it is final, and checks everything that the node says about it: ids, block hash, body,
certificate, receipts, events, and proofs of the balances. It also checks recorded vectors without a node, and itself: with
`--self-test` every byte that it checks is changed, and each check has to notice.

    formats.py --node URL --genesis FILE (--mnemonic-file FILE | --key-file FILE) --to ADDRESS --amount UNITS [--memo TEXT] [--json]
    formats.py --vectors FILE [--json]
    formats.py --self-test [--vectors FILE] [--json]

With --node, --self-test changes what the node has said; without, or with --vectors too, it changes the vectors.

Exit code 0: all holds. 1: something does not, in one sentence on standard error. 2: the command line is wrong.
It trusts the genesis file and nothing else. Needs coincurve (secp256k1) and py_ecc (BLS12-381).
"""

import argparse
import json
import sys
from pathlib import Path

# The tree of the sources stays clean.
sys.dont_write_bytecode = True

from light.borsh import demand, MALFORMED, unhex, Wrong
from light.chain import Chain
from light.keys import key_from_words, ORDER, read_address
from light.self_test import self_test, self_test_transfer
from light.transfer import check_transfer, Node, transfer
from light.vectors import check_vectors

VECTORS = Path(__file__).with_name("formats-vectors.json")


def read_secret(options):
    if options.key_file is not None:
        secret = unhex(options.key_file.read_text().strip().lower(), "the key")
        demand(len(secret) == 32 and 0 < int.from_bytes(secret, "big") < ORDER, "the key is no secret key of secp256k1")
        return secret
    return key_from_words(options.mnemonic_file.read_text(), account=options.account, index=options.index)


def run(options):
    report = {"ok": True}
    if options.vectors is not None or options.node is None:
        vectors = json.loads((options.vectors or VECTORS).read_text())
        report["vectors"] = check_vectors(vectors)[1]
        if options.self_test:
            report["changes_noticed"] = self_test(vectors)
    if options.node is not None:
        chain = Chain(json.loads(options.genesis.read_text()))
        to, memo = read_address(options.to, chain.network), options.memo.encode()
        evidence = transfer(chain, Node(options.node), read_secret(options), to, options.amount, memo)
        report |= {"chain_id": chain.id.hex(), **check_transfer(chain, evidence, to, options.amount, memo)}
        if options.self_test:
            report["changes_of_answers_noticed"] = self_test_transfer(chain, evidence, to, options.amount, memo)
    return report


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--node", help="address of a node's API")
    parser.add_argument("--genesis", type=Path, help="the chain's genesis file: what is trusted")
    parser.add_argument("--mnemonic-file", type=Path, help="the sender's words")
    parser.add_argument("--key-file", type=Path, help="the sender's secret key, 64 hexadecimal digits")
    parser.add_argument("--account", type=int, default=0, help="account in the path of the key")
    parser.add_argument("--index", type=int, default=0, help="index in the path of the key")
    parser.add_argument("--to", help="who gets it")
    parser.add_argument("--amount", type=int, help="how many µTHR")
    parser.add_argument("--memo", default="", help="anything to say; everybody can read it")
    parser.add_argument("--vectors", type=Path, help="check these vectors")
    parser.add_argument("--self-test", action="store_true", help="change everything that is checked, and demand that it is noticed")
    parser.add_argument("--json", action="store_true", help="answer with one JSON document")
    options = parser.parse_args(arguments)
    if options.node is not None:
        missing = [name for name in ("genesis", "to", "amount") if getattr(options, name) is None]
        if missing or (options.mnemonic_file is None) == (options.key_file is None):
            parser.error("with --node give --genesis, --to, --amount, and one of --mnemonic-file and --key-file")
    elif options.vectors is None and not options.self_test:
        parser.error("give --node, --vectors or --self-test")
    return options


def tell(report):
    for name, value in report.items():
        if name != "ok":
            print(f"{name + ':':28} {json.dumps(value) if isinstance(value, (dict, list)) else value}")
    print("all holds")


def main():
    options = options_of(sys.argv[1:])
    try:
        report = run(options)
    except (Wrong, OSError, *MALFORMED) as error:
        sentence = str(error) if isinstance(error, (Wrong, OSError)) else f"something cannot be read: {type(error).__name__}: {error}"
        print(f"formats: {sentence}", file=sys.stderr)
        if options.json:
            print(json.dumps({"ok": False, "error": sentence}))
        return 1
    if options.json:
        print(json.dumps(report))
    else:
        tell(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
