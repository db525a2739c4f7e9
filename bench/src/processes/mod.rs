//! Servers as processes of their own: where they run, what they cost, that they end with us.

mod cores;
mod cost;
mod server;

pub use cores::Cores;
pub use cost::{cpu_time, machine_cpu_time, resident_bytes};
pub use server::Server;
