//! What every HTTP answer of ours has in common: a request id, and problem documents for errors.

mod problem;
mod request_id;

pub use problem::{Code, Problem, ProblemDocument};
pub use request_id::{RequestId, identify};

#[cfg(test)]
mod tests;
