//! The sockets that are bound before the first thread runs, so that a port that is taken stops the start.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::start_error::StartError;
use crate::api::Listeners;
use crate::config::Config;
use crate::control::Listener;
use crate::home::Home;
use crate::services::Sockets;

/// All of them but those for peers.
pub(super) struct Doors {
    pub(super) api: Listeners,
    pub(super) services: Sockets,
    pub(super) control: Listener,
}

impl Doors {
    /// Binds what the settings name.
    pub(super) fn open(home: &Home, config: &Config) -> Result<Self, StartError> {
        let path = || home.root().display().to_string();
        let control = Listener::bind(home.root()).map_err(|error| StartError::Control { path: path(), error })?;
        let address = || config.api.listen.clone();
        let api = listen(&config.api.listen).map_err(|error| StartError::Api { address: address(), error })?;
        let probes = listen_for_probes(&config.metrics.listen)?;
        let services = Sockets::bind(&config.services)?;
        Ok(Self { api: Listeners { api, probes }, services, control })
    }
}

fn listen(address: &str) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The address that nobody has chosen is given up when another node of this machine has it.
fn listen_for_probes(address: &str) -> Result<Option<TcpListener>, StartError> {
    if address.is_empty() {
        return Ok(None);
    }
    match listen(address) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == ErrorKind::AddrInUse && address == Config::default().metrics.listen => {
            tracing::warn!(address, "another program listens there: health and metrics are served by the API only");
            Ok(None)
        }
        Err(error) => Err(StartError::Metrics { address: address.to_owned(), error }),
    }
}
