//! Headless Chromium, for tests.
//!
//! [`Browser`] is a process, [`Page`] a tab in a context of its own: no two share storage, cookies or cache. They speak
//! the [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/) over the process's debugging pipe
//! (`--remote-debugging-pipe`: JSON, each message ended by a zero byte). So no port is opened, nothing is needed beside
//! the program itself, and the browser ends when the test does, however that ends.
//!
//! What a test cannot go on without panics, as in `testkit`.

#![forbid(unsafe_code)]

mod chromium;
mod input;
mod page;
mod pipe;
mod record;

pub use chromium::Browser;
pub use page::{Page, Screen};
pub use record::Request;
