//! The load generator against servers that do it right and wrong.

mod load;
mod server;
