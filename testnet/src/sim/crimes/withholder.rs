//! Proposes and keeps the body to itself, or gives it to just enough members to be notarized (FAULTS C14).

use replica::wire::{Message, Request, Response};

use super::{Crime, Hand};

/// Sends sketches to so many members at most, and answers no question for a block or for parts of one.
pub(crate) struct Withholder {
    pub(crate) told_max: usize,
}

impl Crime for Withholder {
    fn send(&mut self, hand: &mut Hand<'_>, to: usize, message: Message) -> Vec<Message> {
        match message {
            Message::Sketch(_) if to >= self.told_max => {
                hand.faults.add("withheld body");
                Vec::new()
            }
            message => vec![message],
        }
    }

    fn answer(&mut self, hand: &mut Hand<'_>, request: &Request, honest: Response) -> Option<Response> {
        if matches!(request, Request::Block { .. } | Request::Transactions { .. }) {
            hand.faults.add("withheld body");
            return None;
        }
        Some(honest)
    }
}
