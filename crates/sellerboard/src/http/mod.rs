//! What every HTTP answer of ours has in common: a request id, problem documents for errors, and bounds on what a
//! request's head may be.

mod agent;
mod bounds;
mod hex;
mod problem;
mod request_id;
mod unshared;

pub(crate) use agent::{COMMAND_LINE_AGENT, is_command_line};
pub use bounds::{HEAD_BYTES_MAX, HEADERS_COUNT_MAX, URI_BYTES_MAX, bound_head, head_problem};
pub(crate) use hex::{HEX_U64_BYTES, hex};
pub use problem::{Code, Problem, ProblemDocument};
pub(crate) use request_id::complete;
pub use request_id::{RequestId, identify};
pub use unshared::unshared;

#[cfg(test)]
mod tests;
