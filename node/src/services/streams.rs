//! Streams of services over this node's network.
//!
//! It must not know any service. A service reaches no protocol but its own.

use p2p::{Network, Offered};
use service::chain::Later;
use service::{AnyStream, PeerStream, StreamError, StreamRow, Streams};
use types::PeerKey;

/// The streams of one service.
pub(crate) struct NodeStreams {
    network: Network,
    rows: &'static [StreamRow],
}

impl NodeStreams {
    pub(crate) const fn new(network: Network, rows: &'static [StreamRow]) -> Self {
        Self { network, rows }
    }

    fn own(&self, protocol: &str) -> Result<(), StreamError> {
        let is_own = self.rows.iter().any(|row| row.name == protocol);
        if is_own { Ok(()) } else { Err(StreamError::NotDeclared) }
    }
}

impl Streams for NodeStreams {
    fn reach(&self, peer: PeerKey, addresses: Vec<String>) -> Later<'_, Result<(), StreamError>> {
        Box::pin(async move { self.network.reach(peer, &addresses).await })
    }

    fn open(&self, protocol: &'static str, peer: PeerKey) -> Later<'_, Result<AnyStream, StreamError>> {
        Box::pin(async move {
            self.own(protocol)?;
            Ok(Box::new(NodeStream(self.network.open_stream(protocol, peer).await?)) as AnyStream)
        })
    }

    fn accept(&self, protocol: &'static str) -> Later<'_, Result<AnyStream, StreamError>> {
        Box::pin(async move {
            self.own(protocol)?;
            Ok(Box::new(NodeStream(self.network.accept_stream(protocol).await?)) as AnyStream)
        })
    }
}

/// One stream.
struct NodeStream(p2p::NetworkStream);

impl PeerStream for NodeStream {
    fn peer(&self) -> PeerKey {
        self.0.peer()
    }

    fn send(&self, frame: Vec<u8>) -> Later<'_, Result<(), StreamError>> {
        Box::pin(self.0.send(frame))
    }

    fn next(&self) -> Later<'_, Result<Vec<u8>, StreamError>> {
        Box::pin(self.0.next())
    }

    fn close(&self) -> Later<'_, ()> {
        Box::pin(self.0.close())
    }
}

/// The protocols of services that are open: peers may open streams of them while these run.
pub(crate) struct OfferedStreams {
    network: Network,
    rows: Vec<&'static StreamRow>,
}

impl OfferedStreams {
    pub(crate) const fn none(network: Network) -> Self {
        Self { network, rows: Vec::new() }
    }

    /// A service was opened.
    pub(crate) fn add(&mut self, rows: &'static [StreamRow]) {
        self.rows.extend(rows);
    }

    /// The services run.
    pub(crate) fn begin(&self) {
        self.rows.iter().for_each(|row| self.network.offer_streams(row.name, Offered::Yes));
    }

    /// They are to end: nothing new is opened.
    pub(crate) fn refuse(&self) {
        self.network.refuse_streams();
    }

    /// They have ended.
    pub(crate) async fn close(&self) {
        self.network.close_streams().await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use p2p::{NetworkConfig, NetworkEvent, PrivateAddresses, peer_key_of_secret, spawn};
    use prometheus_client::registry::Registry as Metrics;
    use service::http::Routes;
    use service::{AnyService, Life, Operator, ServiceFault};
    use tokio::runtime::Runtime;
    use types::{ChainId, Hash32};

    use super::super::{Opened, Services};
    use super::*;
    use crate::shell::{Faults, Room, Space};

    const ECHO: [StreamRow; 1] = [StreamRow {
        name: "echo",
        streams_per_peer_max: 8,
        streams_max: 32,
        frame_bytes_max: 1 << 20,
        stream_bytes_max: 8 << 20,
        bytes_max: 128 << 20,
        bytes_per_second: 64 << 20,
    }];
    const DEADLINE: Duration = Duration::from_secs(60);

    /// Answers every frame with itself.
    struct Echo(Arc<dyn Streams>);

    impl AnyService for Echo {
        fn name(&self) -> &'static str {
            "echo"
        }

        fn routes(&self) -> Routes {
            Routes::default()
        }

        fn measure(&self, _metrics: &mut Metrics) {}

        fn operator(&self) -> Option<Arc<dyn Operator>> {
            None
        }

        fn run(self: Box<Self>, mut life: Life) -> Later<'static, Result<(), ServiceFault>> {
            Box::pin(async move {
                life.ready();
                while let Ok(stream) = self.0.accept("echo").await {
                    tokio::spawn(async move {
                        while let Ok(frame) = stream.next().await {
                            if stream.send(frame).await.is_err() {
                                break;
                            }
                        }
                    });
                }
                life.draining().await;
                Ok(())
            })
        }
    }

    struct Host {
        key: PeerKey,
        address: String,
        network: Network,
        streams: Arc<dyn Streams>,
        services: Services,
        faults: Faults,
    }

    fn host(seed: u8, runtime: &Runtime) -> Host {
        let services = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let services = services.expect("a runtime");
        let _inside = runtime.enter();
        let (network, mut inbound) = spawn(NetworkConfig {
            listen: vec!["/ip4/127.0.0.1/udp/0/quic-v1".to_owned()],
            private_addresses: PrivateAddresses::Allowed,
            streams: ECHO.to_vec(),
            stream_runtime: Some(services.handle().clone()),
            ..NetworkConfig::new(ChainId(Hash32([7; 32])), [seed; 32])
        })
        .expect("it starts");
        let address = runtime.block_on(async {
            loop {
                if let Some(NetworkEvent::Listening { address }) = inbound.control.recv().await {
                    break address;
                }
            }
        });
        let plenty = Space { free_bytes: 1 << 40, total_bytes: 1 << 41 };
        let faults = Faults::new(Room::new(Path::new("/data"), 1, Arc::new(move || Ok(plenty))));
        let streams: Arc<dyn Streams> = Arc::new(NodeStreams::new(network.clone(), &ECHO));
        let mut offered = OfferedStreams::none(network.clone());
        offered.add(&ECHO);
        let service: Box<dyn AnyService> = Box::new(Echo(streams.clone()));
        let opened = Opened { services: vec![(service, None)], streams: offered, addresses: Vec::new() };
        let services = opened.start(services, &faults);
        let key = peer_key_of_secret([seed; 32]).expect("a seed");
        Host { key, address, network, streams, services, faults }
    }

    async fn echoes(stream: &AnyStream, frame: Vec<u8>) {
        stream.send(frame.clone()).await.expect("sent");
        assert!(stream.next().await == Ok(frame));
    }

    #[test]
    fn services_of_three_nodes_speak_to_each_other_and_a_drain_closes_streams_before_anything_else_ends() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let hosts = [1, 2, 3].map(|seed| host(seed, &runtime));
        let meet = |from: usize, to: usize| {
            let (streams, peer) = (hosts[from].streams.clone(), hosts[to].key);
            let addresses = vec![hosts[to].address.clone()];
            async move {
                streams.reach(peer, addresses).await.expect("it is met");
                // It may have come a moment before its service began.
                let stream = loop {
                    match streams.open("echo", peer).await {
                        Err(StreamError::NotSpoken) => tokio::task::yield_now().await,
                        opened => break opened.expect("it opens"),
                    }
                };
                for number in 0..10 {
                    echoes(&stream, vec![number; 1 << 20]).await;
                }
                assert_eq!(streams.open("ebb", peer).await.map(drop), Err(StreamError::NotDeclared));
                stream
            }
        };
        let exchange = async { tokio::join!(meet(0, 1), meet(1, 2), meet(2, 0)) };
        let (_first, second, _third) =
            runtime.block_on(async { tokio::time::timeout(DEADLINE, exchange).await.expect("in time") });
        let [first, middle, last] = hosts;
        last.services.stop();
        // Its network goes on, as the replica does; its streams are closed, and nobody opens another.
        runtime.block_on(async {
            let ended = tokio::time::timeout(DEADLINE, second.next()).await.expect("in time");
            assert!(ended.is_err());
            assert!(middle.network.is_connected(last.key));
            let again = middle.streams.open("echo", last.key).await;
            assert_eq!(again.map(drop), Err(StreamError::NotSpoken));
        });
        first.services.stop();
        middle.services.stop();
        assert!([first.faults, middle.faults, last.faults].iter().all(|faults| faults.first().is_none()));
    }
}
