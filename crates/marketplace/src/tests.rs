//! Over real HTTP, against a real store with a small shop.

mod control;
mod harness;
mod reads;
mod receiver;
mod stop;
mod webhooks;
mod writes;
