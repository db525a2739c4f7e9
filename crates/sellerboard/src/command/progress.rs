use std::fmt::Display;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

const TICK: Duration = Duration::from_millis(250);
const BAR: &str = "{prefix} {wide_bar} {percent:>3}%  {msg}  {elapsed}";
const COUNT: &str = "{prefix} {spinner} {msg}  {elapsed}";

/// How far something is, drawn on stderr, and only if that is a terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::no_length();
        bar.set_style(style(COUNT));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows what is being done, and how many bytes of how many; of an unknown number, 0.
    pub(super) fn show(&self, doing: &'static str, (done, total): (u64, u64), rows: u64) {
        let is_new = self.0.prefix() != doing;
        if is_new {
            self.0.set_prefix(doing);
            self.0.set_style(style(if total > 0 { BAR } else { COUNT }));
        }
        if total > 0 {
            self.0.set_length(total);
            self.0.set_position(done);
        }
        self.0.set_message(format!("{rows} rows"));
    }

    /// Prints a line above it.
    pub(super) fn message(&self, text: impl Display) {
        self.0.suspend(|| output::message(text));
    }

    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
