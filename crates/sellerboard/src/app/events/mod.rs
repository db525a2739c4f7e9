//! Events: how others tell us that something changed, and how we tell the pages.
//!
//! In: `POST /events` reads a body of bounded size ([`body`]), finds out who sent it ([`sender`], by a token or by a
//! [`signature`] that was not seen before, [`replay`]), reads the events in it ([`message`]) and publishes them in the
//! cache. Out: `GET /events/stream` tells a tenant's pages what was invalidated, on whichever node it was.

mod body;
mod intake;
mod message;
mod replay;
mod seats;
mod sender;
mod signature;
mod stream;
mod told;

pub(super) use intake::{Intake, receive, record};
pub(super) use seats::Seats;
pub(super) use stream::stream;

pub(super) mod paths {
    //! Where the generated descriptions of these handlers are.
    pub(in super::super) use super::intake::__path_receive;
    pub(in super::super) use super::stream::__path_stream;
}

/// Reads the events of a request.
#[cfg(fuzzing)]
pub(super) fn messages(
    headers: &http::HeaderMap,
    body: &[u8],
) -> Result<Vec<tenantcache::events::Event>, crate::http::Problem> {
    message::events(headers, body)
}
