//! Which ports a local network uses: node i has `base + 10·i` for peers (UDP and TCP), the next one for its API, the last of
//! the ten for its metrics. The others of the ten are for services of features, which say themselves where they are.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use super::{Failure, Outcome, claims};

/// The port of the first node, unless another is chosen.
pub const DEFAULT_BASE: u16 = 26_700;
/// From one node's ports to the next one's.
const STEP: u16 = 10;
/// Places where a whole network may be, and from one to the next.
const PLACES: u16 = 10;
const PLACE_STEP: u16 = 1_000;

/// The ports of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    base: u16,
}

impl Ports {
    /// Checks that `nodes` nodes find room above the base.
    ///
    /// # Errors
    /// When the last port would be above 65535, or the first below 1024.
    pub fn new(base: u16, nodes: usize) -> Outcome<Self> {
        let last = u64::from(base) + u64::from(STEP) * nodes as u64;
        if base < 1_024 || last > u64::from(u16::MAX) {
            let sentence =
                format!("{nodes} nodes do not fit above port {base}: choose another with --base-port, such as 26700");
            return Err(Failure::new(sentence));
        }
        Ok(Self { base })
    }

    /// The first ports that are free for all nodes: at the base, or some thousands above it.
    ///
    /// # Errors
    /// When none of the first ten places is free; names a port of the first.
    pub fn free_from(base: u16, nodes: usize) -> Outcome<Self> {
        Self::first_of(base, nodes, |_| true)
    }

    /// The same, claimed for this program.
    ///
    /// # Errors
    /// As [`Ports::free_from`].
    pub(crate) fn claimed_from(base: u16, nodes: usize) -> Outcome<Self> {
        Self::first_of(base, nodes, |ports| ports.claim(nodes))
    }

    fn first_of(base: u16, nodes: usize, is_had: impl Fn(&Self) -> bool) -> Outcome<Self> {
        let places = (0..PLACES).filter_map(|place| base.checked_add(place * PLACE_STEP));
        let is_free = |ports: &Self| is_had(ports) && ports.check_all(nodes).is_ok();
        let found = places.filter_map(|base| Self::new(base, nodes).ok()).find(is_free);
        match found {
            Some(ports) => Ok(ports),
            None => Self::new(base, nodes).and_then(|ports| ports.check_all(nodes).map(|()| ports)),
        }
    }

    /// Keeps other local networks of this user away from these ports from now on, until this program ends; false where another has claimed one. A port
    /// is free until a node listens there, so looking alone lets two networks that start at once choose the same.
    pub(crate) fn claim(&self, nodes: usize) -> bool {
        let last = self.base.saturating_add(u16::try_from(nodes).unwrap_or(u16::MAX).saturating_mul(STEP)) - 1;
        claims::claim((self.base / STEP..=last / STEP).map(|ten| ten.to_string()))
    }

    fn check_all(&self, nodes: usize) -> Outcome<()> {
        (0..nodes).try_for_each(|index| self.check_free(index))
    }

    /// Where peers reach node `index`.
    #[must_use]
    pub fn peers(&self, index: usize) -> u16 {
        let offset = u16::try_from(index).unwrap_or(u16::MAX).saturating_mul(STEP);
        self.base.saturating_add(offset)
    }

    /// Where node `index` answers HTTP.
    #[must_use]
    pub fn api(&self, index: usize) -> u16 {
        self.peers(index).saturating_add(1)
    }

    /// Where node `index` serves health and metrics by themselves.
    #[must_use]
    pub fn metrics(&self, index: usize) -> u16 {
        self.peers(index).saturating_add(9)
    }

    /// Whether these are the ports that are written down, and not some that were chosen.
    #[must_use]
    pub const fn are_usual(&self) -> bool {
        self.base == DEFAULT_BASE
    }

    /// Checks that nobody uses a TCP port that node `index` needs.
    ///
    /// # Errors
    /// Names the port and how to choose others.
    pub fn check(&self, index: usize, port: u16) -> Outcome<()> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map(drop)
            .map_err(|error| self.taken(index, ("TCP", port, error)))
    }

    /// Checks that nobody uses the ports of node `index`.
    ///
    /// # Errors
    /// Names the port and how to choose others.
    pub fn check_free(&self, index: usize) -> Outcome<()> {
        let (peers, api, metrics) = (self.peers(index), self.api(index), self.metrics(index));
        let tcp =
            |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| ("TCP", port, error));
        let udp =
            |port: u16| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| ("UDP", port, error));
        let all = udp(peers).and_then(|()| [peers, api, metrics].into_iter().try_for_each(tcp));
        all.map_err(|taken| self.taken(index, taken))
    }

    fn taken(&self, index: usize, (kind, port, error): (&str, u16, std::io::Error)) -> Failure {
        let other = self.base.checked_add(1_000).unwrap_or(26_700);
        Failure::new(format!(
            "node {index} needs {kind} port {port}, which cannot be used ({error}): \
             stop the program that has it, or choose other ports, as with --base-port {other}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_i_has_its_ports_ten_above_the_one_before() {
        let ports = Ports::new(26_700, 5).expect("there is room");
        assert_eq!((ports.peers(0), ports.api(0), ports.peers(4), ports.api(4)), (26_700, 26_701, 26_740, 26_741));
        assert_eq!((ports.metrics(0), ports.metrics(4)), (26_709, 26_749));
        assert!(ports.are_usual() && !Ports::new(27_700, 5).expect("there is room").are_usual());
        assert!(Ports::new(65_500, 4).is_err(), "the last node would be above the highest port");
        assert!(Ports::new(80, 4).is_err(), "ports below 1024 belong to the system");
    }

    #[test]
    fn a_proof_goes_to_the_next_place_that_is_free() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let base = taken.local_addr().expect("it is bound").port() - 1;
        if let Ok(ports) = Ports::free_from(base, 2) {
            assert_ne!(ports.peers(0), base, "the first place is taken");
            assert_eq!((ports.peers(0) - base) % PLACE_STEP, 0);
        }
    }

    #[test]
    fn a_port_in_use_is_named_with_a_way_out() {
        // Another program of this machine may have a port beside it, which is then named first.
        let is_named = || {
            let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            let port = taken.local_addr().expect("it is bound").port();
            let others = [Ports { base: port - 1 }.check_free(0), Ports { base: port - 2 }.check(0, port)];
            let told = others.map(|checked| checked.expect_err("it is taken").to_string());
            assert!(told.iter().all(|sentence| sentence.contains("--base-port")), "{told:?}");
            told.iter().all(|sentence| sentence.contains(&port.to_string()))
        };
        assert!((0..20).any(|_| is_named()));
    }
}
