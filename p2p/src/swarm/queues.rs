//! The queues between the network's user and the task that owns the swarm: one per class, so that none waits for another.

use tokio::sync::mpsc;

use super::event::Inbound;
use super::handle::{COMMANDS_WAITING_MAX, Command, Commands, STREAM_COMMANDS_WAITING_MAX};
use super::links::{CONTROL_WAITING_MAX, Outward};

/// The receiving ends of the command queues.
pub(super) struct Queues {
    pub(super) control: mpsc::Receiver<Command>,
    pub(super) inner: mpsc::Receiver<Command>,
    pub(super) consensus: mpsc::Receiver<Command>,
    pub(super) sync: mpsc::Receiver<Command>,
    pub(super) transactions: mpsc::Receiver<Command>,
    pub(super) streams: mpsc::Receiver<Command>,
}

pub(super) fn queues_outward() -> (Outward, Inbound) {
    let (control, control_end) = mpsc::channel(CONTROL_WAITING_MAX);
    let (consensus, consensus_end) = mpsc::unbounded_channel();
    let (sync, sync_end) = mpsc::unbounded_channel();
    let (transactions, transactions_end) = mpsc::unbounded_channel();
    let inbound =
        Inbound { control: control_end, consensus: consensus_end, sync: sync_end, transactions: transactions_end };
    (Outward { control, consensus, sync, transactions }, inbound)
}

pub(super) fn queues_inward() -> (Commands, mpsc::Sender<Command>, Queues) {
    let (control, control_end) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (inner, inner_end) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (consensus, consensus_end) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (sync, sync_end) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (transactions, transactions_end) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (streams, streams_end) = mpsc::channel(STREAM_COMMANDS_WAITING_MAX);
    let queues = Queues {
        control: control_end,
        inner: inner_end,
        consensus: consensus_end,
        sync: sync_end,
        transactions: transactions_end,
        streams: streams_end,
    };
    (Commands { control, consensus, sync, transactions, streams }, inner, queues)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use types::PeerKey;

    use super::*;
    use crate::channels::Channel;
    use crate::standing::Severity;
    use crate::swarm::event::{NetworkEvent, RefusalReason};
    use crate::swarm::handle::{Network, SendError};
    use crate::swarm::links::Meter;
    use crate::swarm::streams::Streams;

    fn peer(number: usize) -> PeerKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&(number as u64).to_le_bytes());
        PeerKey(key)
    }

    fn network(commands: Commands) -> Network {
        let tag = crate::chain_tag::ChainTag::new(types::ChainId(types::Hash32([7; 32])));
        let (runtime, queue) = (tokio::runtime::Handle::current(), commands.streams.clone());
        let streams = Streams::new(Default::default(), &tag, runtime, Arc::new(Meter::new()), queue).expect("no rows");
        Network {
            key: peer(0),
            commands,
            links: Arc::default(),
            counts: Arc::default(),
            streams: Arc::new(streams),
            directory: Arc::default(),
            next_request: Arc::default(),
            ended: tokio::sync::watch::channel(false).1,
            book_changes: tokio::sync::watch::channel(()).1,
        }
    }

    // FAULTS HB7
    #[test]
    fn of_what_nobody_takes_so_much_waits_and_the_rest_is_lost() {
        let (outward, mut inbound) = queues_outward();
        let tell = |number| outward.tell(NetworkEvent::Refused { peer: peer(number), why: RefusalReason::GaveWay });
        (0..2 * CONTROL_WAITING_MAX).for_each(tell);
        assert_eq!(inbound.control.len(), CONTROL_WAITING_MAX);
        for number in 0..CONTROL_WAITING_MAX {
            match inbound.control.try_recv() {
                Ok(NetworkEvent::Refused { peer: told, .. }) => assert_eq!(told, peer(number), "the oldest stay"),
                other => panic!("{other:?}"),
            }
        }
        tell(7);
        assert_eq!(inbound.control.len(), 1, "there is room again");
    }

    // FAULTS HB7
    #[tokio::test]
    async fn commands_that_the_task_does_not_take_are_refused_and_a_full_class_costs_no_other() {
        let (commands, _inner, queues) = queues_inward();
        let network = network(commands);
        let longest = |channel: Channel| channel.row().bytes_max;
        let publish = |channel: Channel| network.publish(channel, vec![0_u8; longest(channel)].into());
        let ask = || network.request(peer(1), vec![0; longest(Channel::Sync)]).map(drop);
        let punish = || network.punish(peer(1), "a test", Severity::Slight);
        let senders: [&dyn Fn() -> Result<(), SendError>; 4] =
            [&ask, &punish, &|| publish(Channel::Consensus), &|| publish(Channel::Module(types::ModuleId(1)))];
        for send in senders {
            let taken = std::iter::repeat_with(send).take_while(Result::is_ok).count();
            assert_eq!(taken, COMMANDS_WAITING_MAX);
            assert_eq!(send(), Err(SendError::Busy));
        }
        // What does not fit is refused before it waits.
        assert!(matches!(network.request(peer(1), vec![0; longest(Channel::Sync) + 1]), Err(SendError::Outbox(_))));
        let waiting = [&queues.sync, &queues.control, &queues.consensus, &queues.transactions].map(|queue| queue.len());
        assert_eq!(waiting, [COMMANDS_WAITING_MAX; 4]);
        drop(queues);
        assert_eq!(ask(), Err(SendError::Closed));
    }
}
