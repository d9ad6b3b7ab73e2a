//! What all nodes of a simulated network share: the genesis, the rules, keys and accounts.

use std::sync::Arc;

use crypto::ecdsa_pure::SigningKey;
use crypto::hash::sha256;
use execution::{AnyModule, GenesisBlock, KERNEL, Registry};
use genesis::GenesisBuilder;
use replica::{ListenTerms, OnTwin};
use types::{
    Address, Amount, ChainId, Epoch, Genesis, GenesisValidator, ModuleId, Network, Power, TimeMs, Timing, Validator,
    ValidatorIndex, ValidatorSet,
};

use super::clock::UNIX_MS_AT_START;
use super::keys::{SignatureKind, Signatures, ValidatorKey, peer_key, validator_keys};
use super::release;
use super::roster::Roster;
use crate::trial::{self, Transfers, Trials};

/// Funded accounts.
const ACCOUNTS: usize = 6;

/// What a network is to be like.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Of the members at the start.
    pub(crate) powers: Vec<u64>,
    /// The sets after that, by the power of each member in them; none for who is absent.
    pub(crate) later: Vec<Vec<u64>>,
    pub(crate) signatures: SignatureKind,
    /// The genesis' numbers about time.
    pub timing: Timing,
    /// Bytes of blocks that may wait for a store.
    pub(crate) unwritten_bytes_max: usize,
    /// A newer release, whose version begins while the network runs.
    pub(crate) has_release: bool,
    /// How validators listen before they vote; a chain's own terms where that is what a scenario is about.
    pub(crate) listen: Option<ListenTerms>,
    /// The features that are tried.
    pub(crate) trials: Trials,
}

impl Outline {
    /// Equal validators, Δ 100 ms, epochs of a few blocks.
    pub(crate) fn of(powers: Vec<u64>, trials: Trials) -> Self {
        let timing = Timing {
            delta_ms: 100,
            delta_max_ms: 800,
            block_interval_min_ms: 20,
            block_interval_empty_ms: 400,
            epoch_length_ms: 1_500,
            seed_interval_ms: 700,
            ..Timing::default()
        };
        let (signatures, unwritten_bytes_max) = (SignatureKind::KeyedHash, replica::UNWRITTEN_BYTES_MAX);
        // A moment: scenarios in which power is cut again and again are about votes.
        let listen = Some(ListenTerms { least_ms: 20, most_ms: 40, on_twin: OnTwin::Stop });
        let (later, has_release) = (Vec::new(), false);
        Self { powers, later, signatures, timing, unwritten_bytes_max, has_release, listen, trials }
    }
}

/// A key with money.
pub(crate) struct Account {
    pub(crate) key: SigningKey,
    pub(crate) address: Address,
}

/// What all nodes share.
pub(crate) struct Ground {
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) chain_id: ChainId,
    pub(crate) registry: Registry,
    /// That of the older release, where there is a newer one.
    older: Registry,
    pub(crate) block0: GenesisBlock,
    roster: Roster,
    pub(crate) keys: Vec<ValidatorKey>,
    pub(crate) signatures: Signatures,
    pub(crate) listen: ListenTerms,
    pub(crate) accounts: Vec<Account>,
    /// Somebody with money who spends none.
    pub(crate) spammer: Account,
    pub(crate) unwritten_bytes_max: usize,
    /// How accounts give each other THR.
    pub(crate) transfers: Transfers,
}

impl Ground {
    pub(crate) fn new(outline: &Outline) -> Self {
        let keys = validator_keys(outline.powers.len());
        let accounts = accounts();
        let spammer = account("spammer");
        let first = set_of(&keys, &outline.powers);
        let later = outline.later.iter().map(|powers| set_of(&keys, powers));
        let roster = Roster::new(std::iter::once(first).chain(later).collect());
        let registry = |of_release: fn() -> Vec<Box<dyn AnyModule>>| {
            let mut modules = runtime::modules();
            if outline.has_release {
                modules.extend(of_release());
            }
            if roster.turns() {
                modules.push(Box::new(roster.clone()));
            }
            Registry::new(modules).with_signatures(Signatures::of_rules(outline.signatures))
        };
        let (older, registry) = (registry(release::older), registry(release::newer));
        let genesis = genesis(&older, outline, &keys, &accounts, &spammer);
        let chain_id = genesis::chain_id(&genesis);
        let block0 = registry.genesis(&genesis, chain_id).expect("a checked genesis starts a chain");
        let signatures = Signatures::new(outline.signatures, chain_id);
        let listen = outline.listen.unwrap_or_else(|| ListenTerms::of(&genesis));
        let (genesis, unwritten_bytes_max) = (Arc::new(genesis), outline.unwritten_bytes_max);
        Self {
            genesis,
            chain_id,
            registry,
            older,
            block0,
            roster,
            keys,
            signatures,
            listen,
            accounts,
            spammer,
            unwritten_bytes_max,
            transfers: trial::transfers(outline.trials)
                .expect("a trial of the list says how accounts give each other THR"),
        }
    }

    /// The rules that a node has.
    pub(crate) const fn rules(&self, is_older: bool) -> &Registry {
        if is_older { &self.older } else { &self.registry }
    }

    /// Whether an account is one of the clients'.
    pub(crate) fn is_client(&self, address: &Address) -> bool {
        self.accounts.iter().any(|account| account.address == *address)
    }

    /// A module that takes calls without a sender; without one, the kernel's number.
    pub(crate) fn open_module(&self) -> ModuleId {
        let open = self.registry.modules().find(|module| module.system_limits().0 > 0);
        open.map_or(KERNEL, |module| module.id())
    }

    /// Who votes in an epoch.
    pub(crate) fn set(&self, epoch: Epoch) -> &Arc<ValidatorSet> {
        self.roster.set(epoch)
    }

    /// The place of a member in an epoch's set, if it is there.
    pub(crate) fn index_in(&self, epoch: Epoch, member: usize) -> Option<ValidatorIndex> {
        self.set(epoch).index_of(&self.keys[member].public)
    }

    /// Which member has a place in an epoch's set.
    pub(crate) fn member_at(&self, epoch: Epoch, place: ValidatorIndex) -> Option<usize> {
        let key = self.set(epoch).get(place)?.key;
        self.keys.iter().position(|member| member.public == key)
    }
}

/// Where a member's rewards go.
fn account_of(node: usize) -> Address {
    Address([u8::try_from(node).expect("few nodes"); 20])
}

/// The members that have any power.
fn set_of(keys: &[ValidatorKey], powers: &[u64]) -> ValidatorSet {
    let members = keys.iter().zip(powers).enumerate().filter(|(_, (_, power))| **power > 0);
    let validators = members.map(|(node, (key, power))| {
        let (key, power) = (key.public, Power(*power));
        Validator { key, power, account: account_of(node), peer: peer_key(node) }
    });
    ValidatorSet::new(validators.collect()).expect("distinct keys with power")
}

fn accounts() -> Vec<Account> {
    (0..ACCOUNTS).map(|number| account(&format!("simulated account {number}"))).collect()
}

fn account(name: &str) -> Account {
    let key = SigningKey::from_bytes(&sha256(name.as_bytes())).expect("a hash is a secret key, but for one in 2^127");
    let address = crypto::ids::address_of_key(&key.public_key());
    Account { key, address }
}

fn genesis(
    registry: &Registry,
    outline: &Outline,
    keys: &[ValidatorKey],
    accounts: &[Account],
    spammer: &Account,
) -> Genesis {
    let ecosystem = Address([9; 20]);
    let mut builder = GenesisBuilder::new(registry, "simulated", Network::Test, TimeMs(UNIX_MS_AT_START), ecosystem)
        .parameters(|parameters| parameters.timing = outline.timing.clone());
    for (node, (key, power)) in keys.iter().zip(&outline.powers).enumerate().filter(|(_, (_, power))| **power > 0) {
        let ValidatorKey { public, possession, .. } = key;
        let (key, possession, power) = (*public, *possession, Power(*power));
        let (account, peer) = (account_of(node), peer_key(node));
        builder = builder.validator(GenesisValidator { key, possession, power, account, peer });
    }
    for account in accounts.iter().chain([spammer]) {
        builder = builder.thr(account.address, Amount(1_000_000_000_000));
    }
    let rich: Vec<Address> = accounts.iter().map(|account| account.address).collect();
    for trial in outline.trials {
        builder = (trial.simulated.genesis)(builder, &rich);
    }
    builder.build().expect("the genesis of a simulation keeps the rules")
}
