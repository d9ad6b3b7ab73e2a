//! The operator's bans, kept in `data/bans.json` from run to run.
//!
//! The network knows no time of day, so when a ban ends is watched here.

use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use p2p::{BANS_MAX, Ban, Prefix};
use types::PeerKey;

use super::BanLine;
use crate::peer_id;
use service::Finding;
use service::plain_file::{self, Takes};

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Damaged files that are kept; the last place is used again.
const ASIDE_MAX: u32 = 4;

/// All bans.
#[derive(Debug)]
pub(crate) struct Bans {
    path: PathBuf,
    /// Why the file must not be replaced, and what to do: it could not be read, or is damaged and could not be set aside.
    stuck: Option<String>,
    list: Vec<(Ban, Option<u64>)>,
}

/// The list as it is to be written.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    text: Vec<u8>,
}

/// What is wrong with a file of bans.
enum NotRead {
    /// The system does not give it now: its content may be sound.
    Unreadable(std::io::Error),
    /// It is no file of bans, in part or at all.
    Damaged(String),
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Whom a text names.
pub(super) fn parse(text: &str) -> Option<Ban> {
    let text = text.trim();
    let prefix = match text.strip_suffix("/64") {
        // An IPv4 address has no /64.
        Some(first) => first.parse().ok().map(|ip: Ipv6Addr| Prefix::of(ip.into())).filter(is_64),
        None => text.parse().ok().map(|ip: IpAddr| Prefix::of(ip)),
    };
    peer_id::parse(text).map(Ban::Peer).or_else(|| prefix.map(Ban::Address))
}

/// Where a multiaddress leads, if it names an IP address.
pub(super) fn prefix_of(multiaddress: &str) -> Option<Prefix> {
    let mut parts = multiaddress.strip_prefix('/')?.split('/');
    let is_ip = parts.next().is_some_and(|first| first == "ip4" || first == "ip6");
    let ip: IpAddr = parts.next().filter(|_| is_ip)?.parse().ok()?;
    Some(Prefix::of(ip))
}

/// Which peer a multiaddress names last, if it names one.
pub(super) fn peer_of(multiaddress: &str) -> Option<PeerKey> {
    let (_, peer) = multiaddress.trim_end_matches('/').rsplit_once("/p2p/")?;
    peer_id::parse(peer)
}

fn is_64(prefix: &Prefix) -> bool {
    matches!(prefix, Prefix::V6(_))
}

/// The text that names it.
pub(super) fn text(ban: &Ban) -> String {
    match ban {
        Ban::Peer(peer) => peer_id::text(peer),
        Ban::Address(prefix) if is_64(prefix) => format!("{}/64", prefix.first()),
        Ban::Address(prefix) => prefix.first().to_string(),
    }
}

impl Bans {
    /// Reads what was kept. Of a file that is damaged whoever is named is taken, and it is kept under another name. One that
    /// the system does not give now stays where it is.
    pub(crate) fn read(path: PathBuf) -> Self {
        let mut bans = Self { path, stuck: None, list: Vec::new() };
        let found = bans.take_lines();
        let path = bans.path.display().to_string();
        match found {
            Ok(()) => {}
            Err(NotRead::Unreadable(error)) => {
                tracing::warn!(
                    path, %error,
                    "the file of bans cannot be read, so nobody is banned: mend that and start the node again; until then no ban is written"
                );
                bans.stuck = Some(format!("{path} could not be read ({error}); mend that and start the node again"));
            }
            Err(NotRead::Damaged(damage)) => bans.mend(&damage),
        }
        bans.expire(now_ms());
        bans
    }

    /// Keeps a damaged file under another name, and writes what was taken of it in its place at once: the next run finds no bans
    /// otherwise, and nothing says so.
    fn mend(&mut self, damage: &str) {
        let (path, taken) = (self.path.display().to_string(), self.list.len());
        match set_aside(&self.path) {
            Ok(kept) => tracing::warn!(
                path, damage, kept = %kept.display(), taken,
                "the file of bans is damaged: it is kept under another name; compare it with `thronosd peers list` and ban anew \
                 who is missing"
            ),
            Err(error) => {
                tracing::warn!(
                    path, damage, %error, taken,
                    "the file of bans is damaged and cannot be kept under another name: move it away; until then no ban is written"
                );
                self.stuck = Some(format!("{path} is damaged ({damage}); move it away and start the node again"));
                return;
            }
        }
        if let Err(error) = self.draft().and_then(|draft| draft.write()) {
            // The damaged one stays until the next ban, and the next run reads it as this one did.
            tracing::warn!(path, error, "the bans that were taken of a damaged file cannot be written");
        }
    }

    /// Takes whoever is named; says what is wrong with the rest.
    fn take_lines(&mut self) -> Result<(), NotRead> {
        let text = match plain_file::read_text(&self.path, FILE_BYTES_MAX, Takes::File) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(NotRead::of)?,
        };
        let whole = serde_json::from_str::<Vec<serde_json::Value>>(&text);
        let mut damage = whole.as_ref().map(drop).map_err(|error| NotRead::Damaged(error.to_string()));
        for line in whole.unwrap_or_else(|_| before_the_tear(&text)) {
            let read = serde_json::from_value::<BanLine>(line.clone()).ok();
            let ban = read.and_then(|line| Some((parse(&line.whom)?, line.until_ms)));
            match ban {
                Some((ban, until_ms)) if self.add(ban, until_ms) => {}
                Some(_) => damage = Err(NotRead::Damaged(format!("it has more than {BANS_MAX} bans"))),
                None => {
                    let line: String = line.to_string().chars().take(200).collect();
                    damage = Err(NotRead::Damaged(format!("`{line}` bans nobody")));
                }
            }
        }
        damage
    }

    /// Whom the network is to keep away.
    pub(crate) fn all(&self) -> Vec<Ban> {
        self.list.iter().map(|(ban, _)| *ban).collect()
    }

    pub(super) fn show(&self) -> Vec<BanLine> {
        self.list.iter().map(|(ban, until_ms)| BanLine { whom: text(ban), until_ms: *until_ms }).collect()
    }

    /// Takes a ban, in place of one of the same; false when there are too many.
    pub(super) fn add(&mut self, ban: Ban, until_ms: Option<u64>) -> bool {
        self.remove(&ban);
        let fits = self.list.len() < BANS_MAX;
        if fits {
            self.list.push((ban, until_ms));
        }
        fits
    }

    /// The entry of somebody who is banned.
    pub(super) fn get(&self, ban: &Ban) -> Option<(Ban, Option<u64>)> {
        self.list.iter().find(|(known, _)| known == ban).copied()
    }

    pub(super) fn remove(&mut self, ban: &Ban) -> bool {
        let before = self.list.len();
        self.list.retain(|(known, _)| known != ban);
        self.list.len() < before
    }

    /// Takes out those that have ended.
    pub(super) fn expire(&mut self, now_ms: u64) -> Vec<Ban> {
        let is_over = |until_ms: &Option<u64>| until_ms.is_some_and(|until_ms| until_ms <= now_ms);
        let ended = self.list.iter().filter(|(_, until_ms)| is_over(until_ms)).map(|(ban, _)| *ban).collect();
        self.list.retain(|(_, until_ms)| !is_over(until_ms));
        ended
    }

    /// When the next one ends.
    pub(super) fn next_end_ms(&self) -> Option<u64> {
        self.list.iter().filter_map(|(_, until_ms)| *until_ms).min()
    }

    /// What is to be kept for the next run.
    pub(super) fn draft(&self) -> Result<Draft, String> {
        if let Some(why) = &self.stuck {
            return Err(why.clone());
        }
        let text = serde_json::to_vec_pretty(&self.show()).map_err(|error| error.to_string())?;
        Ok(Draft { path: self.path.clone(), text })
    }
}

/// Looks at the file of a stopped node, and says what is wrong with it.
pub(crate) fn look_at(path: PathBuf) -> Option<Finding> {
    let mut bans = Bans { path, stuck: None, list: Vec::new() };
    let what = match bans.take_lines() {
        Ok(()) => return None,
        Err(NotRead::Unreadable(error)) => format!("{error}; the next start bans nobody, and writes no ban"),
        Err(NotRead::Damaged(damage)) => {
            format!(
                "damaged ({damage}); the next start keeps it under another name and bans whoever is named in what is left"
            )
        }
    };
    Some(Finding::new(bans.path, what))
}

impl Draft {
    /// Writes it, and waits for the disk.
    pub(super) fn write(&self) -> Result<(), String> {
        crate::home::write_file(&self.path, &self.text).map_err(|error| error.to_string())
    }
}

impl NotRead {
    /// What the system says of its own is no word on the content, but that nothing can be read from a socket.
    fn of(error: std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(code) if code != rustix::io::Errno::NXIO.raw_os_error() => Self::Unreadable(error),
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// Keeps a damaged file under a second name. It has its own until another is put in its place.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let name = |number: u32| path.with_extension(format!("json.damaged-{number}"));
    let free = (1..ASIDE_MAX).map(name).find(|aside| !aside.exists()).unwrap_or_else(|| name(ASIDE_MAX));
    match std::fs::remove_file(&free) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => std::fs::hard_link(path, &free)?,
    }
    Ok(free)
}

/// The values of a list whose end is torn off.
fn before_the_tear(text: &str) -> Vec<serde_json::Value> {
    let mut values = Vec::new();
    let mut rest = text.trim_start().strip_prefix('[').unwrap_or_default();
    loop {
        rest = rest.trim_start().trim_start_matches(',');
        let mut one = serde_json::Deserializer::from_str(rest).into_iter();
        let Some(Ok(value)) = one.next() else {
            values.extend(named_before_the_tear(rest));
            return values;
        };
        values.push(value);
        rest = rest.get(one.byte_offset()..).unwrap_or_default();
    }
}

/// Whom an entry names whose end is torn off. Until when is not known, even where digits of it are left: without an end, as a ban
/// too long is lifted sooner than one that is missed.
fn named_before_the_tear(entry: &str) -> Option<serde_json::Value> {
    let behind = |text: &str, token: &str| text.strip_prefix(token).map(|rest| rest.trim_start().to_owned());
    let name = behind(entry.trim_start(), "{")
        .and_then(|rest| behind(&rest, "\"whom\""))
        .and_then(|rest| behind(&rest, ":"))?;
    let whom = serde_json::Deserializer::from_str(&name).into_iter::<String>().next()?.ok()?;
    Some(serde_json::json!({ "whom": whom, "until_ms": null }))
}

#[cfg(test)]
mod tests {
    use types::PeerKey;

    use super::*;

    // FAULTS RF6
    #[test]
    fn bans_are_kept_from_run_to_run_until_they_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("bans.json");
        let mut bans = Bans::read(path.clone());
        let peer = Ban::Peer(PeerKey([7; 32]));
        let texts = [text(&peer), "203.0.113.7".to_owned(), "2001:db8:1:2::9/64".to_owned()];
        let parsed = texts.each_ref().map(|text| parse(text).expect("it names somebody"));
        assert_eq!(parsed[0], peer);
        let (now, later) = (now_ms(), now_ms() + 100_000);
        assert!(bans.add(parsed[0], None) && bans.add(parsed[1], Some(later)) && bans.add(parsed[2], Some(now - 1)));
        bans.draft().and_then(|draft| draft.write()).expect("it is written");
        let mut read = Bans::read(path.clone());
        assert_eq!(read.all(), [parsed[0], parsed[1]], "what has ended is not read");
        assert_eq!(read.next_end_ms(), Some(later));
        assert_eq!((read.expire(later - 1), read.expire(later)), (Vec::new(), vec![parsed[1]]));
        assert!(read.remove(&peer) && !read.remove(&peer));
        for nobody in
            ["", "12D3KooW", "1.2.3", "example.org", "/ip4/1.2.3.4", "1.2.3.4/64", "::ffff:1.2.3.4/64", "2001:db8::/32"]
        {
            assert_eq!(parse(nobody), None, "{nobody}");
        }
    }

    // FAULTS RF6
    #[test]
    fn a_ban_is_shown_as_what_is_banned_and_what_is_shown_can_be_typed() {
        for (typed, shown) in [
            ("2001:db8::1", "2001:db8::/64"),
            ("2001:db8::/64", "2001:db8::/64"),
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ] {
            let ban = parse(typed).expect("it names somebody");
            assert_eq!(text(&ban), shown);
            assert_eq!(parse(shown), Some(ban));
        }
        let here = Prefix::of("2001:db8::9".parse().expect("an address"));
        assert_eq!(prefix_of("/ip6/2001:db8::1/tcp/1/p2p/12D3KooW"), Some(here));
        for nowhere in ["", "ip4/1.2.3.4", "/dns4/1.2.3.4/tcp/1", "/ip4/x"] {
            assert_eq!(prefix_of(nowhere), None, "{nowhere}");
        }
    }

    // FAULTS RF6
    #[test]
    fn a_damaged_file_is_set_aside_and_whoever_it_names_stays_banned() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("bans.json");
        let aside = |number: u32| directory.path().join(format!("bans.json.damaged-{number}"));
        let here = parse("203.0.113.7").expect("an address");
        let line = r#"{"whom":"203.0.113.7","until_ms":null}"#;
        let nobody = format!(r#"[{line},{{"whom":"nobody","until_ms":null}},{{"whom":7}}]"#);
        // A name that is whole is taken, however much is left of its end.
        let cut =
            [r#""#, r#","until"#, r#", "until_ms": 17"#].map(|rest| format!(r#"[{line}, {{ "whom": "10.0.0.9"{rest}"#));
        let many: Vec<_> =
            (0..=BANS_MAX).map(|number| format!(r#"{{"whom":"10.0.{}.{}"}}"#, number >> 8, number & 255)).collect();
        let many = format!("[{}]", many.join(","));
        let torn = format!(r#"[{line},{{"whom":"203.0"#);
        let damaged =
            [("{", 0), (torn.as_str(), 1), (nobody.as_str(), 1), (many.as_str(), BANS_MAX), ("", 0), ("[", 0)];
        let cut = cut.iter().map(|text| (text.as_str(), 2));
        for (place, (text, banned)) in (1..).zip(damaged.into_iter().chain(cut)) {
            std::fs::write(&path, text).expect("a file");
            let mut bans = Bans::read(path.clone());
            assert_eq!(bans.all().len(), banned, "{text:.80}");
            assert_eq!(std::fs::read_to_string(aside(place.min(4))).expect("it is kept"), text);
            // Whatever ends this run, the next bans the same.
            assert!(look_at(path.clone()).is_none(), "{text:.80}");
            assert_eq!(Bans::read(path.clone()).all(), bans.all(), "{text:.80}");
            // What is written afterwards is whole, and stays.
            bans.remove(&parse("10.0.0.1").expect("an address"));
            assert!(bans.add(here, None));
            bans.draft().and_then(|draft| draft.write()).expect("it is written");
            assert!(Bans::read(path.clone()).all().contains(&here) && !aside(place + 1).exists());
        }
        std::fs::remove_file(&path).expect("a file");
        std::fs::create_dir(&path).expect("a directory");
        std::fs::create_dir_all(aside(4).join("full")).unwrap_or_else(|_| {
            std::fs::remove_file(aside(4)).expect("a file");
            std::fs::create_dir_all(aside(4).join("full")).expect("a directory");
        });
        let stuck = Bans::read(path.clone()).draft().expect_err("it would be replaced");
        assert!(stuck.contains("it is a directory") && stuck.contains("move it away"), "{stuck}");
        assert!(path.is_dir());
    }

    // FAULTS RF6
    #[test]
    fn a_file_that_cannot_be_read_now_stays_where_it_is_and_is_not_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("bans.json");
        std::os::unix::fs::symlink(&path, &path).expect("a link that leads nowhere");
        let mut bans = Bans::read(path.clone());
        assert!(bans.add(parse("203.0.113.7").expect("an address"), None));
        let stuck = bans.draft().expect_err("it would be replaced");
        assert!(stuck.contains("could not be read") && stuck.contains("start the node again"), "{stuck}");
        let names = std::fs::read_dir(directory.path()).expect("a directory").count();
        assert!(path.is_symlink() && names == 1, "nothing is renamed");
    }
}
