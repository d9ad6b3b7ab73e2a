//! How people write where a node is, and what that means.

use std::net::IpAddr;

use crate::{Error, Result};

/// The address of a node without a path of the API.
pub(super) fn base_of(url: &str) -> Result<String> {
    let bad = |hint: String| {
        let shown: String = url.chars().take(100).collect();
        Error::new("bad_node_url", format!("`{shown}` is not the address of a node"), hint)
    };
    let text = url.trim_end_matches('/').trim_end_matches("/api/v1").trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    let (host, port) = split_port(authority);
    let is_plain = |character: char| character.is_ascii_graphic() && !"?#@\\\"<>".contains(character);
    let is_bare = !host.contains(':') || host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty() && is_bare && rest.chars().all(is_plain);
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    let example = || "write it like http://127.0.0.1:26701".to_owned();
    // A port, and not the number of a machine.
    let is_number = scheme.is_none() && port.is_none() && host.bytes().all(|byte| byte.is_ascii_digit());
    if !is_host || !is_port || is_number {
        return Err(bad(example()));
    }
    match scheme.map(str::to_ascii_lowercase).as_deref() {
        Some(known @ ("http" | "https")) => Ok(format!("{known}://{rest}")),
        Some(_) => Err(bad(example())),
        None if port.is_none() => Err(bad(format!("write scheme and port too, like http://{host}:26701"))),
        None if is_of_this_machine(host) => Ok(format!("http://{rest}")),
        // Without TLS everybody on the way reads along and may change the answers: nobody should get that by leaving something out.
        None => Err(bad(format!(
            "write how to speak to it: https://{rest}, or http://{rest} if nobody between here and there is to be feared"
        ))),
    }
}

/// Host and port of `host:26701`, `[::1]:26701`, or a host alone.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Whether what is said to this host stays on this machine.
fn is_of_this_machine(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    inner.eq_ignore_ascii_case("localhost") || inner.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::base_of;

    #[test]
    fn a_node_is_named_by_its_url_or_on_this_machine_by_host_and_port() {
        for (text, base) in [
            ("http://127.0.0.1:26701", "http://127.0.0.1:26701"),
            ("HTTPS://Node.example/", "https://Node.example"),
            ("http://node.example:80/api/v1/", "http://node.example:80"),
            ("https://node.example/thronos", "https://node.example/thronos"),
            ("127.0.0.1:26701", "http://127.0.0.1:26701"),
            ("127.8.0.1:1/api/v1", "http://127.8.0.1:1"),
            ("localhost:26701/", "http://localhost:26701"),
            ("[::1]:26701", "http://[::1]:26701"),
        ] {
            assert_eq!(base_of(text), Ok(base.to_owned()), "{text}");
        }
        for (text, hint) in [
            ("node.example:26701", "https://node.example:26701"),
            ("192.168.0.5:26701", "https://192.168.0.5:26701"),
            ("127.0.0.1.example:26701", "https://127.0.0.1.example:26701"),
            ("[2001:db8::1]:443", "https://[2001:db8::1]:443"),
            ("127.0.0.1", "http://127.0.0.1:26701"),
            ("", "http://127.0.0.1:26701"),
            ("26701", "like http://127.0.0.1:26701"),
            ("http://", "http://127.0.0.1:26701"),
            ("ftp://127.0.0.1:21", "http://127.0.0.1:26701"),
            ("http://a b:1", "http://127.0.0.1:26701"),
            ("http://x@127.0.0.1:1", "http://127.0.0.1:26701"),
            ("http://127.0.0.1:99999", "http://127.0.0.1:26701"),
            ("http://127.0.0.1:0", "http://127.0.0.1:26701"),
            ("127.0.0.1:", "http://127.0.0.1:26701"),
            ("localhost:26701\u{1b}[2J", "http://127.0.0.1:26701"),
            (":26701", "http://127.0.0.1:26701"),
            ("::1:26701", "http://127.0.0.1:26701"),
        ] {
            let error = base_of(text).expect_err(text);
            assert!(error.code == "bad_node_url" && error.hint.contains(hint), "{text}: {error:?}");
        }
    }
}
