//! Between a service and the node: how it is, and when it is to end.

use tokio::sync::watch;

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has been opened and does not work yet.
    Starting,
    /// It works.
    Ready,
    /// It does not, for what is outside, and tries again; why, as the end of a sentence.
    Waiting(String),
    /// It has ended.
    Ended,
}

/// The life of a service, as it sees it itself.
#[derive(Debug)]
pub struct Life {
    state: watch::Sender<State>,
    stop: watch::Receiver<bool>,
}

impl Life {
    /// Joins both sides.
    #[must_use]
    pub const fn new(state: watch::Sender<State>, stop: watch::Receiver<bool>) -> Self {
        Self { state, stop }
    }

    /// It works now.
    pub fn ready(&self) {
        self.say(State::Ready);
    }

    /// It does not work, and why; `/readyz` and `thronosd status` say so.
    pub fn waiting(&self, why: impl Into<String>) {
        self.say(State::Waiting(why.into()));
    }

    fn say(&self, state: State) {
        self.state.send_if_modified(|before| {
            let is_new = *before != state;
            *before = state;
            is_new
        });
    }

    /// Whether it is to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.stop.borrow()
    }

    /// Turns true when the service is to end, for its tasks.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// Comes when the service is to take nothing new, finish what it has begun, and return.
    pub async fn draining(&mut self) {
        // A sender that is gone means that the node is gone.
        let _ = self.stop.wait_for(|stop| *stop).await;
    }
}
