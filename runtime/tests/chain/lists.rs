//! What a registry refuses to begin with: two modules that claim the same, and shares that do not fit together.

use std::panic::catch_unwind;

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::tags::Tag;
use execution::{
    AnyModule, Backed, Context, EventKind, GenesisError, KernelReject, Module, NoNumbers, Registry, Reject,
    RejectDescription, Words,
};
use serde::Serialize;
use tokens::Tokens;
use types::{Address, Canonical, ModuleId, THR, VIBE, Weight, limits};

use crate::vault::VAULT;

#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize, Serialize)]
struct NoCall {}

impl Canonical for NoCall {
    const BYTES_MAX: usize = 0;
}

/// What a module claims.
const NOTHING: u8 = 0;
const VIBE_IS_ITS: u8 = 1;
const THR_IS_ITS: u8 = 2;
const A_TAG: u8 = 3;
const A_TAG_OF_THE_HOUSE: u8 = 4;
const VERSIONS: u8 = 5;
const VALIDATOR_SETS: u8 = 6;
const MANY_CALLS: u8 = 7;
const MANY_BYTES: u8 = 8;
const REJECTS_OF_ANOTHER: u8 = 9;
const REJECTS_OUT_OF_ORDER: u8 = 10;
const A_REJECT_TWICE: u8 = 11;
const A_REJECT_OF_NO_NUMBER: u8 = 12;
const EVENTS_OUT_OF_ORDER: u8 = 13;
const AN_EVENT_TWICE: u8 = 14;
const ITS_OWN: u8 = 15;

/// A module that claims something.
struct Claims<const ID: u16, const WHAT: u8>;

const fn backed(what: u8) -> &'static [Backed] {
    const OF_VIBE: &[Backed] = &[Backed { asset: VIBE, figure: b"figure" }];
    const OF_THR: &[Backed] = &[Backed { asset: THR, figure: b"figure" }];
    match what {
        VIBE_IS_ITS => OF_VIBE,
        THR_IS_ITS => OF_THR,
        _ => &[],
    }
}

const fn tags(what: u8) -> &'static [Tag] {
    const OWN: &[Tag] = &[Tag::new("thronos/claim")];
    const OF_THE_HOUSE: &[Tag] = &[crypto::tags::VOTE];
    match what {
        A_TAG => OWN,
        A_TAG_OF_THE_HOUSE => OF_THE_HOUSE,
        _ => &[],
    }
}

const fn reject(module: u16, number: u16, name: &'static str) -> RejectDescription {
    RejectDescription { module: ModuleId(module), number, name, sentence: "it is refused" }
}

const fn rejects(what: u8) -> &'static [RejectDescription] {
    const OWN: &[RejectDescription] = &[reject(50, 1, "one"), reject(50, 3, "three")];
    const OF_ANOTHER: &[RejectDescription] = &[reject(50, 1, "one"), reject(51, 2, "two")];
    const OUT_OF_ORDER: &[RejectDescription] = &[reject(50, 2, "two"), reject(50, 1, "one")];
    const TWICE: &[RejectDescription] = &[reject(50, 1, "one"), reject(50, 2, "one")];
    const OF_NO_NUMBER: &[RejectDescription] = &[reject(50, 0, "none")];
    match what {
        ITS_OWN => OWN,
        REJECTS_OF_ANOTHER => OF_ANOTHER,
        REJECTS_OUT_OF_ORDER => OUT_OF_ORDER,
        A_REJECT_TWICE => TWICE,
        A_REJECT_OF_NO_NUMBER => OF_NO_NUMBER,
        _ => &[],
    }
}

const fn kind(kind: u16, name: &'static str) -> EventKind {
    EventKind { kind, name, about: "Something happened." }
}

const fn events(what: u8) -> &'static [EventKind] {
    const OWN: &[EventKind] = &[kind(1, "one"), kind(2, "two")];
    const OUT_OF_ORDER: &[EventKind] = &[kind(2, "two"), kind(1, "one")];
    const TWICE: &[EventKind] = &[kind(1, "one"), kind(1, "other")];
    match what {
        ITS_OWN => OWN,
        EVENTS_OUT_OF_ORDER => OUT_OF_ORDER,
        AN_EVENT_TWICE => TWICE,
        _ => &[],
    }
}

impl<const ID: u16, const WHAT: u8> Module for Claims<ID, WHAT> {
    const ID: ModuleId = ModuleId(ID);
    const NAME: &'static str = if ID == 50 { "one" } else { "two" };
    const REJECTS: &'static [RejectDescription] = rejects(WHAT);
    const EVENTS: &'static [EventKind] = events(WHAT);
    const BACKED: &'static [Backed] = backed(WHAT);
    const TAGS: &'static [Tag] = tags(WHAT);
    const STARTS_VERSIONS: bool = WHAT == VERSIONS;
    const CHOOSES_VALIDATORS: bool = WHAT == VALIDATOR_SETS;
    const SYSTEM_CALLS_PER_BLOCK_MAX: usize =
        if WHAT == MANY_CALLS { limits::SYSTEM_CALLS_PER_BLOCK_MAX / 2 } else { 1 };
    const SYSTEM_BYTES_PER_BLOCK_MAX: usize = if WHAT == MANY_BYTES { 260 * 1024 } else { 1_000 };
    type Genesis = NoNumbers;
    type Call = NoCall;

    fn genesis(&self, _: NoNumbers, _: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        Ok(())
    }

    fn check(&self, _: &NoCall) -> Result<Weight, Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn say(&self, _: &NoCall, _: &dyn Words) -> String {
        "nothing".to_owned()
    }

    fn execute(&self, _: &mut Context<'_, '_>, _: Address, _: NoCall) -> Result<(), Reject> {
        Err(KernelReject::MalformedCall.into())
    }
}

fn begins(modules: fn() -> Vec<Box<dyn AnyModule>>) -> bool {
    catch_unwind(|| Registry::new(modules())).is_ok()
}

fn both<const WHAT: u8>() -> Vec<Box<dyn AnyModule>> {
    vec![Box::new(Tokens), Box::new(Claims::<50, WHAT>), Box::new(Claims::<51, WHAT>)]
}

fn alone<const WHAT: u8>() -> Vec<Box<dyn AnyModule>> {
    vec![Box::new(Tokens), Box::new(Claims::<50, WHAT>), Box::new(Claims::<51, NOTHING>)]
}

// FAULTS MS6
#[test]
fn a_registry_refuses_what_two_modules_claim_and_shares_that_do_not_fit_together() {
    assert!(begins(both::<NOTHING>));
    assert!(begins(alone::<VIBE_IS_ITS>) && !begins(both::<VIBE_IS_ITS>), "an asset has one backer");
    assert!(!begins(alone::<THR_IS_ITS>), "THR has none");
    assert!(begins(alone::<A_TAG>) && !begins(both::<A_TAG>), "a tag is for one thing");
    assert!(!begins(alone::<A_TAG_OF_THE_HOUSE>), "the house's are the house's");
    assert!(begins(alone::<VERSIONS>) && !begins(both::<VERSIONS>), "one says which version begins");
    assert!(begins(alone::<VALIDATOR_SETS>) && !begins(both::<VALIDATOR_SETS>), "one chooses validators");
    assert!(begins(alone::<MANY_CALLS>) && !begins(both::<MANY_CALLS>), "calls have to fit together");
    assert!(begins(alone::<MANY_BYTES>) && !begins(both::<MANY_BYTES>), "and bytes");
}

/// Makes the modules of a registry.
type Modules = fn() -> Vec<Box<dyn AnyModule>>;

#[test]
fn a_registry_refuses_rejects_of_another_module_and_lists_whose_numbers_do_not_rise_or_names_are_taken_twice() {
    assert!(begins(alone::<ITS_OWN>), "numbers may be left out");
    let planted: [(Modules, &str); 6] = [
        (alone::<REJECTS_OF_ANOTHER>, "a reject carries its module's number"),
        (alone::<REJECTS_OUT_OF_ORDER>, "rejects come in order"),
        (alone::<A_REJECT_TWICE>, "a reject's name is its own"),
        (alone::<A_REJECT_OF_NO_NUMBER>, "0 is no reject"),
        (alone::<EVENTS_OUT_OF_ORDER>, "kinds of events come in order"),
        (alone::<AN_EVENT_TWICE>, "a kind's number is its own"),
    ];
    for (modules, why) in planted {
        assert!(!begins(modules), "{why}");
    }
}

#[test]
fn a_genesis_whose_blocks_have_no_room_for_every_modules_calls_is_refused() {
    let registry = runtime::registry();
    let mut genesis = crate::harness::genesis();
    genesis.modules = registry.default_sections(types::Network::Test, crate::harness::ECOSYSTEM);
    genesis.parameters.limits.system_bytes_max = 32 * 1024;
    assert_eq!(genesis::check(&genesis, &registry), Ok(()), "tokens and mining need less");
    let registry = Registry::new(alone::<MANY_BYTES>());
    genesis.modules = registry.default_sections(types::Network::Test, crate::harness::ECOSYSTEM);
    let error = genesis::check(&genesis, &registry).expect_err("no room").to_string();
    assert!(error.starts_with("`parameters.limits.system_bytes_max` is 32768: "), "{error}");
    genesis.parameters.limits.system_bytes_max = 512 * 1024;
    assert_eq!(genesis::check(&genesis, &registry), Ok(()));
    assert_eq!(registry.system_share(VAULT), (0, 0), "a module that is not there has no share");
}
