//! What a call does, in one sentence for who is to sign it.
//!
//! It must not know how addresses are written. A call that is not checked yet may hold any bytes: they are escaped, so that they cannot
//! pretend to be ours. A payload is said as it stands, as that is what a service has signed.

use execution::Words;

use crate::call::{AnchorContract, AnchorsCall};
use crate::names::{HashKind, SigningMethod};

/// One sentence about a call.
pub(crate) fn say(call: &AnchorsCall, words: &dyn Words) -> String {
    match call {
        AnchorsCall::Put(put) => {
            let (namespace, key) = (said(&put.namespace), said(&put.key));
            format!("put the digest {} under \"{key}\" in \"{namespace}\", for good", put.digest)
        }
        AnchorsCall::Anchor(anchor) => {
            let kind = HashKind::of(anchor.kind).map_or_else(
                || format!("something of the unknown kind {}", anchor.kind),
                |kind| kind.said().to_owned(),
            );
            format!("anchor the hash {} of {kind}", anchor.hash)
        }
        AnchorsCall::Contract(contract) => said_of_contract(contract),
        AnchorsCall::RegisterService(register) => {
            format!("register the AI service that says \"{}\", txid {}", said(&register.payload), register.txid)
        }
        AnchorsCall::RevokeService(service) => {
            format!("revoke the sender's AI service \"{}\" for good", said(service))
        }
        AnchorsCall::AttestAi(attest) => format!(
            "put on the chain what an AI service of {} attests: \"{}\", txid {}",
            words.address(attest.account),
            said(&attest.payload),
            attest.txid
        ),
        AnchorsCall::OpenLog(log) => format!("open the log {log} of the sender"),
        AnchorsCall::Checkpoint(checkpoint) => format!(
            "put the head {} of record {} of the sender's log {} on the chain",
            checkpoint.head, checkpoint.sequence, checkpoint.log
        ),
    }
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

fn said_of_contract(contract: &AnchorContract) -> String {
    let method = SigningMethod::of(contract.signing_method_class).map_or_else(
        || format!("the unknown method {}", contract.signing_method_class),
        |method| method.name().to_owned(),
    );
    format!(
        "anchor version {} of the contract {}, signed by {method}: document {}, manifest {}, tenant {}, form {}",
        contract.agreement_version,
        contract.contract_ref_hash,
        contract.document_sha256,
        contract.manifest_sha256,
        contract.tenant_ref_hash,
        contract.proof_version
    )
}
