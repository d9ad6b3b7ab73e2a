//! The short form of the simulation: every scenario under a few seeds. `cargo x sim` runs the long one.
//!
//! A failure prints the seed and the command that repeats it.

use programs::trials::TRIALS;
use testnet::sim::{Options, Report, run, scenario_names};

/// Runs a scenario; every property must hold, and the fault it is about must have happened.
fn stands(scenario: &str, seeds: u64, fault: &str) -> Report {
    let options = Options { seeds, from: 1, scenario: Some(scenario.to_owned()), ..Options::default() };
    let report = run(&options, TRIALS, |_, _| {}).expect("the scenario is in the list");
    assert_eq!(report.failures, [], "{scenario}");
    assert!(report.faults.contains_key(fault), "`{fault}` did not happen: {:?}", report.faults);
    report
}

#[test]
fn random_networks_survive_random_misfortunes() {
    // FAULTS C1, C2, C3, C15, C16, C17, S1, S4, S11, L16
    let report = stands("mix", 8, "crash");
    assert!(report.views > 100 && report.transactions > 100, "{report:?}");
}

#[test]
fn a_power_cut_between_any_two_effects_leads_to_no_second_vote() {
    // FAULTS C3, C16, S1
    stands("power-cuts", 4, "power cut between effects");
}

#[test]
fn all_killed_at_every_point_of_a_view_go_on_without_the_allowed_absent() {
    // FAULTS L1, C16
    stands("kill-points", 2, "power cut of all");
}

#[test]
fn no_half_of_a_network_finalizes_and_both_go_on_together() {
    // FAULTS C15, I12
    stands("partitions", 4, "partition");
}

#[test]
fn an_epoch_ends_once_though_the_network_is_cut_for_20_s_at_its_end() {
    // FAULTS C19, L8
    stands("epoch-cut", 2, "cut at the end of an epoch");
}

#[test]
fn nodes_heal_whichever_of_them_alone_know_of_a_notarization() {
    // FAULTS C4, C8, L2, L3, L6
    stands("split-certificates", 2, "split certificate");
}

#[test]
fn members_that_run_twice_cannot_fork_the_chain() {
    // FAULTS C2
    stands("twins", 6, "twins in a partition");
}

#[test]
fn an_equivocating_member_is_proven_guilty_and_harmless() {
    // FAULTS C1
    stands("equivocator", 3, "evidence");
}

#[test]
fn a_withheld_body_holds_nobody_up_for_long() {
    // FAULTS C14
    stands("withholder", 3, "withheld body");
}

#[test]
fn forged_certificates_and_votes_are_refused_and_not_passed_on() {
    // FAULTS C9, C10
    stands("forger", 3, "forgery");
}

#[test]
fn a_member_that_only_nullifies_slows_the_chain_and_does_not_stop_it() {
    // FAULTS C14
    stands("nuller", 2, "early nullify");
}

#[test]
fn nobody_is_punished_for_what_a_framer_makes_of_his_words() {
    // FAULTS HB3
    stands("framer", 3, "framing");
}

#[test]
fn what_is_said_again_and_again_by_others_moves_nobody() {
    // FAULTS HA10, HB4
    stands("replayer", 2, "replay");
}

#[test]
fn members_come_and_go_and_nobody_speaks_from_anothers_place() {
    // FAULTS HA2
    let report = stands("changing-sets", 4, "another set");
    assert!(report.faults.contains_key("vote in a successor's name"), "{:?}", report.faults);
}

#[test]
fn a_version_starts_a_module_and_a_node_with_the_older_release_stops_before_it() {
    // FAULTS MS5
    stands("version-start", 4, "version");
}

#[test]
fn a_block_with_a_swapped_witness_a_nonce_gap_or_a_repetition_is_refused() {
    // FAULTS M1, M3, M7
    let report = stands("contraband", 2, "swapped witness");
    assert!(report.faults.contains_key("nonce gap") && report.faults.contains_key("repeated transaction"));
}

#[test]
fn a_flood_from_a_valid_member_drowns_nobody() {
    // FAULTS C13, L9, L19
    stands("flood", 2, "flood");
}

#[test]
fn who_catches_up_is_not_held_up_by_a_lying_peer() {
    // FAULTS C18, L12, L16
    stands("liars", 2, "lie to who catches up");
}

#[test]
fn what_a_member_claims_of_height_and_epoch_holds_nobody_up() {
    // FAULTS HA8
    let report = stands("boasters", 2, "false claim");
    assert!(report.faults.contains_key("claim without blocks"), "{:?}", report.faults);
}

#[test]
fn who_was_away_catches_up_over_long_runs_without_own_finalizations() {
    // FAULTS HA6
    stands("long-runs", 2, "run without own finalizations");
}

#[test]
fn a_body_that_nobody_has_is_not_asked_for_without_a_pause() {
    // FAULTS HA7
    stands("lost-bodies", 2, "withheld body");
}

#[test]
fn a_node_whose_store_stalls_votes_on_and_holds_a_bounded_number_of_bytes() {
    // FAULTS HA9
    stands("stalled-store", 2, "stalled store");
}

#[test]
fn blocks_that_cannot_be_read_any_more_are_fetched_again() {
    // FAULTS HT3
    stands("damaged-blocks", 2, "unreadable blocks");
}

#[test]
fn a_reproposal_over_views_that_were_not_nullified_is_not_followed() {
    // FAULTS C19
    stands("reproposal", 2, "unjustified re-proposal");
}

#[test]
fn a_node_that_missed_thousands_of_blocks_catches_up_and_votes_again() {
    // FAULTS C7, L4, L11, L14
    stands("far-behind", 1, "long absence");
}

#[test]
fn wrong_clocks_halt_nobody() {
    // FAULTS C17
    stands("clocks", 4, "wrong clock");
}

#[test]
fn a_node_stops_when_its_disk_fails_and_starts_clean() {
    // FAULTS S4, C6
    stands("failing-disk", 1, "disk failure");
}

#[test]
fn damage_inside_the_log_is_noticed_and_a_torn_end_is_cut() {
    // FAULTS S6, S7, C5
    stands("damaged-log", 4, "damaged log");
}

#[test]
fn nothing_is_minted_above_the_cap() {
    // FAULTS E1, I6
    stands("oversupply", 1, "mint above the cap");
}

#[test]
fn a_rogue_key_is_kept_out_of_the_genesis() {
    // FAULTS C10
    stands("rogue-key", 4, "rogue key");
}

#[test]
fn a_proof_of_work_counts_once_and_pays_only_its_payee_whatever_thieves_and_power_cuts_do() {
    // FAULTS W2, W3, W9
    let report = stands("mining", 4, "redirected proof");
    assert!(report.system_calls["mining"] > 200, "{report:?}");
    for fault in [
        "proof handed to several nodes",
        "proof handed in again",
        "proof held back",
        "repeated proof",
        "block with a redirected proof",
        "block with a repeated proof",
        "invalid proposal",
        "crash",
    ] {
        assert!(report.faults.contains_key(fault), "`{fault}` did not happen: {:?}", report.faults);
    }
}

#[test]
fn whatever_people_do_with_devices_the_chain_does_what_plain_maps_say() {
    // FAULTS VR8
    let report = stands("devices", 4, "beacon that is none yet");
    for fault in ["shares for another device", "batch again", "another key signs for a rotation", "crash"] {
        assert!(report.faults.contains_key(fault), "`{fault}` did not happen: {:?}", report.faults);
    }
}

#[test]
fn what_is_first_under_a_name_stays_whatever_is_put_there_later() {
    // FAULTS AR7
    let report = stands("anchors", 4, "crash");
    assert!(report.transactions > 400, "{report:?}");
}

#[test]
fn blocks_become_final_on_links_slower_than_delta_however_they_differ() {
    // FAULTS HA1
    let report = stands("delays", 5, "all links slow");
    for form in ["one node behind slow links", "links of different lengths", "links slower one way", "jittering links"]
    {
        assert!(report.faults.contains_key(form), "no {form}: {:?}", report.faults);
    }
    assert!(report.faults.contains_key("slow links without work") && report.transactions > 100, "{report:?}");
}

#[test]
fn no_constant_delay_below_the_cap_keeps_blocks_from_becoming_final_with_work_or_without() {
    // FAULTS HA1
    stands("delay-traps", 1, "constant delay");
}

#[test]
fn spammers_without_money_hold_nobody_up_wake_nobody_and_are_passed_on_by_nobody() {
    // FAULTS HT1, HB1, HB2
    stands("spammers", 2, "worthless transactions");
}

#[test]
fn sketches_of_blocks_that_never_come_are_not_kept() {
    // FAULTS HB5
    stands("hoarders", 3, "sketch of what never comes");
}

#[test]
fn a_copied_home_is_silent_and_one_that_forgot_votes_listens_before_it_votes_again() {
    // FAULTS HA3, HT11, C20, S9
    let report = stands("old-homes", 12, "old home put back");
    for fault in ["cloned home", "home set back", "home lost", "lease lost", "log lost", "twin noticed"] {
        assert!(report.faults.contains_key(fault), "`{fault}` did not happen: {:?}", report.faults);
    }
}

#[test]
fn nobody_takes_its_own_past_for_somebody_else() {
    // FAULTS HA3
    let report = stands("echoes", 6, "said again");
    assert!(report.faults.contains_key("log lost"), "{:?}", report.faults);
}

#[test]
fn one_seed_gives_one_run_and_another_seed_another() {
    for name in ["mix", "twins", "failing-disk"] {
        let run = |from| {
            let options = Options { seeds: 1, from, scenario: Some(name.to_owned()), ..Options::default() };
            run(&options, TRIALS, |_, _| {}).expect("the scenario is in the list")
        };
        let (first, second) = (run(3), run(3));
        assert_eq!(first, second, "{name}");
        assert_ne!(first.trace, run(4).trace, "{name}: another seed is another run");
    }
}

#[test]
fn every_scenario_has_a_name_of_its_own_and_one_that_is_not_there_is_refused_with_those_that_are() {
    let names: std::collections::BTreeSet<_> = scenario_names(TRIALS).into_iter().collect();
    assert_eq!(names.len(), scenario_names(TRIALS).len());
    let options = Options { scenario: Some("none".to_owned()), ..Options::default() };
    let refused = run(&options, TRIALS, |_, _| {}).expect_err("there is none of this name").to_string();
    assert!(refused.contains("`none`") && names.iter().all(|name| refused.contains(name)), "{refused}");
}

#[test]
fn the_same_properties_hold_with_real_signatures() {
    let options =
        Options { seeds: 2, from: 1, scenario: Some("power-cuts".to_owned()), bls: true, ..Options::default() };
    let report = run(&options, TRIALS, |_, _| {}).expect("the scenario is in the list");
    assert_eq!(report.failures, []);
}

#[test]
fn seeds_that_once_found_a_bug_stand() {
    let seeds = [
        // Votes of a later epoch than the store's were forgotten; the end of an epoch was not heard of in a split;
        // honest peers were blamed for answers that end early; what builds on a replayed block was forgotten.
        ("mix", [1, 3, 4, 173, 1_191].as_slice()),
        // A node began at the view of a descendant's certificate, with the hash of its own newest block.
        ("power-cuts", &[1, 110]),
    ];
    for (scenario, seeds) in seeds {
        for seed in seeds {
            let options = Options { seeds: 1, from: *seed, scenario: Some(scenario.to_owned()), ..Options::default() };
            let report = run(&options, TRIALS, |_, _| {}).expect("the scenario is in the list");
            assert_eq!(report.failures, [], "{scenario}");
        }
    }
}
