"""Every record of docs/FORMATS.md, in the order of the page."""

from light.borsh import (
    ADDRESS, BLS_KEY, BLS_SIGNATURE, BOOL, Fixed, HASH, KEY, Many, Option, Record, SIGNATURE, U128, U16, U32, U64, U8, Variant,
)

ASSET = Record(symbol=Many(16), decimals=U8, minter=Option(ADDRESS), cap=U128)
TIMING = Record(**{name: U64 for name in (
    "delta_ms delta_max_ms block_interval_min_ms block_interval_empty_ms epoch_length_ms seed_interval_ms block_ahead_max_ms "
    "block_behind_max_ms validity_max_ms").split()})
FEES = Record(price_floor=U64, weight_target_per_s=U64, excess_per_e=U64, ecosystem=ADDRESS)
LIMITS = Record(body_bytes_max=U32, block_weight_max=U64, system_bytes_max=U32)
MINING = Record(
    launch_bits=U32, spacing_ms=U64, half_life_ms=U64, spacing_min_ms=U64, anchor_age_max_ms=U64, header_behind_max_s=U32,
    header_ahead_max_s=U32, share_factor=U32, window_works=U32, shares_per_work_max=U32, reward=U128, halving_interval=U64,
    ai_pool=ADDRESS, validators=ADDRESS, ecosystem=ADDRESS)
TOKENS = Record(asset_creation_fee=U128, assets=Many(1_000, Record(id=U64, asset=ASSET)))
VERIFYID = Record(
    authority=ADDRESS, ecosystem=ADDRESS, verifiers=Many(16, ADDRESS), free=Record(devices=U64, verifications=U64),
    plans=Many(16, Record(plan=U8, devices=U64, verifications=U64, price=U128)),
    work_classes=Many(16, Record(**{"class": U8}, floor=U64, difficulty=U64, shares=U16, window_ms=U64)),
    registration_fee=U128, **{name: U64 for name in (
        "statement_max_ms rotation_delay_ms offer_max_ms hold_ms hold_pause_ms batch_late_ms work_ttl_ms level_ttl_ms "
        "beacon_interval_ms").split()})
ANCHORS = Record(record_fee=U128, payload_byte_fee=U128, time_drift_max_ms=U64)
SECTIONS = {"tokens": (1, TOKENS), "mining": (3, MINING), "verifyid": (4, VERIFYID), "anchors": (8, ANCHORS)}
PARAMETERS = Record(timing=TIMING, fees=FEES, limits=LIMITS, thr_cap=U128)
GENESIS_VALIDATOR = Record(key=BLS_KEY, possession=BLS_SIGNATURE, power=U64, account=ADDRESS, peer=HASH)
GENESIS = Record(
    version=U16, name=Many(64), network=U8, time=U64, parameters=PARAMETERS, modules=Many(64, Record(module=U16, body=Many(1 << 20))),
    balances=Many(2_000_000, Record(address=ADDRESS, asset=U64, amount=U128)),
    grants=Many(1_024, Record(module=U16, pot=Many(64), asset=U64, amount=U128)),
    allowances=Many(64, Record(module=U16, account=ADDRESS, asset=U64, share_ppm=U32, span_ms=U64)),
    validators=Many(100, GENESIS_VALIDATOR))

POLICY = Record(threshold=U8, keys=Many(16, KEY))
CALL = Record(module=U16, body=Many(61_440))
AUTH = Variant(
    single=Record(key=KEY, signature=SIGNATURE),
    multisig=Record(policy=POLICY, signatures=Many(16, Record(key=U8, signature=SIGNATURE))))
BODY = Record(
    version=U8, sender=ADDRESS, auth=U8, nonce=U64, valid_until=U64, fee_max=U128, tip=U128,
    payer=Option(Record(address=ADDRESS, auth=U8)), calls=Many(16, CALL))
WITNESS = Record(auths=Many(2, AUTH))
TRANSACTION = Record(body=BODY, witness=WITNESS)
TRANSACTION_BYTES_MAX = 65_536

NOTHING = Record()
AGREEMENT_VERSION = Record(major=U16, minor=U16, patch=U16)
DEVICE = Record(device=HASH)
DEVICE_KEY, DEVICE_SIGNATURE = Many(33), Many(64)
WORK_GROUP = Record(
    coinbase1=Many(256), coinbase2=Many(256), branch=Many(16, HASH), previous=HASH, bits=U32,
    shares=Many(64, Record(extranonce=Fixed(12), version=U32, time=U32, nonce=U32)))
CALLS = {
    1: Variant(
        transfer=Record(asset=U64, to=ADDRESS, amount=U128, memo=Many(256)),
        batch_transfer=Record(asset=U64, payments=Many(256, Record(to=ADDRESS, amount=U128))),
        create=Record(asset=ASSET, initial=U128),
        mint=Record(asset=U64, to=ADDRESS, amount=U128),
        burn=Record(asset=U64, amount=U128)),
    3: Variant(claim=NOTHING),
    4: Variant(
        register=Record(owner=ADDRESS, kind=U8, algorithm=U8, key=DEVICE_KEY, valid_until=U64, possession=DEVICE_SIGNATURE),
        accept=DEVICE,
        offer=Record(device=HASH, to=ADDRESS, until=U64),
        take=Record(device=HASH, rotation=U32),
        withdraw=DEVICE,
        rotate=Record(
            device=HASH, algorithm=U8, key=DEVICE_KEY, valid_until=U64, new_signature=DEVICE_SIGNATURE,
            old_signature=Option(DEVICE_SIGNATURE)),
        cancel_rotation=Record(device=HASH, valid_until=U64, signature=Option(DEVICE_SIGNATURE)),
        revoke=Record(device=HASH, reason=U8),
        suspend=Record(device=HASH, reason=U8),
        reinstate=DEVICE,
        hold=DEVICE,
        attest_work=Record(**{
            "device": HASH, "class": U8, "beacon": U64, "valid_until": U64, "signature": DEVICE_SIGNATURE,
            "groups": Many(64, WORK_GROUP)}),
        batch=Record(
            customer=ADDRESS, sequence=U64, leaves=U32, ok=U32, root=HASH, first=U64, last=U64, first_verified=Many(256, HASH)),
        set_level=Record(device=HASH, level=U8, owner=ADDRESS, rotation=U32, seen=U64, until=U64, evidence=HASH),
        set_verifier=Record(verifier=ADDRESS, listed=BOOL),
        set_plan=Record(customer=ADDRESS, plan=U8, until=U64),
        buy_plan=Record(plan=U8, months=U8, price_max=U128, replaces=U8),
        allow_verifier=Record(verifier=ADDRESS, allowed=BOOL)),
    8: Variant(
        put=Record(namespace=Many(16), key=Many(64), digest=HASH),
        anchor=Record(kind=U8, hash=HASH),
        contract=Record(
            proof_version=U8, document_sha256=HASH, manifest_sha256=HASH, contract_ref_hash=HASH, tenant_ref_hash=HASH,
            agreement_version=AGREEMENT_VERSION, signing_method_class=U8),
        register_service=Record(payload=Many(4_096), txid=HASH, signature=SIGNATURE),
        revoke_service=Record(service=Many(64)),
        attest_ai=Record(account=ADDRESS, payload=Many(4_096), txid=HASH, public_key=KEY, signature=SIGNATURE),
        open_log=Record(log=HASH),
        checkpoint=Record(log=HASH, sequence=U64, head=HASH)),
}

HEADER = Record(
    version=U16, chain_id=HASH, epoch=U64, view=U64, height=U64, parent=HASH, time=U64, proposer=U16, body_root=HASH, state_root=HASH,
    receipts_root=HASH, price=U128, validators_hash=HASH, next_validators_hash=Option(HASH))
SYSTEM_CALL = Record(module=U16, body=Many(32_768))
BLOCK_BODY = Record(system_calls=Many(256, SYSTEM_CALL), transactions=Many(32_768, TRANSACTION))
PROOF_OF_WORK = Record(header=Fixed(80), anchor=U64, coinbase=Many(256), branch=Many(16, HASH))

EVENT = Record(module=U16, kind=U16, body=Many(4_096))
RECEIPT = Record(id=HASH, code=U32, call=U8, weight=U64, fee=U128, events=Many(4_096, EVENT))
EVENTS = {
    0: Variant(
        fees_shared=Record(burned=U128, ecosystem=U128, tips=U128), seed_mixed=Record(mix=HASH),
        attendance_counted=Record(height=U64, signers=U16), epoch_ended=Record(epoch=U64), rejected=Record(module=U16, code=U32),
        version_fixed=Record(version=U16, epoch=U64), module_started=Record(module=U16)),
    1: Variant(
        transferred=Record(**{"asset": U64, "from": ADDRESS, "to": ADDRESS, "amount": U128, "memo": Many(256)}),
        created=Record(asset=U64, description=ASSET, creator=ADDRESS),
        minted=Record(asset=U64, to=ADDRESS, amount=U128),
        burned=Record(**{"asset": U64, "from": ADDRESS, "amount": U128})),
    3: Variant(
        work_accepted=Record(
            work_height=U64, hash=HASH, finder=ADDRESS,
            split=Record(finder=U128, window=U128, ai_pool=U128, validators=U128, ecosystem=U128), next_bits=U32),
        share_accepted=Record(work_height=U64, hash=HASH, payee=ADDRESS, weight=U128),
        claimed=Record(payee=ADDRESS, amount=U128)),
    4: Variant(
        registered=Record(device=HASH, owner=ADDRESS, customer=ADDRESS, kind=U8),
        accepted=DEVICE,
        offered=Record(device=HASH, to=ADDRESS, until=U64),
        transferred=Record(**{"device": HASH, "from": ADDRESS, "to": ADDRESS}),
        withdrawn=DEVICE,
        rotated=Record(device=HASH, rotation=U32, key=HASH),
        rotation_announced=Record(**{"device": HASH, "key": HASH, "from": U64}),
        rotation_cancelled=Record(device=HASH, key=HASH),
        revoked=Record(device=HASH, reason=U8),
        suspended=Record(device=HASH, reason=U8),
        reinstated=DEVICE,
        held=Record(device=HASH, verifier=ADDRESS, until=U64),
        work_attested=Record(**{"device": HASH, "class": U8, "beacon": U64, "until": U64}),
        batch_anchored=Record(
            verifier=ADDRESS, sequence=U64, customer=ADDRESS, leaves=U32, ok=U32, root=HASH, month=U32, in_later_months=U64),
        level_set=Record(device=HASH, level=U8, until=U64, evidence=HASH),
        verifier_set=Record(verifier=ADDRESS, listed=BOOL),
        plan_set=Record(customer=ADDRESS, plan=U8, until=U64),
        verifier_allowed=Record(customer=ADDRESS, verifier=ADDRESS, allowed=BOOL)),
    8: Variant(
        put=Record(account=ADDRESS, namespace=Many(16), key=Many(64), digest=HASH),
        anchored=Record(account=ADDRESS, kind=U8, hash=HASH),
        contract_anchored=Record(account=ADDRESS, manifest_sha256=HASH, document_sha256=HASH, agreement_version=AGREEMENT_VERSION),
        service_registered=Record(account=ADDRESS, service=Many(64), key=KEY, scopes=Many(128), txid=HASH),
        service_revoked=Record(account=ADDRESS, service=Many(64)),
        ai_attested=Record(account=ADDRESS, service=Many(64), txid=HASH, payload=Many(2_048)),
        log_opened=Record(account=ADDRESS, log=HASH),
        checkpointed=Record(account=ADDRESS, log=HASH, sequence=U64, head=HASH)),
}

MERKLE_PATH = Record(index=U32, count=U32, siblings=Many(32, HASH))
VALIDATOR_SET = Record(validators=Many(100, Record(key=BLS_KEY, power=U64, account=ADDRESS, peer=HASH)))
STATEMENT = Record(kind=U8, epoch=U64, view=U64, parent_view=U64, block=HASH)
CERTIFICATE = Record(statement=STATEMENT, signers=Many(13), signature=BLS_SIGNATURE)
KERNEL_SYSTEM_CALL = Variant(seed=Record(signature=BLS_SIGNATURE), attendance=Record(height=U64, certificate=CERTIFICATE))
ACCOUNT = Record(nonce=U64, thr=U128)
