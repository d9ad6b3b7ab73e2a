//! Module name on trial: somebody who leaves notes in simulated networks, what must hold of them there, and a proof on a local network.
//!
//! `writer.rs` acts, `order.rs` looks on, and both share a `book.rs`; `proof.rs` is for real processes. It must not use the chain's
//! own rules to judge the chain.

mod book;
mod order;
#[cfg(feature = "network")]
mod proof;
mod writer;

use module_name::{ModuleNameCall, ModuleNameWrite};
use testnet::sim::{Cast, Casting, InMix, Outcome, Scenario, Simulated, Troupe, World};
use testnet::trial::Trial;
use types::{ByteString, Call};

use book::Book;

/// The feature, its actor, and its scenario.
const NAME: &str = "module-name";

/// The trial, for the list.
pub const TRIAL: Trial = Trial {
    name: NAME,
    simulated: Simulated {
        troupe,
        in_mix: Some(InMix { every: 3, pace_us: (100_000, 400_000) }),
        scenarios: &[Scenario { name: NAME, share: 1, behind: None, run }],
        ..Simulated::PLAIN
    },
    #[cfg(feature = "network")]
    local: proof::LOCAL,
    ..Trial::PLAIN
};

fn troupe(seed: u64) -> Troupe {
    let book = Book::default();
    let writer = writer::Writer::new(seed, book.clone());
    Troupe { actor: Some(Box::new(writer)), checkers: vec![Box::new(order::Order::new(book))] }
}

/// Notes are left while nodes lose their power and links lose messages; the last one becomes final all the same.
fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    world.start();
    world.begin(NAME, lots.between(50_000..=150_000));
    for _ in 0..4 {
        world.lose(if lots.chance(500) { lots.between(10..=100) } else { 0 });
        let place = lots.place(world.size());
        world.cut_power(place);
        world.rise_in(place, lots.between(10..=600));
        world.run_for(lots.between(300..=700));
    }
    world.heal();
    world.expect_progress();
    world.expect_settled();
    Outcome::of(world)
}

/// The call that leaves a note.
fn note_call(text: &str) -> Call {
    let text = ByteString::new(text.as_bytes().to_vec()).expect("notes of a trial are short");
    ModuleNameCall::Write(ModuleNameWrite { text }).to_call()
}
