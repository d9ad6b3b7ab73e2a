//! A service that speaks to other nodes and clients by streams, as a feature writes one and tests it without a network.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use service::{
    AnyStream, Bound, Ground, Life, NoVerbs, Refusal, Service, ServiceFault, StreamError, StreamRow, Streams, settings,
};
use tokens::Tokens;
use tokio::task::JoinSet;
use tryout::{MemoryNetwork, Running, TryoutChain, ground};
use types::PeerKey;

/// What the protocol may take of a node.
const ECHO: StreamRow = StreamRow {
    name: "echo",
    streams_per_peer_max: 4,
    streams_max: 32,
    frame_bytes_max: 64 << 10,
    stream_bytes_max: 1 << 20,
    bytes_max: 32 << 20,
    bytes_per_second: 4 << 20,
};

settings! {
    /// How the echo answers.
    pub struct EchoSettings in "echo" {
        /// How many seconds a stream may be silent before it is closed.
        silence_s_max: u64 = 60, if |most| (1..=3_600).contains(most) => "a number from 1 to 3600";
    }
}

/// Answers every frame with itself.
struct Echo {
    streams: Arc<dyn Streams>,
    silence_max: Duration,
}

impl Service for Echo {
    const NAME: &'static str = "echo";
    type Settings = EchoSettings;
    type Verbs = NoVerbs;
    const ABOUT: &'static str = "Answers every frame with itself";
    const STREAMS: &'static [StreamRow] = &[ECHO];

    fn open(settings: &EchoSettings, ground: Ground, _: Vec<Bound>) -> Result<Option<Self>, Refusal> {
        let silence_max = Duration::from_secs(settings.silence_s_max);
        Ok(Some(Self { streams: ground.streams, silence_max }))
    }

    async fn run(self, mut life: Life) -> Result<(), ServiceFault> {
        life.ready();
        let mut answering = JoinSet::new();
        loop {
            tokio::select! {
                () = life.draining() => break,
                stream = self.streams.accept(ECHO.name) => match stream {
                    Ok(stream) => drop(answering.spawn(echo(stream, self.silence_max))),
                    // The node stops, and the service is asked to, too.
                    Err(_) => {
                        life.draining().await;
                        break;
                    }
                },
                Some(_) = answering.join_next() => {}
            }
        }
        // A stream that is dropped is closed.
        answering.shutdown().await;
        Ok(())
    }
}

/// Ends with the stream, when nothing comes, and when nobody takes the answer.
async fn echo(stream: AnyStream, silence_max: Duration) {
    while let Ok(Ok(frame)) = tokio::time::timeout(silence_max, stream.next()).await {
        if !matches!(tokio::time::timeout(silence_max, stream.send(frame)).await, Ok(Ok(()))) {
            break;
        }
    }
}

#[tokio::test]
async fn a_service_answers_whoever_opens_a_stream_and_closes_what_is_open_when_it_ends() {
    let (node, client) = (PeerKey([1; 32]), PeerKey([2; 32]));
    let network = MemoryNetwork::new();
    let chain = Arc::new(TryoutChain::new(vec![Box::new(Tokens)]));
    let streams = Arc::new(network.join(node, &[ECHO]));
    let ground = Ground { streams, ..ground(&chain, Path::new("unused")) };
    let echo = Echo::open(&EchoSettings::default(), ground, Vec::new()).expect("it opens").expect("it is on");
    let mut running = Running::start(echo);
    running.ready().await;
    let client = network.join(client, &[ECHO]);
    client.reach(node, Vec::new()).await.expect("it is there");
    let (first, second) =
        (client.open("echo", node).await.expect("open"), client.open("echo", node).await.expect("open"));
    for number in 0..100 {
        first.send(vec![number; 1_000]).await.expect("sent");
        second.send(vec![number; 2_000]).await.expect("sent");
        assert_eq!(first.next().await, Ok(vec![number; 1_000]));
        assert_eq!(second.next().await, Ok(vec![number; 2_000]));
    }
    first.close().await;
    running.stop().await.expect("it ends though a stream is open");
    assert_eq!(second.next().await, Err(StreamError::Closed));
    assert_eq!(second.send(vec![1]).await, Err(StreamError::Closed));
}
