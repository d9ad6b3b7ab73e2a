//! `thronosd status`: asks a running node over its API. The first line answers "why am I (not) voting".

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::Args;

use super::{HomeArgument, Refusal, hint, read_config};
use crate::api::models::StatusResponse;
use crate::keys::NetworkKey;
use crate::peer_id;

/// How long the node may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    home: HomeArgument,
    /// Address and port of the node's API [default: that of the home].
    #[arg(long, value_name = "ADDRESS:PORT")]
    api: Option<String>,
    /// Print the node's JSON document.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        let (body, status) = match &self.api {
            Some(typed) => {
                self.home.note();
                let address = address_of(typed)?;
                ask(address, &format!(" --api {}", hint::quoted(address)))?
            }
            None => self.ask_home()?,
        };
        if self.json {
            say!("{}", body.trim_end());
            return Ok(());
        }
        say!("{}", hint::as_typed(&status.voting.sentence));
        for trouble in &status.health.troubles {
            let kind = if trouble.forbids_ready { "not ready" } else { "warning" };
            say!("{kind:<10} {}", hint::as_typed(&trouble.sentence));
        }
        say!("chain      {} ({})", status.chain_name, status.chain_id);
        let health = &status.health;
        let (s, tenths) = (health.final_age_ms / 1_000, health.final_age_ms % 1_000 / 100);
        say!("block      {} ({}), {s}.{tenths} s ago", status.final_height, status.final_hash);
        say!("epoch      {}, view {}", status.epoch, status.view);
        if let Some(next) = &status.next_version {
            let known = if next.is_known { "which this release knows" } else { "which this release does NOT know" };
            say!("version    {}; {} begins with epoch {}, {known}", status.protocol_version, next.version, next.epoch);
        }
        say!("role       {}", status.role);
        say!("peers      {}", status.peers);
        say!("validators {} of {} power answer", health.power_answering, health.power_total);
        match health.clock_ahead_ms {
            Some(ahead_ms) => say!("clock      {ahead_ms:+} ms against the validators' median"),
            None => say!("clock      not compared: too few validators answer"),
        }
        say!("disk       {} MiB free", health.disk_free_bytes >> 20);
        let waiting = types::counted(status.mempool_transactions.into(), "transaction");
        say!("waiting    {waiting}, {} of them could be included", health.executable);
        say!("peer id    {}", status.peer_id);
        Ok(())
    }
}

impl Status {
    /// Asks where only health is served, which a crowd at the API cannot keep from answering; or else the API.
    fn ask_home(&self) -> Result<(String, StatusResponse), Refusal> {
        let config = read_config(&self.home.home()?, Vec::new())?;
        if !config.metrics.listen.is_empty()
            && let Ok((body, status)) = ask(&config.metrics.listen, "")
            && self.is_of_home(&config.metrics.listen, &status.peer_id).is_ok()
        {
            return Ok((body, status));
        }
        let (body, status) = ask(&config.api.listen, "")?;
        self.is_of_home(&config.api.listen, &status.peer_id)?;
        Ok((body, status))
    }

    /// Whoever listens at a home's address need not be the home's node.
    fn is_of_home(&self, address: &str, found: &str) -> Result<(), Refusal> {
        let home = self.home.home()?;
        let own = peer_id::text(&NetworkKey::read(&home.network_key_file())?.peer_key()?);
        if own == found {
            return Ok(());
        }
        let home = home.root().display();
        let message = format!(
            "at {address} the node {found} answers, and that of {home} is {own}: it does not run, or `api.listen` in its \
             settings is the address of another; ask any node with --api ADDRESS:PORT"
        );
        Err(Refusal::new("another_node", message))
    }
}

/// The address and port in what was typed; a URL of the node is taken for its address.
fn address_of(typed: &str) -> Result<&str, Refusal> {
    let address = typed.strip_prefix("http://").unwrap_or(typed);
    let address = address.split_once('/').map_or(address, |(address, _)| address);
    let parts = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match parts.and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(1..) if address.parse::<std::net::Ipv6Addr>().is_err() => Ok(address),
        _ => {
            let message =
                format!("`--api {typed}` is no address and port: write --api ADDRESS:PORT, like 127.0.0.1:26701");
            Err(Refusal::new("usage", message))
        }
    }
}

/// Asks at an address; `typed` is what a command that starts a node there needs besides.
fn ask(address: &str, typed: &str) -> Result<(String, StatusResponse), Refusal> {
    let body = get(address, "/api/v1/status").map_err(|silence| match silence {
        Silence::Nobody(error) => {
            let is_here = address.rsplit_once(':').is_some_and(|(host, _)| {
                host == "localhost"
                    || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            });
            let next = match is_here {
                true => format!("is the node running? (`thronosd run{typed}`, or another --api)"),
                false => "is its node running, and may this machine reach it? Name another with --api ADDRESS:PORT"
                    .to_owned(),
            };
            let message = format!("no answer from {address}: {error}; {next}");
            Refusal::new("not_running", message)
        }
        Silence::Other(error) => not_a_node(address, &error),
    })?;
    let status = serde_json::from_str(&body).map_err(|error| not_a_node(address, &error))?;
    Ok((body, status))
}

fn not_a_node(address: &str, error: &dyn std::fmt::Display) -> Refusal {
    let message = format!(
        "what listens at {address} does not answer like a node's API: {error}; a node has its API where `api.listen` in its \
         settings says (26701 unless changed): --api ADDRESS:PORT"
    );
    Refusal::new("not_a_node", message)
}

/// Why there is no document.
#[derive(Debug)]
enum Silence {
    /// Nobody answers there.
    Nobody(std::io::Error),
    /// Somebody does, in another way.
    Other(std::io::Error),
}

/// One request over HTTP/1.0, so that the answer ends with the connection.
fn get(address: &str, path: &str) -> Result<String, Silence> {
    let invalid = |what: &str| std::io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let connect = || {
        let address: SocketAddr =
            address.to_socket_addrs()?.next().ok_or_else(|| invalid("the name has no address"))?;
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    let mut stream = connect().map_err(Silence::Nobody)?;
    let mut answer = Vec::new();
    let asked = write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n\r\n");
    let read = asked.and_then(|()| stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer));
    match read {
        // Whoever takes a connection and says nothing may be a node that is held up.
        Err(error) if answer.is_empty() && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            return Err(Silence::Nobody(std::io::Error::new(ErrorKind::TimedOut, "nothing was said for 5 s")));
        }
        // A server of another protocol says its own word and hangs up.
        Err(_) if !answer.is_empty() => {}
        read => {
            read.map_err(Silence::Other)?;
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let is_http = answer.starts_with("HTTP/1.");
    let (head, body) = answer.split_once("\r\n\r\n").filter(|_| is_http).ok_or_else(|| {
        let line = answer.lines().next().unwrap_or_default();
        let shown: String = line.chars().filter(|character| !character.is_control()).take(60).collect();
        let says =
            if shown.is_empty() { "it says nothing".to_owned() } else { format!("it says no HTTP, but `{shown}`") };
        Silence::Other(invalid(&says))
    })?;
    let line = head.lines().next().unwrap_or_default();
    if line.split(' ').nth(1) != Some("200") {
        let shown: String = line.chars().filter(|character| !character.is_control()).take(60).collect();
        return Err(Silence::Other(invalid(&format!("it says `{shown}`"))));
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_at_an_address_and_somebody_else_there_are_told_apart() {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = gone.local_addr().expect("it has one").to_string();
        drop(gone);
        assert_eq!(ask(&address, "").expect_err("nobody").code, "not_running");
        for said in [
            "{\"id\":null,\"error\":[20,\"Not a JSON request\",null]}\n",
            "",
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "\u{1}",
        ] {
            let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = other.local_addr().expect("it has one").to_string();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = other.accept().expect("a connection");
                let _ = stream.read(&mut [0; 16]);
                let _ = stream.write_all(said.as_bytes());
            });
            let refusal = ask(&address, "").expect_err(said);
            assert!(refusal.code == "not_a_node" && refusal.message.contains("api.listen"), "{said:?}: {refusal:?}");
            server.join().expect("it has ended");
        }
    }

    // FAULTS RT15
    #[test]
    fn a_node_is_asked_at_an_address_with_its_port_and_a_url_has_one() {
        for (typed, address) in [
            ("127.0.0.1:26701", "127.0.0.1:26701"),
            ("http://127.0.0.1:26701", "127.0.0.1:26701"),
            ("http://localhost:26701/api/v1/status", "localhost:26701"),
            ("[::1]:26701", "[::1]:26701"),
        ] {
            assert_eq!(address_of(typed), Ok(address));
        }
        for typed in
            ["26701", ":26701", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:0", "1.2.3.4:99999", "https://a:1", "::1", ""]
        {
            let refusal = address_of(typed).expect_err(typed);
            assert!(refusal.code == "usage" && refusal.message.contains("write --api ADDRESS:PORT"), "{refusal:?}");
        }
    }
}
