//! Who takes part: an authority that also verifies, an owner, somebody who takes a device over; and how their calls reach the chain.

use std::time::{Duration, Instant};

use testnet::devnet::{Failure, LocalNetwork, Outcome, Person, prepare};
use types::{ChainId, Hash32, TimeMs};
use verifyid::{DeviceAnswer, DeviceId, Register, Registration, VerifyIdCall};
use wallet::NodeClient;

use crate::keys::Key;

/// A transaction must be final, and a span over, within this.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// A device's word holds so long, in milliseconds.
pub(super) const WORD_MS: u64 = 10_000;
/// Of a CPU miner; see the facts' list of kinds.
pub(super) const CPU_MINER: u8 = 3;

/// The people of a trial, on their network.
pub(super) struct Troupe<'a> {
    pub(super) network: &'a mut LocalNetwork,
    pub(super) say: &'a dyn Fn(&str),
    pub(super) client: NodeClient,
    /// Suspends and lists verifiers, and is one.
    pub(super) authority: Person,
    /// Has devices.
    pub(super) owner: Person,
    /// Calls and answers that were refused, each as it had to be.
    pub(super) refused: u32,
}

impl<'a> Troupe<'a> {
    pub(super) fn gather(network: &'a mut LocalNetwork, say: &'a dyn Fn(&str)) -> Outcome<Self> {
        let client = network.node(0)?.client().clone();
        let (alice, bob) = (network.wallets.alice.clone(), network.wallets.bob.clone());
        let rules: verifyid::VerifyIdParameters = execution::section::<verifyid::VerifyId>(network.chain.genesis())
            .ok_or_else(|| Failure::new("the genesis has no section of VerifyID"))?;
        let (authority, owner) = if rules.authority == alice.address() { (alice, bob) } else { (bob, alice) };
        Ok(Self { network, say, client, authority, owner, refused: 0 })
    }

    pub(super) fn say(&self, sentence: &str) {
        (self.say)(sentence);
    }

    pub(super) fn chain_id(&self) -> ChainId {
        self.network.chain.id()
    }

    /// The time of the newest block.
    pub(super) fn now(&self) -> Outcome<TimeMs> {
        Ok(self.client.status()?.time)
    }

    /// Somebody makes a call; says how it ended, `ok` or by the name of its reject.
    pub(super) fn call(&mut self, from: &Person, call: &VerifyIdCall) -> Outcome<String> {
        let call = call.to_call().ok_or_else(|| Failure::new("a call is longer than one may be"))?;
        let transaction = prepare(&self.client, &self.network.chain, &from.key, call)?;
        let chain = &mut self.network.chain;
        let done = wallet::delivery::submit_and_wait(&self.client, chain, &transaction, PATIENCE, &mut ())?;
        Ok(if done.receipt.code == 0 { "ok".to_owned() } else { done.receipt.name })
    }

    /// The same of a call that must end so.
    pub(super) fn expect(&mut self, from: &Person, call: &VerifyIdCall, expected: &str) -> Outcome<()> {
        let found = self.call(from, call)?;
        self.refused += u32::from(expected != "ok");
        equal(&format!("{call:?} of {}", from.name), &found.as_str(), &expected)
    }

    pub(super) fn registration(&self, from: &Person, owner: &Person, key: Key) -> Outcome<VerifyIdCall> {
        let valid_until = TimeMs(self.now()?.0 + WORD_MS);
        let (device, chain_id) = (DeviceId(key.id()), self.chain_id());
        let (owner, sender, kind) = (owner.address(), from.address(), CPU_MINER);
        let statement = Registration { chain_id, device, owner, sender, kind, valid_until };
        let possession = key.sign(&statement.to_bytes());
        let algorithm = key.algorithm();
        Ok(VerifyIdCall::Register(Register { owner, kind, algorithm, key: key.bytes(), valid_until, possession }))
    }

    /// What a node tells of a device.
    pub(super) fn device(&self, key: Key) -> Outcome<DeviceAnswer> {
        self.device_at(0, DeviceId(key.id()))
    }

    pub(super) fn device_at(&self, node: usize, id: DeviceId) -> Outcome<DeviceAnswer> {
        let client = self.network.nodes.get(node).map(testnet::devnet::NodeProcess::client);
        let client = client.ok_or_else(|| Failure::new(format!("there is no node {node}")))?;
        Ok(client.get_at(&format!("/api/v1/verifyid/devices/{}", id.0))?)
    }

    /// Waits until the chain has this time.
    pub(super) fn wait_until(&self, time: TimeMs, what: &str) -> Outcome<()> {
        let begun = Instant::now();
        while self.now()? <= time {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!("the chain's time has not come to {}, when {what}", time.0)));
            }
            self.network.stop.pause(Duration::from_millis(50))?;
        }
        Ok(())
    }
}

/// Compares what was found with what must be.
pub(super) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome<()> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: found {found:?}, and it must be {expected:?}")))
}

/// A hash for nothing in particular.
pub(super) const fn some_hash(byte: u8) -> Hash32 {
    Hash32([byte; 32])
}
