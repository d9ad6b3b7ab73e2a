//! FAULTS W9: somebody stands between the real miner and the real port of a node, reads every line, and may change it.
//!
//! [`relay`] is that somebody; [`plain`] holds what he tries over TCP, [`sealed`] what is left to him over TLS.

use std::net::SocketAddr;
use std::sync::mpsc::{SyncSender, sync_channel};

use mining_client::mine::run::{HAPPENINGS_MAX, Happening, run};
use mining_client::mine::show::{Show, Told};
use mining_client::mine::{Options, Payee, Pays, Summary};
use types::{Address, Network};

use crate::pool::PAYEE;
use crate::runs::{Recorder, options};

mod plain;
mod relay;
mod sealed;

const THIEF: Address = Address([0xbb; 20]);
const OPERATOR: Address = Address([0xee; 20]);

/// The user name of a worker of that account.
fn user(address: Address, worker: &str) -> String {
    format!("{}.{worker}", address.to_text(Network::Main))
}

const fn only(address: Address) -> Pays {
    Pays::Only(Payee { address, network: Some(Network::Main) })
}

/// One thread that mines for [`PAYEE`] at an address until so many shares are accepted, and wants jobs that pay it.
fn one_thread(at: SocketAddr, shares: u64) -> Options {
    Options { threads: 1, ..options(at.port(), shares) }
}

/// Keeps what it is told, and looks at it.
struct Watch<F> {
    recorder: Recorder,
    interrupt: SyncSender<Happening>,
    /// Whether the run should end now.
    is_over: F,
}

impl<F: FnMut(&Told<'_>) -> bool> Show for Watch<F> {
    fn tell(&mut self, told: &Told<'_>) {
        self.recorder.tell(told);
        if (self.is_over)(told) {
            // A full channel has an interrupt already.
            let _ = self.interrupt.try_send(Happening::Interrupted);
        }
    }
}

/// Runs the miner beside the tasks of the test until it ends by itself or `is_over` says so.
pub async fn mine(
    options: Options,
    is_over: impl FnMut(&Told<'_>) -> bool + Send + 'static,
) -> (wallet::Result<Summary>, Recorder) {
    let recorder = Recorder::default();
    let (sender, receiver) = sync_channel(HAPPENINGS_MAX);
    let mut watch = Watch { recorder: recorder.clone(), interrupt: sender.clone(), is_over };
    let task = tokio::task::spawn_blocking(move || run(options, (sender, receiver), &mut watch));
    (task.await.expect("no panic"), recorder)
}
