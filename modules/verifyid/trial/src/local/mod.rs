//! VerifyID on a local network: challenges at node 0, and the proof that what the rules promise holds between real processes.
//!
//! It must not use the chain's own rules to judge the chain: what is expected stands here in numbers.
//!
//! | file | tells |
//! |---|---|
//! | `cast` | who takes part, and how their calls reach the chain |
//! | `gate` | challenges, asked and answered over HTTP |
//! | `ownership` | a device's life: registered, handed on, rotated, held, revoked |
//! | `counting` | batches, quotas and months |
//! | `anchored` | verifications that come to the chain by themselves, and their proofs |
//! | `certified` | a TPM that is enrolled, quotes, and is certified |
//! | `soft_tpm` | that TPM, a program |
//! | `worked` | a rate of hashes, shown over Stratum |
//! | `programs` | the client, a miner, a node with other settings |
//! | `proof` | the whole of it |

mod anchored;
mod cast;
mod certified;
mod counting;
mod gate;
mod ownership;
mod programs;
mod proof;
mod soft_tpm;
mod worked;

use testnet::devnet::{Local, LocalProof, Ports, Service};

/// VerifyID on local networks: node 0 asks devices. No port is needed, as it does so over the API.
pub(crate) const LOCAL: Local = Local {
    settings,
    proof: Some(LocalProof {
        about: "a device is registered, challenged, verified, batched and anchored, and its proof holds offline; a miner reaches the local \
                class, a TPM its level; devices are handed on, rotated, held and revoked; quotas end and months turn; and every wrong answer and call is \
                refused by its name (2 minutes)",
        rules: proof::quick_spans,
        run: proof::prove,
    }),
    ..Local::PLAIN
};

fn settings(_: Ports, node: usize, service: Service) -> Vec<(&'static str, String)> {
    let is_on = service == Service::On;
    if node == 0 { vec![("verifyid.enabled", is_on.to_string())] } else { Vec::new() }
}
