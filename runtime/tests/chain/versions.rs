//! A module that comes later: the protocol version that starts it is fixed two epochs ahead, old blocks replay under old rules, and a
//! program that does not know the version stops before it.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{
    Breach, BuildError, Context, Fault, GenesisError, InvalidBlock, KernelEvent, KernelReject, MemoryState, Module,
    Registry, Reject, RejectDescription, Section, Words,
};
use serde::{Deserialize, Serialize};
use tokens::Tokens;
use types::{
    Address, Block, Body, ByteString, Call, Canonical, Epoch, Genesis, Hash32, ModuleId, Network, ProtocolVersion,
    Weight,
};

use crate::harness::{Chain, ECOSYSTEM, ONE, genesis};
use crate::seams::vault;
use crate::vault::VaultCall;

/// A module that version 2 starts, unless it cannot begin.
struct Late<const NUMBER: u16> {
    begins: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LateNumbers {
    greeting: u64,
    owner: Address,
}

impl Canonical for LateNumbers {
    const BYTES_MAX: usize = 28;
}

impl Section for LateNumbers {
    fn new(_: Network, beneficiary: Address) -> Self {
        Self { greeting: 42, owner: beneficiary }
    }

    fn check(&self, _: &Genesis) -> Result<(), Breach> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize, Serialize)]
enum LateCall {
    Greet,
}

impl Canonical for LateCall {
    const BYTES_MAX: usize = 1;
}

const LATE: ModuleId = ModuleId(30);

impl<const NUMBER: u16> Module for Late<NUMBER> {
    const ID: ModuleId = ModuleId(NUMBER);
    const NAME: &'static str = if NUMBER == LATE.0 { "late" } else { "later" };
    const REJECTS: &'static [RejectDescription] = &[];
    const STARTS_WITH: Option<ProtocolVersion> = Some(ProtocolVersion(2));
    type Genesis = LateNumbers;
    type Call = LateCall;

    fn genesis(&self, section: LateNumbers, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        context.put(b"rules", section.to_canonical());
        if self.begins { Ok(()) } else { Err(GenesisError::Module("it cannot begin".to_owned())) }
    }

    fn check(&self, _: &LateCall) -> Result<Weight, Reject> {
        Ok(Weight(100))
    }

    fn say(&self, LateCall::Greet: &LateCall, _: &dyn Words) -> String {
        "greet".to_owned()
    }

    fn execute(&self, context: &mut Context<'_, '_>, _: Address, LateCall::Greet: LateCall) -> Result<(), Reject> {
        let rules = context.get(b"rules").expect("it begins with them");
        context.emit(1, &rules)
    }
}

/// The release before it.
fn old() -> Registry {
    Registry::new(vec![Box::new(Tokens), Box::new(mining::Mining), Box::new(vault())])
}

/// The release that knows it.
fn new() -> Registry {
    Registry::new(vec![
        Box::new(Tokens),
        Box::new(mining::Mining),
        Box::new(vault()),
        Box::new(Late::<30> { begins: true }),
    ])
}

fn chain(registry: Registry) -> Chain {
    let mut genesis = genesis();
    genesis.modules = old().default_sections(Network::Test, ECOSYSTEM);
    genesis.parameters.timing.epoch_length_ms = 5_000;
    Chain::under(registry, genesis)
}

fn greet() -> Call {
    Call { module: LATE, body: ByteString::new(vec![0]).expect("short") }
}

fn fix(version: u16, epoch: u64) -> Call {
    VaultCall::FixVersion { version: ProtocolVersion(version), epoch: Epoch(epoch) }.to_call()
}

fn kernel_events(outcome: &execution::BlockOutcome) -> Vec<KernelEvent> {
    let own = outcome.receipts[0].events.iter().filter(|event| event.module == execution::KERNEL);
    own.map(|event| borsh::from_slice(&event.body).expect("an event of the kernel")).collect()
}

/// Empty blocks up to the first of an epoch, which is not built; what was fixed or refused on the way.
fn go_to(chain: &mut Chain, epoch: u64, blocks: &mut Vec<Block>) -> Vec<KernelEvent> {
    let mut seen = Vec::new();
    while chain.next().epoch.number < Epoch(epoch) {
        let built = chain.build(&[]);
        let outcome = chain.apply(&built.header, &built.body);
        seen.extend(kernel_events(&outcome));
        blocks.push(Block { header: built.header, body: Body::clone(built.body.body()) });
    }
    let of_interest =
        |event: &KernelEvent| matches!(event, KernelEvent::VersionFixed { .. } | KernelEvent::Rejected { .. });
    seen.retain(of_interest);
    seen
}

// FAULTS MS4
#[test]
fn a_module_comes_with_a_version_that_is_fixed_two_epochs_ahead() {
    let mut chain = chain(new());
    let mut blocks = Vec::new();
    let early = chain.transaction(0, 0, vec![greet()]);
    let built = chain.build(std::slice::from_ref(&early));
    assert_eq!(built.left_out.transactions, [(early.id, KernelReject::UnknownModule.into())], "not there yet");
    assert_eq!(chain.run(0, vec![fix(2, 2)]), 0);
    let fixed = KernelEvent::VersionFixed { version: ProtocolVersion(2), epoch: Epoch(2) };
    assert_eq!(go_to(&mut chain, 1, &mut blocks), [fixed]);
    let start = chain.registry.version_start(&chain.state).expect("fixed");
    assert_eq!((start.version, start.epoch, start.releases[0]), (ProtocolVersion(2), Epoch(2), Hash32([0xab; 32])));
    assert_eq!(chain.next().epoch.version, ProtocolVersion(1));
    go_to(&mut chain, 2, &mut blocks);
    assert_eq!(chain.next().epoch.version, ProtocolVersion(2));
    assert!(!chain.next().running.has(LATE));
    let sent = chain.transfer(1, 0, 2, ONE);
    let outcome = chain.block(&[sent]);
    assert_eq!(chain.header.version, ProtocolVersion(2));
    assert!(kernel_events(&outcome).contains(&KernelEvent::ModuleStarted { module: LATE }));
    let greeted = chain.transaction(0, chain.nonce(0).0, vec![greet()]);
    let outcome = chain.block(&[greeted]);
    let told: Vec<u8> = borsh::from_slice(&outcome.receipts[1].events[0].body).expect("its numbers");
    let numbers = LateNumbers::from_canonical(&told).expect("its section");
    assert_eq!(numbers, LateNumbers { greeting: 42, owner: ECOSYSTEM });
    go_to(&mut chain, 4, &mut blocks);
    assert_eq!(chain.next().epoch.version, ProtocolVersion(2), "and stays");
}

#[test]
fn a_start_that_is_too_early_not_the_next_or_beside_another_is_refused() {
    for (version, epoch) in [(2, 1), (2, 0), (3, 9), (1, 9), (0, 9)] {
        let mut chain = chain(new());
        assert_eq!(chain.run(0, vec![fix(version, epoch)]), 0);
        let seen = go_to(&mut chain, 1, &mut Vec::new());
        let code = KernelReject::WrongStart.code();
        assert!(
            matches!(seen[..], [KernelEvent::Rejected { code: found, .. }] if found == code),
            "{version} {epoch}: {seen:?}"
        );
        assert_eq!(chain.registry.version_start(&chain.state), None);
    }
    let mut chain = chain(new());
    assert_eq!(chain.run(0, vec![fix(2, 4)]), 0);
    assert_eq!(go_to(&mut chain, 1, &mut Vec::new()).len(), 1);
    assert_eq!(chain.run(0, vec![fix(2, 3)]), 0);
    assert!(matches!(go_to(&mut chain, 2, &mut Vec::new())[..], [KernelEvent::Rejected { .. }]));
    assert_eq!(chain.registry.version_start(&chain.state).expect("fixed").epoch, Epoch(4), "what is fixed stays");
}

// FAULTS MS5
#[test]
fn old_blocks_replay_under_old_rules_and_a_program_that_is_too_old_stops_before_the_new_ones() {
    let mut chain = chain(new());
    let mut blocks = Vec::new();
    let sent = chain.transaction(0, 0, vec![fix(2, 2)]);
    let built = chain.build(std::slice::from_ref(&sent));
    chain.apply(&built.header, &built.body);
    blocks.push(Block { header: built.header, body: Body::clone(built.body.body()) });
    go_to(&mut chain, 2, &mut blocks);
    let before = chain.root;
    let (state, root) = (chain.state.clone(), chain.root);
    let built = chain.build(&[]);
    chain.apply(&built.header, &built.body);

    let genesis = &chain.genesis;
    for registry in [old(), new()] {
        let first = registry.genesis(genesis, chain.chain_id).expect("the same genesis");
        let (mut replayed, mut replayed_root) = (MemoryState::default(), first.outcome.state_root);
        replayed.apply(&first.outcome.changes);
        replayed.apply_pages(&first.outcome.pages);
        for block in &blocks {
            assert_eq!(registry.can_go_on(&replayed), Ok(()));
            let body = registry.check_body(&block.header, Arc::new(block.body.clone())).expect("good by old rules");
            registry.validate(&replayed, replayed_root, &block.header, &body).expect("valid by old rules");
            let outcome = registry.apply(&replayed, replayed_root, &block.header, &body).expect("no fault");
            replayed.apply(&outcome.changes);
            replayed.apply_pages(&outcome.pages);
            replayed_root = outcome.state_root;
        }
        assert_eq!(replayed_root, before, "the same state, whichever release replays");
    }

    let (known, version, release) = (ProtocolVersion(1), ProtocolVersion(2), Hash32([0xab; 32]));
    let too_old = Fault::TooOld { version, known, release };
    assert_eq!(old().can_go_on(&state), Err(too_old));
    assert_eq!(new().can_go_on(&state), Ok(()));
    assert_eq!(old().execute(&state, &built.header, &built.body), Err(too_old));
    assert_eq!(old().validate(&state, root, &built.header, &built.body), Err(InvalidBlock::UnknownRules));
    let sentence = too_old.to_string();
    assert!(sentence.contains("install a release that knows version 2") && sentence.contains("abab"), "{sentence}");
    let older = Chain { registry: old(), state, root, ..chain };
    let refused = older.registry.build(&older.state, older.root, &older.request(&[]));
    assert_eq!(refused, Err(BuildError::UnknownRules));
}

// FAULTS MS4
#[test]
fn a_module_that_cannot_begin_does_not_run_and_the_chain_goes_on() {
    let modules: Vec<Box<dyn execution::AnyModule>> =
        vec![Box::new(Tokens), Box::new(mining::Mining), Box::new(vault()), Box::new(Late::<30> { begins: false })];
    let mut chain = chain(Registry::new(modules));
    assert_eq!(chain.run(0, vec![fix(2, 2)]), 0);
    go_to(&mut chain, 2, &mut Vec::new());
    let outcome = chain.block(&[]);
    let code = KernelReject::CannotStart.code();
    assert!(kernel_events(&outcome).contains(&KernelEvent::Rejected { module: LATE, code }));
    assert_eq!((chain.header.version, chain.next().running.has(LATE)), (ProtocolVersion(2), false));
    assert!(chain.registry.view(&chain.state, LATE).is_none());
    let sent = chain.transfer(1, 0, 2, ONE);
    assert_eq!(chain.block(&[sent]).receipts[1].code, 0, "everything else goes on");
    go_to(&mut chain, 4, &mut Vec::new());
    assert!(!chain.next().running.has(LATE), "and nothing tries again");
}

// FAULTS MS5
#[test]
fn a_release_that_brings_a_module_too_late_never_begins_it() {
    let mut chain = chain(new());
    assert_eq!(chain.run(0, vec![fix(2, 2)]), 0);
    go_to(&mut chain, 2, &mut Vec::new());
    chain.block(&[]);
    let modules: Vec<Box<dyn execution::AnyModule>> = vec![
        Box::new(Tokens),
        Box::new(mining::Mining),
        Box::new(vault()),
        Box::new(Late::<30> { begins: true }),
        Box::new(Late::<31> { begins: true }),
    ];
    let newer = Registry::new(modules);
    for epoch in 3..=4 {
        go_to(&mut chain, epoch, &mut Vec::new());
        let built = chain.build(&[]);
        let by_newer = newer.execute(&chain.state, &built.header, &built.body).expect("no fault");
        let by_this = chain.registry.execute(&chain.state, &built.header, &built.body).expect("no fault");
        assert_eq!(by_newer.receipts, by_this.receipts, "both releases of one version agree");
        assert!(chain.next().running.has(LATE) && !chain.next().running.has(ModuleId(31)));
        chain.registry = newer.clone();
    }
}
