//! The documentation, taken at its word: every command of every page is run, and what a page shows of its output is
//! compared.
//!
//! Each page has a demo of its own, on free ports, with a Redis of its own; the numbers that stand in the page (8000,
//! 8001, 6379, …) are replaced by those. Its blocks run one after the other in one shell. What a block is stands in the
//! words after its language:
//!
//! | words | |
//! | --- | --- |
//! | `sh` | runs; a command that fails, or an answer of 400 and above, fails the page |
//! | `sh exit=22` | a command of it must end so (22 is `curl`'s code for an answer of 400 and above) |
//! | `sh eventually` | runs again until its output is the one that follows, for 30 s at most |
//! | `sh background=NAME` | runs beside those that follow, which begin when it has printed something |
//! | `sh demo` | how the page's demo is started |
//! | `sh no-run=REASON` | only its syntax is checked |
//! | `text output`, `json output` | what the block before printed; `…` stands for anything; white space counts little, in JSON not at all |
//! | `text output=NAME` | what a block in the background printed by the end of the page |
//! | `… file=NAME` | is written to that file |
//!
//! A `toml` block is read as the program's configuration, a `json` block must parse, and `rust` blocks are doc tests of
//! the crate `tenantcache`.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod demo;
mod expected;
mod links;
mod own;
mod page;
mod ports;
mod samples;
mod session;
mod shell;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::page::Page;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pages = page::all(&root);
    let mut trials = vec![
        Trial::test("links_lead_somewhere", {
            let pages = pages.clone();
            move || links::check(&root, &pages)
        }),
        Trial::test("every_page_is_in_the_contents", {
            let pages = pages.clone();
            move || links::check_contents(&pages)
        }),
        Trial::test("what_does_not_run_says_why", {
            let pages = pages.clone();
            move || samples::check_unrun(&pages)
        }),
        Trial::test("rust_blocks_are_doc_tests", {
            let pages = pages.clone();
            move || samples::check_rust(&pages)
        }),
    ];
    trials.extend(own::trials());
    for page in pages.into_iter().filter(Page::does_something) {
        let name = format!("every_command_runs::{}", page.path);
        trials.push(Trial::test(name, move || session::run(&page)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
