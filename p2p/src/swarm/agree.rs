//! Agreeing on what a stream is for, by its protocol's name. It must not know what for.

use std::convert::Infallible;
use std::future::{Ready, ready};

use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::{Stream, StreamProtocol};

/// Agrees on one of some purposes.
pub(super) struct Agree<P> {
    pub(super) protocols: Vec<(P, StreamProtocol)>,
}

/// A protocol name that remembers its purpose.
#[derive(Clone)]
pub(super) struct Named<P>(P, StreamProtocol);

impl<P> AsRef<str> for Named<P> {
    fn as_ref(&self) -> &str {
        self.1.as_ref()
    }
}

impl<P: Copy> UpgradeInfo for Agree<P> {
    type Info = Named<P>;
    type InfoIter = std::vec::IntoIter<Named<P>>;

    fn protocol_info(&self) -> Self::InfoIter {
        let names: Vec<_> = self.protocols.iter().map(|(purpose, name)| Named(*purpose, name.clone())).collect();
        names.into_iter()
    }
}

impl<P: Copy> InboundUpgrade<Stream> for Agree<P> {
    type Output = (P, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, name: Named<P>) -> Self::Future {
        ready(Ok((name.0, stream)))
    }
}

impl<P: Copy> OutboundUpgrade<Stream> for Agree<P> {
    type Output = (P, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, name: Named<P>) -> Self::Future {
        ready(Ok((name.0, stream)))
    }
}
