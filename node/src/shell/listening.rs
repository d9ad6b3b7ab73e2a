//! What helps where an address cannot be listened on: the system has three reasons, and each wants something else.
//!
//! It must not know which listener it is: that says how another address is chosen.

use std::io::{Error, ErrorKind};

/// What to do about it; `choose` is what chooses another address.
pub(crate) fn remedy(error: &Error, choose: &str) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!("stop what uses it, or choose another with {choose}"),
        ErrorKind::AddrNotAvailable => format!(
            "no network interface of this machine has that address: choose one that it has (`ip address` lists them), or \
             0.0.0.0 for all of them, with {choose}"
        ),
        ErrorKind::PermissionDenied => format!(
            "ports below 1024 need a right of their own: choose one from 1024 on with {choose}, or give this program \
             CAP_NET_BIND_SERVICE"
        ),
        _ => format!("choose another with {choose}"),
    }
}

/// A stable name of the failure; that of a port in use is the listener's own.
pub(crate) fn code(error: &Error, in_use: &'static str) -> &'static str {
    if error.kind() == ErrorKind::AddrInUse { in_use } else { "cannot_listen" }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RT17
    #[test]
    fn each_reason_of_the_system_has_a_remedy_of_its_own() {
        for (kind, words, named) in [
            (ErrorKind::AddrInUse, "stop what uses it", "api_port_in_use"),
            (ErrorKind::AddrNotAvailable, "no network interface of this machine has that address", "cannot_listen"),
            (ErrorKind::PermissionDenied, "CAP_NET_BIND_SERVICE", "cannot_listen"),
            (ErrorKind::Unsupported, "choose another with --api", "cannot_listen"),
        ] {
            let error = Error::from(kind);
            let told = remedy(&error, "--api ADDRESS:PORT");
            assert!(told.contains(words) && told.contains("--api ADDRESS:PORT"), "{told}");
            assert_eq!(told.contains("stop what uses it"), kind == ErrorKind::AddrInUse, "{told}");
            assert_eq!(code(&error, "api_port_in_use"), named);
        }
    }
}
