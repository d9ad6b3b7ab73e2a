//! A random network and one random misfortune after the other: lossy, slow and reordering links, partitions, power
//! cuts in the middle of anything, also of recovery, failing disks, slow nodes, criminals up to the limit (FAULTS C1,
//! C2, C3, C15, C16, C17, S1, S4, S11).

use super::super::crimes::{
    Boaster, Contraband, Crime, Equivocator, Flooder, Forger, Framer, Hoarder, Liar, Manner, Nuller, Replayer,
    Reproposer, Smuggler, Spammer, Withholder,
};
use super::super::keys::SignatureKind;
use super::super::lots::Lots;
use super::super::node::Doom;
use super::super::outcome::Outcome;
use super::super::simulated::{Criminal, criminals};
use super::super::world::{Cast, World};
use super::{Casting, tolerated};
use types::Height;

/// What a member does that breaks rules, by lot.
const CRIMES: &[Criminal] = &[
    criminal("equivocator", |_| Box::new(Equivocator)),
    criminal("withholder", |lots| Box::new(Withholder { told_max: lots.place(4) })),
    criminal("forger", |_| Box::new(Forger::new(50))),
    criminal("nuller", |_| Box::new(Nuller::default())),
    criminal("liar", |_| Box::new(Liar { way: None })),
    criminal("flooder", |_| Box::new(Flooder::new(20))),
    criminal("reproposer", |_| Box::new(Reproposer)),
    criminal("framer", |_| Box::new(Framer::new(50))),
    criminal("replayer", |_| Box::new(Replayer::new(1))),
    criminal("spammer", |_| Box::new(Spammer::default())),
    criminal("hoarder", |_| Box::new(Hoarder::default())),
    criminal("boaster", |lots| {
        Box::new(Boaster { manner: lots.pick(&[Manner::Silent, Manner::Empty, Manner::Changing]) })
    }),
    criminal("smuggler", |lots| {
        let all = [Contraband::SwappedWitness, Contraband::NonceGap, Contraband::Repeated];
        Box::new(Smuggler::new(lots.pick(&all)))
    }),
];

const fn criminal(name: &'static str, make: fn(&mut Lots) -> Box<dyn Crime>) -> Criminal {
    Criminal { name, behind: None, make }
}

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let weighted = lots.chance(500);
    let powers: Vec<u64> = (0..members).map(|_| if weighted { lots.between(1..=9) } else { 1 }).collect();
    let cast = cast(&powers, &criminals(CRIMES, casting.trials), &mut lots);
    let mut outline = casting.outline(powers);
    if lots.chance(300) {
        outline.timing.delta_ms = 250;
        outline.timing.delta_max_ms = 2_000;
    }
    let mut world = World::new(casting.seed, &outline, cast);
    for node in &mut world.nodes {
        node.clock.ahead_ms = lots.between(0..=200).cast_signed() - 100;
        node.clock.speed = lots.between(995..=1_005);
    }
    world.start();
    if casting.seed % 9 == 7 {
        world.start_echo();
    }
    for trial in casting.trials {
        if let Some(part) = trial.simulated.in_mix.filter(|part| casting.seed.is_multiple_of(part.every)) {
            let (least_us, most_us) = part.pace_us;
            world.begin(trial.name, lots.between(least_us..=most_us));
        }
    }
    let rounds = if casting.signatures == SignatureKind::Bls { 4 } else { lots.between(5..=9) };
    for _ in 0..rounds {
        misfortune(&mut world, &mut lots);
        world.run_for(lots.between(200..=1_500));
        for place in 0..world.nodes.len() {
            if world.nodes[place].up.is_none() && lots.chance(600) {
                let in_ms = lots.between(10..=1_000);
                world.rise_in(place, in_ms);
            }
        }
    }
    world.heal();
    world.expect_progress();
    world.expect_settled();
    Outcome::of(world)
}

fn cast(powers: &[u64], crimes: &[Criminal], lots: &mut Lots) -> Cast {
    let mut cast = Cast { observers: usize::from(lots.chance(250)), ..Cast::default() };
    if lots.chance(400) {
        return cast;
    }
    for member in tolerated(powers, lots) {
        if lots.chance(150) {
            cast.twins.push(member);
        } else {
            let crime = crimes[lots.place(crimes.len())];
            cast.criminals.push((member, Some((crime.make)(lots))));
        }
    }
    cast
}

fn misfortune(world: &mut World, lots: &mut Lots) {
    let place = lots.place(world.nodes.len());
    match lots.below(16) {
        0 => world.cut_power(place),
        1 => world.nodes[place].doom = Some(Doom::Effects(lots.below(60))),
        2 => world.doom_at_disk_operation(place, lots.between(1..=8)),
        3 => {
            world.cut_power(place);
            world.rise(place);
            world.nodes[place].doom = Some(Doom::Effects(lots.below(12)));
            world.faults.add("crash during recovery");
        }
        4 => {
            (0..world.nodes.len()).for_each(|node| world.cut_power(node));
            world.faults.add("power cut of all");
        }
        5 => split(world, lots),
        6 => {
            for to in lots.subset(world.nodes.len()) {
                world.links.cut_one_way(place, to);
            }
            world.faults.add("one-way cut");
        }
        7 => {
            world.links.slow_us[place] = lots.between(20_000..=400_000);
            world.faults.add("slow node");
        }
        8 => {
            world.nodes[place].sync_us = lots.between(10_000..=1_000_000);
            world.faults.add("slow disk");
        }
        9 => {
            world.links.lost = lots.between(20..=300);
            world.links.doubled = lots.between(0..=200);
            world.faults.add("lossy links");
        }
        10 => {
            world.links.delay_us = 200..=lots.between(10_000..=200_000);
            world.faults.add("reordering links");
        }
        11 if world.nodes[place].up.is_some() => world.nodes[place].log_disk.fail_operation(lots.between(1..=10)),
        13 => world.stall_store(place, lots.between(500..=5_000)),
        14 if world.nodes[place].store.height().0 > 4 => {
            let height = Height(lots.between(1..=world.nodes[place].store.height().0 - 2));
            world.nodes[place].store.lose(height);
            world.faults.add("unreadable blocks");
            world.read(place, height);
        }
        12 => {
            world.nodes[place].clock.ahead_ms = lots.between(0..=600).cast_signed() - 300;
            world.faults.add("clock jump");
        }
        _ => world.links.heal(),
    }
}

/// Two groups, or three, by lot.
fn split(world: &mut World, lots: &mut Lots) {
    let groups = lots.between(2..=3);
    let mut split = vec![Vec::new(); usize::try_from(groups).expect("few")];
    for place in 0..world.nodes.len() {
        let group = lots.place(split.len());
        split[group].push(place);
    }
    world.links.split(&split);
    world.faults.add("partition");
}
