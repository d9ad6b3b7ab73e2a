//! How often a network or a customer may ask, and what wrong answers bring about.
//!
//! A network is a /24, a /64 or a /48, each by itself. Wrong answers stop asking for that device from that network alone, and never a customer, who
//! asks by a token: an answer to a challenge that was issued is always judged. It must not know challenges. Invariant: bounded in entries, whatever
//! comes; networks beyond the table's size share one count.

use std::net::IpAddr;

use types::Address;
use verifyid::DeviceId;

use super::refused::Refused;
use super::tally::Tally;
use super::token::Origin;

/// So many wrong answers within [`FAILURES_SPAN_MS`] stop asking, for as long again.
pub(crate) const FAILURES_MAX: u32 = 5;
const FAILURES_SPAN_MS: u64 = 900_000;
/// A network may ask for so many challenges, as the settings say, within this.
const ASKING_SPAN_MS: u64 = 60_000;
/// So many wrong answers for one device within an hour are told to the operator.
pub(crate) const ALARM_FAILURES: u32 = 50;
const ALARM_SPAN_MS: u64 = 3_600_000;
/// A network may ask for so many tokens within this too: whoever has one asks no more for a day.
const TOKEN_ASKS_MAX: u32 = 60;
/// Networks that are remembered, of each thing that is asked for: some 6 MB.
const NETWORKS_MAX: usize = 100_000;
/// Networks without a place in the table may ask, all together, so many times as often as one with a place.
const OTHERS_SHARE: u32 = 100;
/// Customers that are remembered: some 3 MB.
const CUSTOMERS_MAX: usize = 50_000;
/// Pairs of a device and a network that are remembered: some 6 MB.
const PAIRS_MAX: usize = 50_000;
/// Devices that are remembered: some 4 MB.
const DEVICES_MAX: usize = 50_000;

/// Who asks for a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskedBy {
    /// Whoever it is, from there.
    Anybody(IpAddr),
    /// A customer who has shown a token.
    Customer(Address),
}

impl AskedBy {
    /// As a challenge remembers it.
    pub(crate) const fn origin(self) -> Origin {
        match self {
            Self::Anybody(_) => Origin::Anybody,
            Self::Customer(_) => Origin::Customer,
        }
    }
}

/// How many challenges may be asked for in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AsksMax {
    /// By a network.
    pub(crate) network: u32,
    /// By a customer.
    pub(crate) customer: u32,
}

/// A network that a client belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientNetwork {
    /// A /24 of IPv4.
    Twenty4([u8; 3]),
    /// A /48 of IPv6.
    Forty8([u8; 6]),
    /// A /64 of IPv6.
    Sixty4([u8; 8]),
}

/// The networks of a client, the widest first.
pub(crate) fn networks_of(client: IpAddr) -> Vec<ClientNetwork> {
    match client.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            vec![ClientNetwork::Twenty4([a, b, c])]
        }
        IpAddr::V6(address) => {
            let octets = address.octets();
            let (mut wide, mut narrow) = ([0; 6], [0; 8]);
            wide.copy_from_slice(octets.split_at(6).0);
            narrow.copy_from_slice(octets.split_at(8).0);
            vec![ClientNetwork::Forty8(wide), ClientNetwork::Sixty4(narrow)]
        }
    }
}

/// How often networks asked for one thing within a minute.
#[derive(Debug)]
struct NetworkTally {
    networks: Tally<ClientNetwork>,
    /// Of networks that find no place in the table.
    others: Tally<()>,
}

/// What clients did lately.
#[derive(Debug)]
pub(crate) struct Limits {
    asks_max: AsksMax,
    asks: NetworkTally,
    asks_for_tokens: NetworkTally,
    asks_of_customers: Tally<Address>,
    failures: Tally<(DeviceId, ClientNetwork)>,
    alarms: Tally<DeviceId>,
}

impl Limits {
    /// With so many challenges in a minute.
    pub(crate) fn new(asks_max: AsksMax) -> Self {
        Self {
            asks_max,
            asks: NetworkTally::new(),
            asks_for_tokens: NetworkTally::new(),
            asks_of_customers: Tally::new(ASKING_SPAN_MS, CUSTOMERS_MAX),
            failures: Tally::new(FAILURES_SPAN_MS, PAIRS_MAX),
            alarms: Tally::new(ALARM_SPAN_MS, DEVICES_MAX),
        }
    }

    /// Whether a challenge for a device may be asked for now. Nothing is counted.
    ///
    /// # Errors
    /// [`Refused::Locked`], [`Refused::TooOften`].
    pub(crate) fn may_ask(&mut self, device: DeviceId, by: AskedBy, now_ms: u64) -> Result<(), Refused> {
        match by {
            AskedBy::Anybody(client) => {
                self.is_not_locked(device, client, now_ms)?;
                self.asks.may_ask(client, self.asks_max.network, now_ms).map_err(Refused::TooOften)
            }
            AskedBy::Customer(customer) => {
                let (asks, left_ms) = self.asks_of_customers.lately(&customer, now_ms);
                // Customers are few, and each has paid: none is let in without being counted.
                let is_counted = self.asks_of_customers.would_count(&customer, now_ms);
                bounded(if is_counted { asks } else { u32::MAX }, self.asks_max.customer, left_ms)
                    .map_err(Refused::TooOften)
            }
        }
    }

    /// Whether a network may ask for a token now, and counts it.
    ///
    /// # Errors
    /// [`Refused::TooManyTokens`].
    pub(crate) fn ask_for_token(&mut self, client: IpAddr, now_ms: u64) -> Result<(), Refused> {
        self.asks_for_tokens.may_ask(client, TOKEN_ASKS_MAX, now_ms).map_err(Refused::TooManyTokens)?;
        self.asks_for_tokens.asked(client, now_ms);
        Ok(())
    }

    /// Counts what was asked for and given.
    pub(crate) fn asked(&mut self, by: AskedBy, now_ms: u64) {
        match by {
            AskedBy::Anybody(client) => self.asks.asked(client, now_ms),
            AskedBy::Customer(customer) => drop(self.asks_of_customers.note(customer, now_ms)),
        }
    }

    fn is_not_locked(&self, device: DeviceId, client: IpAddr, now_ms: u64) -> Result<(), Refused> {
        for network in networks_of(client) {
            let (failures, left_ms) = self.failures.lately(&(device, network), now_ms);
            if failures >= FAILURES_MAX {
                return Err(Refused::Locked(seconds(left_ms)));
            }
        }
        Ok(())
    }

    /// Counts a wrong answer; true when there are so many for the device that the operator is to be told.
    pub(crate) fn failed(&mut self, device: DeviceId, client: IpAddr, now_ms: u64) -> bool {
        for network in networks_of(client) {
            if self.failures.note((device, network), now_ms) == FAILURES_MAX {
                self.failures.begin_again(&(device, network), now_ms);
            }
        }
        self.alarms.note(device, now_ms) == ALARM_FAILURES
    }
}

impl NetworkTally {
    fn new() -> Self {
        Self { networks: Tally::new(ASKING_SPAN_MS, NETWORKS_MAX), others: Tally::new(ASKING_SPAN_MS, 1) }
    }

    /// Whether a client may ask so often; nothing is counted. How many seconds it waits, if not.
    fn may_ask(&mut self, client: IpAddr, asks_max: u32, now_ms: u64) -> Result<(), u32> {
        for network in networks_of(client) {
            let (asks, left_ms) = self.networks.lately(&network, now_ms);
            bounded(asks, asks_max, left_ms)?;
            if !self.networks.would_count(&network, now_ms) {
                let (asks, left_ms) = self.others.lately(&(), now_ms);
                bounded(asks, asks_max.saturating_mul(OTHERS_SHARE), left_ms)?;
            }
        }
        Ok(())
    }

    fn asked(&mut self, client: IpAddr, now_ms: u64) {
        let mut is_counted = true;
        for network in networks_of(client) {
            is_counted &= self.networks.note(network, now_ms) > 0;
        }
        if !is_counted {
            self.others.note((), now_ms);
        }
    }
}

fn bounded(asks: u32, asks_max: u32, left_ms: u64) -> Result<(), u32> {
    if asks >= asks_max { Err(seconds(left_ms)) } else { Ok(()) }
}

fn seconds(ms: u64) -> u32 {
    u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use types::Hash32;

    use super::*;

    fn device(number: u8) -> DeviceId {
        DeviceId(Hash32([number; 32]))
    }

    const MAX: AsksMax = AsksMax { network: 60, customer: 600 };

    /// Asks, and has it counted.
    fn admit(limits: &mut Limits, device: DeviceId, client: IpAddr, now_ms: u64) -> Result<(), Refused> {
        let by = AskedBy::Anybody(client);
        limits.may_ask(device, by, now_ms)?;
        limits.asked(by, now_ms);
        Ok(())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    // FAULTS VS5
    #[test]
    fn the_fifth_wrong_answer_stops_asking_for_that_device_from_that_network_for_a_quarter_of_an_hour() {
        let mut limits = Limits::new(MAX);
        for second in 0..5 {
            assert_eq!(admit(&mut limits, device(1), ip("192.0.2.1"), second * 1_000), Ok(()));
            assert!(!limits.failed(device(1), ip("192.0.2.1"), second * 1_000));
        }
        assert_eq!(admit(&mut limits, device(1), ip("192.0.2.99"), 4_000), Err(Refused::Locked(900)));
        assert_eq!(admit(&mut limits, device(1), ip("::ffff:192.0.2.7"), 903_999), Err(Refused::Locked(1)));
        assert_eq!(admit(&mut limits, device(2), ip("192.0.2.1"), 5_000), Ok(()), "another device");
        assert_eq!(admit(&mut limits, device(1), ip("192.0.3.1"), 5_000), Ok(()), "another network");
        assert_eq!(admit(&mut limits, device(1), ip("192.0.2.1"), 904_000), Ok(()));
        for minute in 0..10 {
            limits.failed(device(3), ip("192.0.2.1"), minute * 225_001);
            assert_eq!(
                admit(&mut limits, device(3), ip("192.0.2.1"), minute * 225_001),
                Ok(()),
                "they are too far apart"
            );
        }
    }

    // FAULTS VS5
    #[test]
    fn a_network_of_version_6_is_counted_narrow_and_wide() {
        let mut limits = Limits::new(MAX);
        for failure in 0..5_u16 {
            limits.failed(device(1), IpAddr::from([0x2001, 0xdb8, 1, failure, 0, 0, 0, 1]), 0);
        }
        assert_eq!(admit(&mut limits, device(1), ip("2001:db8:1:77::1"), 0), Err(Refused::Locked(900)));
        assert_eq!(admit(&mut limits, device(1), ip("2001:db8:2:1::1"), 0), Ok(()));
        let mut limits = Limits::new(MAX);
        for ask in 0..60_u16 {
            assert_eq!(admit(&mut limits, device(1), IpAddr::from([0x2001, 0xdb8, 1, ask, 0, 0, 0, 1]), 0), Ok(()));
        }
        assert_eq!(admit(&mut limits, device(1), ip("2001:db8:1:77::1"), 59_999), Err(Refused::TooOften(1)));
        assert_eq!(admit(&mut limits, device(1), ip("2001:db8:1:77::1"), 60_000), Ok(()));
    }

    // FAULTS VS6
    #[test]
    fn ten_thousand_answers_a_second_from_one_wide_network_or_from_ten_thousand_leave_the_tables_bounded() {
        let mut limits = Limits::new(MAX);
        for number in 0..120_000_u32 {
            let [_, a, b, c] = number.to_be_bytes();
            let narrow = u16::from_be_bytes([b, c]);
            for client in [IpAddr::from([a, b, c, 1]), IpAddr::from([0x2001, 0xdb8, 1, narrow, 0, 0, 0, 1])] {
                let _ = admit(&mut limits, device(c), client, u64::from(number / 10));
                limits.failed(device(c), client, u64::from(number / 10));
            }
        }
        assert!(limits.asks.networks.len() <= NETWORKS_MAX && limits.failures.len() <= PAIRS_MAX);
        assert!(limits.alarms.len() <= DEVICES_MAX);
    }

    // FAULTS VS5
    #[test]
    fn fifty_wrong_answers_for_a_device_within_an_hour_are_told_once_and_stop_nobody() {
        let mut limits = Limits::new(MAX);
        let told = (0..120_u8).filter(|number| limits.failed(device(1), IpAddr::from([10, 0, *number, 1]), 0)).count();
        assert_eq!(told, 1);
        assert_eq!(admit(&mut limits, device(1), ip("192.0.2.1"), 0), Ok(()));
    }

    // FAULTS VS5
    #[test]
    fn a_customer_is_neither_locked_nor_counted_with_a_network_and_has_a_bound_of_its_own() {
        let mut limits = Limits::new(MAX);
        for _ in 0..5 {
            limits.failed(device(1), ip("192.0.2.1"), 0);
        }
        let [one, other] = [1, 2].map(|number| AskedBy::Customer(Address([number; 20])));
        assert_eq!(limits.may_ask(device(1), AskedBy::Anybody(ip("192.0.2.1")), 0), Err(Refused::Locked(900)));
        for _ in 0..600 {
            assert_eq!(limits.may_ask(device(1), one, 0), Ok(()));
            limits.asked(one, 0);
        }
        assert_eq!(limits.may_ask(device(1), one, 1), Err(Refused::TooOften(60)));
        assert_eq!(limits.may_ask(device(1), other, 1), Ok(()));
        assert_eq!(limits.may_ask(device(1), one, 60_000), Ok(()));
    }

    // FAULTS VS6
    #[test]
    fn networks_beyond_the_table_share_one_bound_and_those_within_keep_theirs() {
        let mut limits = Limits::new(MAX);
        let network = |number: u32| {
            let [_, a, b, c] = number.to_be_bytes();
            IpAddr::from([a, b, c, 1])
        };
        let networks_max = u32::try_from(NETWORKS_MAX).expect("small");
        for number in 0..networks_max {
            assert_eq!(admit(&mut limits, device(1), network(number), 0), Ok(()));
        }
        let admitted =
            (0..20_000).filter(|number| admit(&mut limits, device(1), network(networks_max + number), 1).is_ok());
        assert_eq!(admitted.count(), 6_000);
        assert_eq!(admit(&mut limits, device(1), network(networks_max), 1), Err(Refused::TooOften(60)));
        assert_eq!(admit(&mut limits, device(1), network(7), 1), Ok(()), "who has a place keeps it");
        assert_eq!(admit(&mut limits, device(1), network(networks_max), 60_001), Ok(()));
    }

    // FAULTS VS5
    #[test]
    fn challenges_use_up_no_token_and_tokens_no_challenge() {
        let mut limits = Limits::new(MAX);
        for _ in 0..60 {
            assert_eq!(admit(&mut limits, device(1), ip("192.0.2.1"), 0), Ok(()));
        }
        assert_eq!(admit(&mut limits, device(1), ip("192.0.2.1"), 0), Err(Refused::TooOften(60)));
        for _ in 0..60 {
            assert_eq!(limits.ask_for_token(ip("192.0.2.1"), 0), Ok(()));
            assert_eq!(limits.ask_for_token(ip("192.0.3.1"), 0), Ok(()));
        }
        assert_eq!(limits.ask_for_token(ip("192.0.2.1"), 1_000), Err(Refused::TooManyTokens(59)));
        assert_eq!(admit(&mut limits, device(1), ip("192.0.3.1"), 1_000), Ok(()));
        assert_eq!(limits.ask_for_token(ip("192.0.2.1"), 60_000), Ok(()));
    }

    // FAULTS VS5
    #[test]
    fn what_was_not_given_is_not_counted() {
        let mut limits = Limits::new(MAX);
        for _ in 0..1_000 {
            assert_eq!(limits.may_ask(device(1), AskedBy::Anybody(ip("192.0.2.1")), 0), Ok(()));
        }
    }
}
