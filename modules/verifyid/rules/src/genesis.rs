//! The numbers of this module, and the rules between them. They become state, and everything else of this module reads them there.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Breach, Context, GenesisError, ModuleView, Section};
use pow::Difficulty;
use serde::{Deserialize, Serialize};
use types::{Address, Amount, Canonical, Genesis, List, Network};

use crate::call::{GROUPS_MAX, SHARES_MAX};
use crate::keys;
use crate::records::{Verifier, read, view, write};

/// Most verifiers.
pub const VERIFIERS_MAX: usize = 16;
/// Most plans.
pub const PLANS_MAX: usize = 16;
/// Most classes of work rates.
pub const CLASSES_MAX: usize = 16;

const SECOND_MS: u64 = 1_000;
const DAY_MS: u64 = 86_400_000;
/// No span is longer than this: ten years.
const SPAN_MS_MAX: u64 = 10 * 366 * DAY_MS;

/// What a customer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Live devices.
    pub devices: u64,
    /// Verifications a calendar month.
    pub verifications: u64,
}

impl Allowance {
    /// No bound.
    pub const UNLIMITED: u64 = u64::MAX >> 12;
}

/// A plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanTerms {
    /// Its number, from 1.
    pub plan: u8,
    /// Live devices.
    pub devices: u64,
    /// Verifications a calendar month.
    pub verifications: u64,
    /// What 30 days cost, in µTHR; 0 for not for sale.
    pub price: Amount,
}

/// A class of work rates: who shows it had at least `floor` hashes a second, but for one try in a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkClass {
    /// Its number; a higher one stands for a higher rate.
    pub class: u8,
    /// Hashes a second; told, and used by no rule.
    pub floor: u64,
    /// The difficulty of a share, in billionths.
    pub difficulty: u64,
    /// So many shares.
    pub shares: u16,
    /// Within so much block time after the beacon, in milliseconds.
    pub window_ms: u64,
}

impl WorkClass {
    const fn new(class: u8, floor: u64, difficulty: u64, shares: u16, window_s: u64) -> Self {
        let billionths = difficulty.saturating_mul(1_000_000_000);
        Self { class, floor, difficulty: billionths, shares, window_ms: window_s.saturating_mul(SECOND_MS) }
    }

    /// Whether whoever has just the floor finds fewer shares than asked, on the average.
    fn tells_floor(&self) -> bool {
        // Hashes of a share of difficulty 1, as pools count: 2^48 / 65,535.
        const HASHES: u128 = 4_295_032_833;
        // Floor a second over milliseconds, difficulty in billionths: a million on the other side.
        let found = u128::from(self.floor).saturating_mul(self.window_ms.into()).saturating_mul(1_000_000);
        let asked = HASHES.saturating_mul(self.difficulty.into()).saturating_mul(self.shares.into());
        found < asked
    }

    /// The difficulty of a share; nothing if it is none.
    #[must_use]
    pub fn difficulty(&self) -> Option<Difficulty> {
        Difficulty::from_billionths(self.difficulty.into()).ok()
    }
}

/// The numbers of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyIdParameters {
    /// Suspends, revokes, sets levels, plans and verifiers: an account of several keys.
    pub authority: Address,
    /// Is paid for plans.
    pub ecosystem: Address,
    /// Who verifies from the beginning.
    pub verifiers: List<Address, VERIFIERS_MAX>,
    /// What an account without a plan may have.
    pub free: Allowance,
    /// The plans.
    pub plans: List<PlanTerms, PLANS_MAX>,
    /// The classes of work rates.
    pub work_classes: List<WorkClass, CLASSES_MAX>,
    /// What registering burns, in µTHR.
    pub registration_fee: Amount,
    /// A device's word holds this long at most, in milliseconds.
    pub statement_max_ms: u64,
    /// A rotation that the old key has not signed waits so long.
    pub rotation_delay_ms: u64,
    /// An offer lasts this long at most.
    pub offer_max_ms: u64,
    /// A verifier's hold lasts so long.
    pub hold_ms: u64,
    /// From one hold of a device to the next.
    pub hold_pause_ms: u64,
    /// A batch may end so long before its block.
    pub batch_late_ms: u64,
    /// A work attestation counts so long.
    pub work_ttl_ms: u64,
    /// The authority's word on a TPM or a maker's certificate counts this long at most.
    pub level_ttl_ms: u64,
    /// From one beacon to the next.
    pub beacon_interval_ms: u64,
}

impl VerifyIdParameters {
    fn with_authority(account: Address) -> Self {
        let plan = |plan, devices, verifications| PlanTerms { plan, devices, verifications, price: Amount::ZERO };
        let plans = vec![
            plan(1, 100, 10_000),
            plan(2, 1_000, 100_000),
            plan(3, Allowance::UNLIMITED, Allowance::UNLIMITED),
            plan(4, 50, 5_000),
            plan(5, 500, 50_000),
            plan(6, 200, 20_000),
            plan(7, 2_000, 200_000),
        ];
        const MEGA: u64 = 1_000_000;
        let classes = vec![
            WorkClass::new(1, 75 * MEGA, 1, 41, 960),
            WorkClass::new(2, 500 * MEGA, 4, 45, 660),
            WorkClass::new(3, 5_000 * MEGA, 32, 52, 660),
            WorkClass::new(4, 50_000 * MEGA, 512, 38, 660),
            WorkClass::new(5, 1_000_000 * MEGA, 8_192, 44, 660),
            WorkClass::new(6, 10_000_000 * MEGA, 65_536, 52, 660),
            WorkClass::new(7, 50_000_000 * MEGA, 262_144, 60, 660),
        ];
        Self {
            authority: account,
            ecosystem: account,
            verifiers: List::default(),
            free: Allowance { devices: 3, verifications: 100 },
            plans: List::new(plans).expect("seven"),
            work_classes: List::new(classes).expect("seven"),
            registration_fee: Amount(100_000),
            statement_max_ms: DAY_MS,
            rotation_delay_ms: 7 * DAY_MS,
            offer_max_ms: 7 * DAY_MS,
            hold_ms: DAY_MS,
            hold_pause_ms: 7 * DAY_MS,
            batch_late_ms: 7 * DAY_MS,
            work_ttl_ms: 30 * DAY_MS,
            level_ttl_ms: 90 * DAY_MS,
            beacon_interval_ms: 30 * SECOND_MS,
        }
    }

    /// The numbers of a running chain.
    pub(crate) fn read(context: &mut Context<'_, '_>) -> Self {
        read(context, &keys::rules()).expect("the genesis wrote this record, and no block removes it")
    }

    /// The numbers of a running chain, where nothing may be written; nothing where the module does not run yet.
    pub(crate) fn view(state: &ModuleView<'_>) -> Option<Self> {
        view(state, &keys::rules())
    }

    /// A plan by its number.
    pub(crate) fn plan(&self, number: u8) -> Option<&PlanTerms> {
        self.plans.iter().find(|plan| plan.plan == number)
    }

    /// A class by its number.
    pub(crate) fn class(&self, number: u8) -> Option<&WorkClass> {
        self.work_classes.iter().find(|class| class.class == number)
    }
}

impl Canonical for VerifyIdParameters {
    const BYTES_MAX: usize = 4_096;
}

impl Section for VerifyIdParameters {
    const ADDRESSES: &'static [&'static str] = &["/authority", "/ecosystem", "/verifiers/*"];

    fn new(_: Network, beneficiary: Address) -> Self {
        Self::with_authority(beneficiary)
    }

    /// A beacon every 2 s, and one class, which a processor reaches in half a minute and an imposter does not. The others have windows that
    /// are longer than such beacons are kept.
    fn local(beneficiary: Address) -> Self {
        let class =
            WorkClass { class: 0, floor: 1_000_000, difficulty: 2_000_000, shares: 16, window_ms: 30 * SECOND_MS };
        let work_classes = List::new(vec![class]).expect("one");
        Self { work_classes, beacon_interval_ms: 2 * SECOND_MS, ..Self::with_authority(beneficiary) }
    }

    fn check(&self, house: &Genesis) -> Result<(), Breach> {
        check_spans(self)?;
        check_plans(self)?;
        check_classes(self)?;
        let is_twice = |(place, one): (usize, &Address)| {
            self.verifiers.iter().skip(place.saturating_add(1)).any(|other| other == one)
        };
        let once = !self.verifiers.iter().enumerate().any(is_twice);
        Breach::unless(once, "verifiers", self.verifiers.len(), "it must name nobody twice")?;
        let zero = Address([0; 20]);
        let is_main = house.network == Network::Main;
        let rule = "on the main network it must be an account that somebody holds";
        Breach::unless(!is_main || self.authority != zero, "authority", "the zero address", rule)
    }

    fn warnings(&self, _: &Genesis) -> Vec<String> {
        let mut warnings = Vec::new();
        let zero = Address([0; 20]);
        if self.authority == zero {
            warnings.push("the authority is the zero address, whose key nobody has: no device can be suspended, and no verifier listed".to_owned());
        }
        let is_sold = self.plans.iter().any(|plan| !plan.price.is_zero());
        if is_sold && self.ecosystem == zero {
            warnings.push("plans are paid to the zero address, whose key nobody has: that THR is lost".to_owned());
        }
        warnings
    }
}

fn check_spans(numbers: &VerifyIdParameters) -> Result<(), Breach> {
    let spans = [
        (numbers.statement_max_ms, "statement_max_ms"),
        (numbers.rotation_delay_ms, "rotation_delay_ms"),
        (numbers.offer_max_ms, "offer_max_ms"),
        (numbers.hold_ms, "hold_ms"),
        (numbers.hold_pause_ms, "hold_pause_ms"),
        (numbers.batch_late_ms, "batch_late_ms"),
        (numbers.work_ttl_ms, "work_ttl_ms"),
        (numbers.level_ttl_ms, "level_ttl_ms"),
        (numbers.beacon_interval_ms, "beacon_interval_ms"),
    ];
    for (span, key) in spans {
        Breach::unless((1..=SPAN_MS_MAX).contains(&span), key, span, "it must be above zero and at most ten years")?;
    }
    let rule = "it must be at least twice `hold_ms`, so that no device is held for more than half the time";
    let is_paused = numbers.hold_pause_ms >= numbers.hold_ms.saturating_mul(2);
    Breach::unless(is_paused, "hold_pause_ms", numbers.hold_pause_ms, rule)?;
    let rule = "it must be at least `statement_max_ms`, so that what announced a key cannot complete it";
    let is_delayed = numbers.rotation_delay_ms >= numbers.statement_max_ms;
    Breach::unless(is_delayed, "rotation_delay_ms", numbers.rotation_delay_ms, rule)
}

fn check_plans(numbers: &VerifyIdParameters) -> Result<(), Breach> {
    let mut last = 0;
    for plan in &*numbers.plans {
        Breach::unless(plan.plan > last, "plans", plan.plan, "the plans' numbers must rise from 1 on")?;
        last = plan.plan;
    }
    let bounds = numbers.plans.iter().flat_map(|plan| [plan.devices, plan.verifications]);
    for bound in bounds.chain([numbers.free.devices, numbers.free.verifications]) {
        let rule = "devices and verifications are at most 4503599627370495, which stands for no bound";
        Breach::unless(bound <= Allowance::UNLIMITED, "plans", bound, rule)?;
    }
    Ok(())
}

fn check_classes(numbers: &VerifyIdParameters) -> Result<(), Breach> {
    let mut last: Option<u8> = None;
    for class in &*numbers.work_classes {
        let rises = last.is_none_or(|last| class.class > last);
        Breach::unless(rises, "work_classes", class.class, "the classes' numbers must rise")?;
        last = Some(class.class);
        let rule = "a class has a difficulty above zero, in billionths";
        Breach::unless(class.difficulty().is_some(), "work_classes", class.difficulty, rule)?;
        let shares_max = GROUPS_MAX.min(SHARES_MAX);
        let rule = "a class asks for 1 to 64 shares";
        Breach::unless((1..=shares_max).contains(&usize::from(class.shares)), "work_classes", class.shares, rule)?;
        let kept_ms = numbers.beacon_interval_ms.saturating_mul(keys::BEACONS.saturating_sub(2));
        let rule = "a class's window is above zero and shorter than the 126 newest beacons";
        Breach::unless((1..kept_ms).contains(&class.window_ms), "work_classes", class.window_ms, rule)?;
        let rule = "a class's window is at least twice `beacon_interval_ms`, or there is no time to begin in";
        let begins = class.window_ms >= numbers.beacon_interval_ms.saturating_mul(2);
        Breach::unless(begins, "work_classes", class.window_ms, rule)?;
        let rule = "a class asks for more shares than its floor of hashes a second finds in its window";
        Breach::unless(class.tells_floor(), "work_classes", class.shares, rule)?;
    }
    Ok(())
}

/// Writes the numbers and the verifiers.
pub(crate) fn begin(parameters: &VerifyIdParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
    for verifier in &*parameters.verifiers {
        write(context, &keys::verifier(verifier), &Verifier { listed: true, last: 0 });
    }
    let count = u32::try_from(parameters.verifiers.len()).unwrap_or(u32::MAX);
    write(context, &keys::verifiers_listed(), &count);
    write(context, &keys::rules(), parameters);
    Ok(())
}
