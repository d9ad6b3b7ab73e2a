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
//! | `proof` | the whole of it |

mod cast;
mod counting;
mod gate;
mod ownership;
mod proof;

use testnet::devnet::{Local, LocalProof, Ports, Service};

/// VerifyID on local networks: node 0 asks devices. No port is needed, as it does so over the API.
pub(crate) const LOCAL: Local = Local {
    settings,
    proof: Some(LocalProof {
        about: "a device is registered, challenged, verified and batched, handed on, rotated, held and revoked; quotas end and months \
                turn; and every wrong answer and call is refused by its name",
        rules: proof::quick_spans,
        run: proof::prove,
    }),
    ..Local::PLAIN
};

fn settings(_: Ports, node: usize, service: Service) -> Vec<(&'static str, String)> {
    let is_on = node == 0 && service == Service::On;
    vec![("verifyid.enabled", is_on.to_string())]
}
