//! The rules on a made-up chain: what a call does, what it is rejected for, and what is answered then.

use execution::{Module, edit_section};
use module_name::{
    FEE_MAX, ModuleName, ModuleNameCall, ModuleNameEvent, ModuleNameReject, ModuleNameWrite, note_key, read_note,
};
use service::chain::Chain;
use tryout::TryoutChain;
use types::{Amount, ByteString, Call};

fn chain(fee: Amount) -> TryoutChain {
    let chain = TryoutChain::with(vec![Box::new(ModuleName)], |genesis| {
        edit_section::<ModuleName>(genesis, |section| section.fee = fee);
    });
    chain.expect("a good fee")
}

fn note(text: &str) -> Call {
    let text = ByteString::new(text.as_bytes().to_vec()).expect("a short note");
    ModuleNameCall::Write(ModuleNameWrite { text }).to_call()
}

#[test]
fn a_note_costs_its_fee_and_takes_the_place_of_the_last_one() {
    let (dear, free) = (chain(Amount(500_000)), chain(Amount::ZERO));
    let author = TryoutChain::user(0);
    for chain in [&dear, &free] {
        assert_eq!(chain.send(0, note("first")), 0);
        assert_eq!(chain.send(0, note("second")), 0);
        assert_eq!(chain.send(1, note("another's")), 0);
    }
    assert_eq!(free.thr(&author).0 - dear.thr(&author).0, 2 * 500_000, "two notes, two fees");
    let answer = dear.ask("module_name", "note", &[("address", types::to_hex(&author.0))]).expect("a note");
    assert_eq!((&answer["text"], &answer["written"]), (&"second".into(), &2.into()));
    assert_eq!(dear.ask("module_name", "count", &[]).expect("a number")["written"], 3);
}

#[test]
fn a_note_is_reported_with_its_number() {
    let chain = chain(Amount(1));
    assert_eq!(chain.send(3, note("hello")), 0);
    let events = chain.events();
    let [event] = events.as_slice() else { panic!("one event: {events:?}") };
    let ModuleNameEvent::Written { author, number, text } =
        ModuleNameEvent::read(event.kind, &event.body).expect("it is of this module");
    assert_eq!((author, number, &text[..]), (TryoutChain::user(3), 1, &b"hello"[..]));
    let told = chain.registry().describe_event(event).expect("it is described");
    assert_eq!(told["written"]["number"], 1);
}

#[test]
fn a_note_that_is_empty_has_two_lines_or_cannot_be_paid_is_rejected() {
    let dear = chain(FEE_MAX);
    assert_eq!(dear.send(0, note("")), TryoutChain::code(ModuleNameReject::EmptyNote));
    assert_eq!(dear.send(0, note("two\nlines")), TryoutChain::code(ModuleNameReject::MalformedNote));
    assert_eq!(dear.send(0, note("too dear")), TryoutChain::code(ModuleNameReject::FeeUnpayable));
    assert_eq!(dear.ask("module_name", "count", &[]).expect("a number")["written"], 0);
}

#[test]
fn a_fee_above_its_bound_is_refused_with_its_place_in_the_genesis() {
    let refused = TryoutChain::with(vec![Box::new(ModuleName)], |genesis| {
        edit_section::<ModuleName>(genesis, |section| section.fee = Amount(FEE_MAX.0 + 1));
    });
    let sentence = refused.err().expect("too much").to_string();
    assert!(sentence.contains("`modules.module_name.fee` is 1000000000001"), "{sentence}");
}

#[test]
fn what_the_state_holds_under_the_key_of_a_note_is_the_note() {
    let chain = chain(Amount(1));
    assert_eq!(chain.send(0, note("kept")), 0);
    let (author, state) = (TryoutChain::user(0), chain.state().expect("it is in memory"));
    let bytes = state.view.get(&note_key(&author)).expect("it is there");
    assert_eq!(read_note(author, &bytes).expect("it is a note").text, "kept");
    assert_eq!(read_note(author, b"no note"), None);
}

#[test]
fn who_signs_a_note_is_told_what_it_says_without_tricks() {
    struct NoWords;
    impl execution::Words for NoWords {
        fn address(&self, _: types::Address) -> String {
            String::new()
        }
        fn amount(&self, _: types::AssetId, _: Amount) -> String {
            String::new()
        }
        fn time(&self, _: types::TimeMs) -> String {
            String::new()
        }
    }
    let said = |text: &str| {
        let call = ModuleNameCall::Write(ModuleNameWrite { text: ByteString::new(text.into()).expect("short") });
        ModuleName.say(&call, &NoWords)
    };
    assert_eq!(said("hello"), "leave the note \"hello\"");
    assert_eq!(said("a\" and burn\u{7}"), "leave the note \"a\\\" and burn\\u{7}\"");
}
