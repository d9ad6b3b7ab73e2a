//! How often a network may ask, and what wrong answers bring about.
//!
//! A network is a /24, a /64 or a /48, each by itself. Wrong answers stop asking for that device from that network alone: an answer to a
//! challenge that was issued is always judged. It must not know challenges. Invariant: bounded in entries, whatever comes.

use std::net::IpAddr;

use verifyid::DeviceId;

use super::refused::Refused;
use super::tally::Tally;

/// So many wrong answers within [`FAILURES_SPAN_MS`] stop asking, for as long again.
pub(crate) const FAILURES_MAX: u32 = 5;
const FAILURES_SPAN_MS: u64 = 900_000;
/// A network may ask for so many challenges, as the settings say, within this.
const ASKING_SPAN_MS: u64 = 60_000;
/// So many wrong answers for one device within an hour are told to the operator.
pub(crate) const ALARM_FAILURES: u32 = 50;
const ALARM_SPAN_MS: u64 = 3_600_000;
/// Networks that are remembered: some 6 MB.
const NETWORKS_MAX: usize = 100_000;
/// Pairs of a device and a network that are remembered: some 6 MB.
const PAIRS_MAX: usize = 50_000;
/// Devices that are remembered: some 4 MB.
const DEVICES_MAX: usize = 50_000;

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

/// What clients did lately.
#[derive(Debug)]
pub(crate) struct Limits {
    asks_max: u32,
    asks: Tally<ClientNetwork>,
    failures: Tally<(DeviceId, ClientNetwork)>,
    alarms: Tally<DeviceId>,
}

impl Limits {
    /// With so many challenges in a minute for a network.
    pub(crate) fn new(asks_max: u32) -> Self {
        Self {
            asks_max,
            asks: Tally::new(ASKING_SPAN_MS, NETWORKS_MAX),
            failures: Tally::new(FAILURES_SPAN_MS, PAIRS_MAX),
            alarms: Tally::new(ALARM_SPAN_MS, DEVICES_MAX),
        }
    }

    /// Lets a client ask for a challenge for a device, and counts it. A network that finds no room is let in: whoever has so many
    /// networks may ask that often anyhow.
    ///
    /// # Errors
    /// [`Refused::Locked`], [`Refused::TooOften`].
    pub(crate) fn admit(&mut self, device: DeviceId, client: IpAddr, now_ms: u64) -> Result<(), Refused> {
        let networks = networks_of(client);
        for network in &networks {
            let (failures, left_ms) = self.failures.lately(&(device, *network), now_ms);
            if failures >= FAILURES_MAX {
                return Err(Refused::Locked(seconds(left_ms)));
            }
        }
        for network in &networks {
            let (asks, left_ms) = self.asks.lately(network, now_ms);
            if asks >= self.asks_max {
                return Err(Refused::TooOften(seconds(left_ms)));
            }
        }
        for network in networks {
            self.asks.note(network, now_ms);
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

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    // FAULTS VS5
    #[test]
    fn the_fifth_wrong_answer_stops_asking_for_that_device_from_that_network_for_a_quarter_of_an_hour() {
        let mut limits = Limits::new(60);
        for second in 0..5 {
            assert_eq!(limits.admit(device(1), ip("192.0.2.1"), second * 1_000), Ok(()));
            assert!(!limits.failed(device(1), ip("192.0.2.1"), second * 1_000));
        }
        assert_eq!(limits.admit(device(1), ip("192.0.2.99"), 4_000), Err(Refused::Locked(900)));
        assert_eq!(limits.admit(device(1), ip("::ffff:192.0.2.7"), 903_999), Err(Refused::Locked(1)));
        assert_eq!(limits.admit(device(2), ip("192.0.2.1"), 5_000), Ok(()), "another device");
        assert_eq!(limits.admit(device(1), ip("192.0.3.1"), 5_000), Ok(()), "another network");
        assert_eq!(limits.admit(device(1), ip("192.0.2.1"), 904_000), Ok(()));
        for minute in 0..10 {
            limits.failed(device(3), ip("192.0.2.1"), minute * 225_001);
            assert_eq!(limits.admit(device(3), ip("192.0.2.1"), minute * 225_001), Ok(()), "they are too far apart");
        }
    }

    // FAULTS VS5
    #[test]
    fn a_network_of_version_6_is_counted_narrow_and_wide() {
        let mut limits = Limits::new(60);
        for failure in 0..5_u16 {
            limits.failed(device(1), IpAddr::from([0x2001, 0xdb8, 1, failure, 0, 0, 0, 1]), 0);
        }
        assert_eq!(limits.admit(device(1), ip("2001:db8:1:77::1"), 0), Err(Refused::Locked(900)));
        assert_eq!(limits.admit(device(1), ip("2001:db8:2:1::1"), 0), Ok(()));
        let mut limits = Limits::new(60);
        for ask in 0..60_u16 {
            assert_eq!(limits.admit(device(1), IpAddr::from([0x2001, 0xdb8, 1, ask, 0, 0, 0, 1]), 0), Ok(()));
        }
        assert_eq!(limits.admit(device(1), ip("2001:db8:1:77::1"), 59_999), Err(Refused::TooOften(1)));
        assert_eq!(limits.admit(device(1), ip("2001:db8:1:77::1"), 60_000), Ok(()));
    }

    // FAULTS VS6
    #[test]
    fn ten_thousand_answers_a_second_from_one_wide_network_or_from_ten_thousand_leave_the_tables_bounded() {
        let mut limits = Limits::new(60);
        for number in 0..120_000_u32 {
            let [_, a, b, c] = number.to_be_bytes();
            let narrow = u16::from_be_bytes([b, c]);
            for client in [IpAddr::from([a, b, c, 1]), IpAddr::from([0x2001, 0xdb8, 1, narrow, 0, 0, 0, 1])] {
                let _ = limits.admit(device(c), client, u64::from(number / 10));
                limits.failed(device(c), client, u64::from(number / 10));
            }
        }
        assert!(limits.asks.len() <= NETWORKS_MAX && limits.failures.len() <= PAIRS_MAX);
        assert!(limits.alarms.len() <= DEVICES_MAX);
    }

    // FAULTS VS5
    #[test]
    fn fifty_wrong_answers_for_a_device_within_an_hour_are_told_once_and_stop_nobody() {
        let mut limits = Limits::new(60);
        let told = (0..120_u8).filter(|number| limits.failed(device(1), IpAddr::from([10, 0, *number, 1]), 0)).count();
        assert_eq!(told, 1);
        assert_eq!(limits.admit(device(1), ip("192.0.2.1"), 0), Ok(()));
    }
}
