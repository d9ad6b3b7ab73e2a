//! Mining on a local network: a built-in miner at node 0, what a person sees of it, and the proof that every µTHR is where the
//! rules say.
//!
//! It must not use the chain's own rules to judge the chain: `books` reckons from nothing but blocks and the genesis.
//!
//! | file | tells |
//! |---|---|
//! | `asked` | what nodes are asked over HTTP |
//! | `events` | what blocks hold and report, read from bytes |
//! | `target` | targets, weights and the pace, reckoned anew |
//! | `books` | who has earned what, reckoned anew with plain loops |
//! | `miner` | `thronos mine` as a process |
//! | `watched` | a network, its miners, and the books that follow it |
//! | `claim` | a claim, and what it moves |
//! | `share` | one share, made here and handed to all nodes |
//! | `pace` | the difficulty while another miner comes and goes |
//! | `restart` | a node that is killed while it serves a miner |
//! | `proof`, `onlooker` | what `--check --trial mining` proves, and what `--with mining` starts |

mod asked;
mod books;
mod claim;
mod events;
mod miner;
mod onlooker;
mod pace;
mod proof;
mod restart;
mod share;
mod target;
mod watched;

use testnet::devnet::{DEFAULT_BASE, Local, LocalActor, LocalNetwork, LocalProof, Outcome, Ports, Service};

use onlooker::Onlooker;

/// Where miners look for the first node of a network on its usual ports.
const USUAL_PORT: u16 = 3_334;

/// Mining on local networks.
pub(crate) const LOCAL: Local = Local {
    ports: |ports, node| vec![miners_port(ports, node)],
    settings,
    invitation,
    actor: Some(start),
    proof: Some(LocalProof {
        about: "works and shares are paid by the rules to the last µTHR, the difficulty follows the hash rate, and a node killed \
                while it serves a miner loses none of its shares (3 minutes)",
        rules: proof::quick_works,
        run: proof::prove,
    }),
    alias: Some((
        "mine",
        "mine at node 0 with one thread that gives way to everything else. Node i serves miners on port 3334 + 10·i (with \
         --base-port, PORT + 10·i + 2)",
    )),
};

/// Where miners reach a node: where the manuals say, or, in a network on ports that were chosen, on the second after the node's first.
#[must_use]
pub fn miners_port(ports: Ports, node: usize) -> u16 {
    if ports.are_usual() {
        ports.peers(node).saturating_sub(DEFAULT_BASE - USUAL_PORT)
    } else {
        ports.api(node).saturating_add(1)
    }
}

fn settings(ports: Ports, node: usize, service: Service) -> Vec<(&'static str, String)> {
    let listen = format!("127.0.0.1:{}", miners_port(ports, node));
    vec![("mining.enabled", (service == Service::On).to_string()), ("mining.listen", listen)]
}

fn invitation(network: &LocalNetwork, service: Service) -> Option<String> {
    let port = miners_port(network.plan.ports, 0);
    Some(match service {
        Service::On => format!(
            "Miners may join at stratum+tcp://127.0.0.1:{port}, user ADDRESS.NAME; `cargo x devnet --mine` brings one along.\n"
        ),
        Service::Off => {
            format!(
                "Miners cannot join: another program has port {port} or the next ones. --base-port chooses others.\n"
            )
        }
    })
}

fn start(network: &LocalNetwork, say: &dyn Fn(&str)) -> Outcome<Box<dyn LocalActor>> {
    Ok(Box::new(Onlooker::start(network, say)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn miners_find_a_network_where_the_manuals_say_and_another_one_does_not_get_in_their_way() {
        let usual = Ports::new(DEFAULT_BASE, 5).expect("there is room");
        assert_eq!((miners_port(usual, 0), miners_port(usual, 3)), (3_334, 3_364));
        let elsewhere = Ports::new(27_700, 5).expect("there is room");
        assert_eq!((miners_port(elsewhere, 0), miners_port(elsewhere, 3)), (27_702, 27_732));
    }
}
