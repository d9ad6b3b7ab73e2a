//! Why a node could not be talked to, in words for people, and what to do about it.

use std::io::ErrorKind;

use crate::visible::one_line;
use crate::{Error, cause};

/// Where another address of a node is given.
const NAME_IT: &str = "give its address with `--node` or THRONOS_NODE";

/// What is told of a question that came to no answer.
pub(super) fn unreached(base: &str, error: &ureq::Error) -> Error {
    let message = format!("cannot talk to the node at {base}: {}", one_line(&why(error)));
    Error::new("node_unreachable", message, advice(base, error))
}

/// What is told of an answer that is none of a node's.
pub(super) fn no_node(base: &str, status: u16) -> Error {
    let message = format!("{base} answers with status {status}");
    // So a server with TLS answers to whoever speaks none.
    let tls = if status == 400 && !speaks_tls(base) { ", or speak TLS there: then write https://" } else { "" };
    let hint = format!("the node may be of another version, or the address of something else{tls}");
    Error::new("bad_answer", message, hint)
}

fn speaks_tls(base: &str) -> bool {
    base.starts_with("https://")
}

fn advice(base: &str, error: &ureq::Error) -> String {
    let is_of_tls = match error {
        ureq::Error::Rustls(_) => true,
        ureq::Error::Io(error) => error.kind() == ErrorKind::InvalidData,
        _ => false,
    };
    match speaks_tls(base) {
        true if is_of_tls && why(error).contains("certificate") => {
            format!(
                "no known authority vouches for its certificate, or it is for another name: {NAME_IT}, by the name in the certificate"
            )
        }
        true if is_of_tls => {
            format!(
                "it speaks no TLS there: write http:// if nobody between here and there is to be feared, and {NAME_IT}"
            )
        }
        false if matches!(error, ureq::Error::Protocol(_)) => {
            format!("it speaks something else than a node; if that is TLS, write https://, and {NAME_IT}")
        }
        _ => format!("check that it runs, and {NAME_IT}"),
    }
}

/// Why a request failed, in words for people.
fn why(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::Io(error) => cause(error),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        other => cause(other),
    }
}
