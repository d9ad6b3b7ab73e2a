//! All attacks, in the order in which they are run: strangers first, then what a validator can do that turned.
//!
//! One file each, named after the crime; a new one is a file and a line here. Attacks on a feature come with its trial.

mod body_giants;
mod book_filler;
mod churner;
mod control_spammer;
mod crowd;
mod deaf_asker;
mod deserter;
mod expired_giants;
mod far_voter;
mod foreigner;
mod frame_giant;
mod frame_smuggler;
mod framer;
mod garbage;
mod greedy_asker;
mod half_open;
mod identify_pusher;
mod idle_crowd;
mod length_liar;
mod newer_version;
mod replayer;
mod sketch_hoarder;
mod slowloris;
mod unpayable_api;
mod unpayable_gossip;
mod worthless_lists;

use super::attack::Attack;

/// Every attack of the house.
pub(super) const ALL: &[Attack] = &[
    unpayable_api::ATTACK,
    unpayable_gossip::ATTACK,
    worthless_lists::ATTACK,
    expired_giants::ATTACK,
    identify_pusher::ATTACK,
    crowd::ATTACK,
    half_open::ATTACK,
    slowloris::ATTACK,
    churner::ATTACK,
    book_filler::ATTACK,
    frame_giant::ATTACK,
    greedy_asker::ATTACK,
    deaf_asker::ATTACK,
    length_liar::ATTACK,
    garbage::ATTACK,
    frame_smuggler::ATTACK,
    control_spammer::ATTACK,
    foreigner::ATTACK,
    framer::ATTACK,
    replayer::ATTACK,
    far_voter::ATTACK,
    sketch_hoarder::ATTACK,
    newer_version::ATTACK,
    idle_crowd::ATTACK,
    body_giants::ATTACK,
    deserter::ATTACK,
];

/// Rows of the tables under attack that no attack tries, and why.
pub(super) const NOT_ATTACKS: &[(&str, &str)] = &[
    ("B7", "a table of bounds, not something a peer does; each buffer has a test of its own"),
    ("C4", "a setting of memory, not something a peer does"),
    ("C7", "what operators are told is judged by the tests of the rows it tells about"),
    ("P2 over QUIC", "datagrams of garbage are sent; handshakes of QUIC are left to its library and its own tests"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::hostile::attack::Hand;

    #[test]
    fn every_attack_has_a_name_of_its_own_and_says_what_it_tries() {
        let names: BTreeSet<&str> = ALL.iter().map(|attack| attack.name).collect();
        assert_eq!(names.len(), ALL.len());
        for attack in ALL {
            assert!([attack.rows, attack.about, attack.deed].iter().all(|text| !text.is_empty()), "{}", attack.name);
            assert!(attack.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", attack.name);
        }
    }

    #[test]
    fn at_least_half_of_the_attacks_are_written_on_an_implementation_that_is_not_ours() {
        let foreign = ALL.iter().filter(|attack| attack.hand != Hand::Ours).count();
        assert!(2 * foreign >= ALL.len(), "{foreign} of {}", ALL.len());
    }
}
