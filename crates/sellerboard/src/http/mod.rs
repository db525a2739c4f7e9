//! What every HTTP answer of ours has in common: a request id, problem documents for errors, and bounds on what a
//! request's head may be.

mod bounds;
mod problem;
mod request_id;
mod unshared;

pub use bounds::{HEAD_BYTES_MAX, HEADERS_COUNT_MAX, URI_BYTES_MAX, bound_head};
pub use problem::{Code, Problem, ProblemDocument};
pub use request_id::{RequestId, identify};
pub use unshared::unshared;

#[cfg(test)]
mod tests;
