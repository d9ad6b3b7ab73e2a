//! Panics inside simulated nodes are findings, not output: they are kept for the report instead of being printed.

use std::cell::RefCell;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the messages of panics from now on, in every thread.
pub(crate) fn keep() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|information| {
            LAST.with(|last| *last.borrow_mut() = Some(information.to_string()));
        }));
    });
}

/// The newest panic of this thread.
pub(crate) fn last() -> String {
    LAST.with(|last| last.borrow_mut().take()).unwrap_or_else(|| "without a message".to_owned())
}
