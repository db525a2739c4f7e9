//! The pages as people see them, in a browser: a real service, a real marketplace, a real Redis.
//!
//! All tests share one browser, in which each has contexts of its own; what it looks at is a demo of its own. Those that
//! make or measure something rather than judge it run by `cargo xtask screenshots` and `cargo xtask deep pages` only.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod accessibility;
mod changes;
mod console;
mod demo;
mod failures;
mod keyboard;
mod screenshots;
mod sessions;
mod shops;
mod stage;
mod weight;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use crate::stage::Theatre;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let runtime = Runtime::new().unwrap();
    let theatre = Arc::new(Theatre::default());
    let handle = runtime.handle();
    // Each with a stage of its own.
    macro_rules! trials {
        ($($module:ident: $($test:ident)*;)*) => {
            vec![$($({
                let (handle, theatre) = (handle.clone(), theatre.clone());
                Trial::test(concat!(stringify!($module), "::", stringify!($test)), move || {
                    handle.block_on(async { $module::$test(&mut theatre.stage().await).await });
                    Ok(())
                })
            },)*)*]
        };
    }
    let mut trials = trials! {
        accessibility: sign_in_and_docs_have_no_serious_violation the_dashboard_has_no_serious_violation
            the_console_has_no_serious_violation;
        changes: a_change_at_the_marketplace_shows_without_a_reload what_another_shop_changes_shows_nowhere_else;
        failures: a_panel_that_fails_leaves_the_others_alone offline_keeps_the_last_numbers
            a_service_that_ends_is_told;
        console: redis_that_goes_is_told_and_the_dashboard_goes_on each_scope_is_invalidated_after_a_question
            an_entry_can_be_looked_at a_seller_may_not;
        keyboard: a_seller_needs_no_mouse an_operator_needs_no_mouse;
        sessions: the_end_of_a_session_is_told a_refused_token_is_told nothing_is_left_of_a_session
            what_is_no_token_is_not_sent;
        shops: two_sellers_side_by_side_see_their_own who_comes_again_is_answered_from_the_cache an_empty_shop_is_told the_range_and_the_page_can_be_chosen;
        weight: the_dashboard_is_light the_console_is_light;
    };
    let made_by_command = trials! {
        screenshots: of_the_dashboard of_the_console;
        weight: first_paint;
    };
    trials.extend(
        made_by_command
            .into_iter()
            .map(|trial| trial.with_ignored_flag(true)),
    );
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The browser ends before what runs it.
    let _entered = runtime.enter();
    drop(theatre);
    conclusion.exit_code()
}
