//! Generations: the rule that keeps an invalidated value dead.
//!
//! Each tenant has one [`Table`]. An invalidation increments the table's generation and records it under a [`Scope`]. A
//! load notes a [`Stamp`] before it asks the origin, and the entry keeps that stamp for life. The entry is valid if and
//! only if its stamp has the table's incarnation and no record of a scope that covers it is newer than the stamp. A load
//! that began before an invalidation can therefore finish whenever it likes: what it stores is never served.
//!
//! The idea of fencing by generation is that of lease and epoch numbers; see "Leases: An Efficient Fault-Tolerant
//! Mechanism for Distributed File Cache Consistency" (Gray and Cheriton, 1989) and "Scaling Memcache at Facebook"
//! (Nishtala et al., 2013, §3.2.1).

mod records;
mod scope;
mod table;
#[cfg(test)]
mod tests;

pub use records::Records;
pub use scope::Scope;
pub use table::{Generation, Incarnation, Stamp, Table, TableError};
