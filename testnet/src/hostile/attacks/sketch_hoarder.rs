//! A leader whose sketches are of heights that never come, each of almost 4 MiB and complete, so that whoever keeps them by number
//! keeps gigabytes.

use std::time::Duration;

use p2p::{Channel, Network, NetworkEvent};
use replica::wire::{Message, Sketch};
use types::{
    Amount, ByteString, Canonical, ChainId, Epoch, Hash32, Header, Height, List, ModuleId, SystemCall, ValidatorIndex,
    View, limits,
};

use crate::devnet::{Failure, Outcome};
use crate::hostile::attack::{Attack, Begun, Deeds, Hand, Scene};
use crate::hostile::siege::{Siege, VALIDATORS, mallory};
use crate::hostile::sockets::count;
use crate::hostile::stranger::{self, Identity, Stranger};

pub(super) const ATTACK: Attack = Attack {
    name: "sketch-hoarder",
    rows: "B5",
    about: "a leader's complete sketches of 4 MiB, of heights that never come",
    deed: "sketches",
    hand: Hand::Ours,
    scene: Scene::LastAway,
    traitor: true,
    weight: 8.0,
    begin,
    ..Attack::PLAIN
};

/// A height that is never reached.
const HEIGHT: u64 = 1 << 40;
/// System calls that almost fill a body.
const CALLS: usize = limits::BODY_BYTES_MAX / limits::SYSTEM_CALL_BYTES_MAX - 3;
/// Views ahead of the present one whose sketches nodes take, and sketches per view.
const VIEWS_AHEAD: u64 = 2;
const PER_VIEW: u64 = 2;
/// Sketches in all.
const SKETCHES_MAX: u64 = 120;

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let last = VALIDATORS - 1;
    let own = siege.places.get(last).copied().unwrap_or_default();
    let template = header(siege)?;
    let module = (siege.network.plan.transfers()?.call)(mallory().address(), Amount(1)).module;
    let identity = Identity::new(siege, siege.network_seed(last)?, &[0, 1, 2]);
    let validators = siege.honest_peers()?.into_iter().take(last).collect();
    stranger::begin(identity, async move |mut peer: Stranger| {
        // Its own network takes votes of pinned peers only; that it is told so at all is beyond doubt.
        let _ = peer.network.pin(validators);
        let mut hoard = Hoard { own, template, module, told: 0, sketches: 0, deeds: Deeds::new() };
        // Votes come to it as to every validator, and tell the view.
        while !peer.stop.is_wished() {
            let heard = tokio::time::timeout(Duration::from_millis(100), peer.inbound.consensus.recv()).await;
            let Ok(Some(NetworkEvent::Direct { channel: Channel::Votes, payload, .. })) = heard else { continue };
            if let Ok(Message::Vote(vote)) = Message::from_canonical(&payload) {
                count(&mut hoard.deeds, "votes_heard");
                hoard.sketch_ahead(vote.statement.view, &peer.network);
            }
        }
        peer.network.shutdown().await;
        hoard.deeds
    })
}

struct Hoard {
    own: ValidatorIndex,
    template: Header,
    /// One that the chain has.
    module: ModuleId,
    /// The newest view that has been sketched.
    told: u64,
    sketches: u64,
    deeds: Deeds,
}

impl Hoard {
    /// Sketches the own views that come next, each once more than needed.
    fn sketch_ahead(&mut self, view: View, network: &Network) {
        for ahead in view.0..=view.0.saturating_add(VIEWS_AHEAD) {
            let is_own = ahead > self.told && leads(ahead) == self.own;
            if !is_own || self.sketches >= SKETCHES_MAX {
                continue;
            }
            self.told = ahead;
            for _ in 0..PER_VIEW {
                self.sketches += 1;
                let message = stranger::bytes(self.sketch(View(ahead)).to_canonical());
                for victim in network.peers() {
                    let sent = network.send(victim.peer, Channel::Bodies, message.clone());
                    count(&mut self.deeds, if sent.is_ok() { "sketches" } else { "sketches_not_taken" });
                }
            }
        }
    }

    fn sketch(&self, view: View) -> Message {
        let filling = self.sketches.to_le_bytes().repeat(limits::SYSTEM_CALL_BYTES_MAX / 8);
        let body = ByteString::new(filling).unwrap_or_default();
        let call = SystemCall { module: self.module, body };
        let system_calls: List<SystemCall, { limits::SYSTEM_CALLS_PER_BLOCK_MAX }> =
            List::new(vec![call; CALLS]).unwrap_or_default();
        let header = Header {
            view,
            height: Height(HEIGHT + self.sketches),
            parent: Hash32([self.sketches.to_le_bytes()[0]; 32]),
            proposer: self.own,
            body_root: crypto::ids::body_root(&system_calls, &[]),
            ..self.template.clone()
        };
        let sketch = Sketch { header, system_calls, transactions: List::default(), given: List::default() };
        Message::Sketch(Box::new(sketch))
    }
}

/// Validators of equal power lead in turn, the first in view 1.
fn leads(view: u64) -> ValidatorIndex {
    let place = view.saturating_sub(1) % VALIDATORS as u64;
    ValidatorIndex(u16::try_from(place).unwrap_or_default())
}

/// A header of the chain to make others of.
fn header(siege: &Siege) -> Outcome<Header> {
    let header = siege.client(0)?.block("latest")?.header;
    let of_chain: ChainId = siege.chain_id();
    if header.chain_id != of_chain || header.epoch != Epoch(0) {
        return Err(Failure::new("the first epoch is over: make the network anew"));
    }
    Ok(header)
}
