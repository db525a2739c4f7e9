//! The load generator.
//!
//! It has to cost clearly less for each request than the server that it measures, or it is the limit itself. So requests are bytes that
//! were made before, an answer is read into a buffer that is used again, and nothing is parsed but the head (`httparse`). Every answer is
//! checked: its status, its `Content-Length`, and that the body is of the tenant that asked.

mod at_once;
mod closed;
mod connection;
mod figures;
mod idle;
mod open;
mod request;
mod script;

pub use at_once::at_once;
pub use closed::closed;
pub use connection::{Answer, Connection, LoadError};
pub use figures::Figures;
pub use open::open;
pub use request::Request;
pub use script::Script;
