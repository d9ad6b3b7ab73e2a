//! Why this module rejects a call. Numbers are stable; the names of 1 to 11 are those that AI services know, in capitals, from before.

use types::ModuleId;

execution::rejects! {
    /// What this module rejects.
    pub enum AnchorsReject of ModuleId(8);
    1 MissingFields "missing_fields" "the payload lacks a field that it must have"
    2 TxidMismatch "txid_mismatch" "the txid is not the SHA-256 of the prefix and the payload: hash exactly the bytes that are sent"
    3 PubkeyNotAllowlisted "pubkey_not_allowlisted" "the key is not the one that the service was registered with"
    4 BadSignature "bad_signature" "the signature does not belong to the txid and the key, or its s is in the upper half"
    5 UnregisteredService "unregistered_service" "the account has no service of this name, or has revoked it"
    6 MissingScope "missing_scope" "the service was not registered with the scope ai:attest"
    7 PayloadTooLarge "payload_too_large" "the payload has more than 2048 bytes"
    8 TimeDrift "time_drift" "created_at is too far from the block's time: set the clock right, and sign anew"
    9 UnknownTxType "unknown_tx_type" "tx_type is not AI_SERVICE_REGISTER or AI_ATTESTATION, as the call has it"
    10 NotCanonical "not_canonical" "the payload is not canonical JSON: one flat object, names sorted, no spaces, only texts, integers and booleans"
    11 UnknownField "unknown_field" "the payload has a field that is not on the list: hashes only, nothing about people"
    12 MalformedField "malformed_field" "a field of the payload has another type or form than it must have"
    13 AnchorConflict "anchor_conflict" "another digest stands under this name already, and the first one stays"
    14 IdempotencyConflict "idempotency_conflict" "a contract with this manifest is anchored already, and differs"
    15 ServiceConflict "service_conflict" "the account has a service of this name already, registered by another statement"
    16 ServiceRevoked "service_revoked" "the service of this name is revoked, for good: choose another name"
    17 NotServiceAccount "not_service_account" "only the account that the service belongs to may send what it attests"
    18 UnknownLog "unknown_log" "the account has not opened this log"
    19 CheckpointOrder "checkpoint_order" "the log has a checkpoint with a higher number already: a copy that was put back must open a new log"
    20 CheckpointConflict "checkpoint_conflict" "the log has a checkpoint with this number and another head: there are two copies of it"
    21 MalformedNamespace "malformed_namespace" "a namespace has 1 to 16 lower-case letters, digits, points, hyphens or underscores"
    22 MalformedPutKey "malformed_put_key" "a key has 1 to 64 visible characters of ASCII"
    23 MalformedService "malformed_service" "the name of a service has 1 to 64 lower-case letters, digits, points, hyphens or underscores"
    24 UnknownKind "unknown_kind" "there is no such kind of hash: 1 document, 2 identity, 3 signature, 4 kyc, 5 model, 6 export, 7 evidence"
    25 UnknownProofVersion "unknown_proof_version" "the only version of contracts is 1, CONTRACT_ANCHOR_V1"
    26 UnknownSigningMethod "unknown_signing_method" "the class of a signing method is 1 (QES), 2 (VERIFIED_ESIGN) or 3 (MIXED)"
    27 RecordFeeUnpayable "record_fee_unpayable" "the account's THR does not cover the fee for a new record"
}
