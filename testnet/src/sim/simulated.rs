//! What a feature brings to simulated networks: what its section of the genesis says, who acts, who looks on, what
//! happens to a network, and which planted bugs it has to show.
//!
//! It must not know a feature. Actor and checker of one trial share what they know by a book of their own.

use execution::FinalizedBlock;
use genesis::GenesisBuilder;
use types::Address;
use types::canary::Canary;

use super::actor::Actor;
use super::crimes::Crime;
use super::lots::Lots;
use super::outcome::Outcome;
use super::scenarios::Casting;
use crate::trial::Trials;

/// A trial in the simulator.
#[derive(Clone, Copy, Debug)]
pub struct Simulated {
    /// Adds to the genesis of every network what the trial needs; it is told who has money.
    pub genesis: fn(GenesisBuilder, &[Address]) -> GenesisBuilder,
    /// Who acts, and who looks on: made anew for each network from its seed.
    pub troupe: fn(u64) -> Troupe,
    /// How its actor takes part in the scenario `mix`, if it does.
    pub in_mix: Option<InMix>,
    /// Stories of its own.
    pub scenarios: &'static [Scenario],
    /// Crimes of its own, for members in the scenario `mix`.
    pub crimes: &'static [Criminal],
    /// Planted bugs that it shows, each with the scenario in which it is most likely to be seen.
    pub canaries: &'static [(Canary, &'static str)],
}

impl Simulated {
    /// Nothing.
    pub const PLAIN: Self = Self {
        genesis: |builder, _| builder,
        troupe: |_| Troupe::default(),
        in_mix: None,
        scenarios: &[],
        crimes: &[],
        canaries: &[],
    };
}

/// Who takes part in one network.
#[derive(Default)]
pub struct Troupe {
    /// Acts once a scenario has begun it.
    pub actor: Option<Box<dyn Actor>>,
    /// Look on from the start.
    pub checkers: Vec<Box<dyn ChainChecker>>,
}

/// A property of the chain.
pub trait ChainChecker: Send {
    /// Its name in reports.
    fn property(&self) -> &'static str;

    /// Looks at the next final block: each comes once, in the order of heights.
    ///
    /// # Errors
    /// How the property is violated.
    fn block(&mut self, block: &FinalizedBlock) -> Result<(), String>;
}

/// How often an actor takes part in the scenario `mix`.
#[derive(Clone, Copy, Debug)]
pub struct InMix {
    /// Under each seed that is a multiple of this.
    pub every: u64,
    /// Bounds of the time between two of its deeds, in microseconds.
    pub pace_us: (u64, u64),
}

/// A story by name.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// Of the seeds, this share falls to it.
    pub share: u64,
    /// Behind which story of the house it stands in the list, so that seeds keep their stories; without one it is last.
    pub behind: Option<&'static str>,
    /// Tells it.
    pub run: fn(&Casting) -> Outcome,
}

/// A crime by name.
#[derive(Clone, Copy, Debug)]
pub struct Criminal {
    /// The crime's name.
    pub name: &'static str,
    /// Behind which crime of the house it stands; without one it is last.
    pub behind: Option<&'static str>,
    /// Makes one who commits it.
    pub make: fn(&mut Lots) -> Box<dyn Crime>,
}

/// Something in a list of the house, which trials may add to.
trait Listed: Copy {
    fn name(&self) -> &'static str;
    fn behind(&self) -> Option<&'static str>;
}

impl Listed for Scenario {
    fn name(&self) -> &'static str {
        self.name
    }

    fn behind(&self) -> Option<&'static str> {
        self.behind
    }
}

impl Listed for Criminal {
    fn name(&self) -> &'static str {
        self.name
    }

    fn behind(&self) -> Option<&'static str> {
        self.behind
    }
}

/// All stories: the house's and those of trials, each in its place.
pub(crate) fn scenarios(house: &[Scenario], trials: Trials) -> Vec<Scenario> {
    merged(house, trials.iter().flat_map(|trial| trial.simulated.scenarios))
}

/// All crimes, in the same way.
pub(crate) fn criminals(house: &[Criminal], trials: Trials) -> Vec<Criminal> {
    merged(house, trials.iter().flat_map(|trial| trial.simulated.crimes))
}

fn merged<T: Listed + 'static>(house: &[T], more: impl Iterator<Item = &'static T>) -> Vec<T> {
    let mut all = house.to_vec();
    for one in more {
        let neighbour = all.iter().position(|other| one.behind() == Some(other.name()));
        all.insert(neighbour.map_or(all.len(), |place| place + 1), *one);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_trial_adds_stands_behind_what_it_names_or_last() {
        let one = |name, behind| Scenario { name, share: 1, behind, run: |_| Outcome::default() };
        let house = [one("a", None), one("b", None)];
        static MORE: [Scenario; 2] = [
            Scenario { name: "x", share: 1, behind: Some("a"), run: |_| Outcome::default() },
            Scenario { name: "y", share: 1, behind: Some("gone"), run: |_| Outcome::default() },
        ];
        let names: Vec<&str> = merged(&house, MORE.iter()).iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["a", "x", "b", "y"]);
    }
}
