//! Text that a spreadsheet must not take for a formula.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, one of their full-width forms, a tab or a line break may be
//! run when a CSV is opened ([OWASP, "CSV Injection"][owasp]). Exports put an apostrophe before such text,
//! which spreadsheets take for "this is text"; imports take it away. So that the way back is exact, text that
//! has apostrophes before such a character gets one more.
//!
//! [owasp]: https://owasp.org/www-community/attacks/CSV_Injection

use std::borrow::Cow;

const MARK: char = '\'';

/// What a formula may begin with.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The text as a file has it.
pub(crate) fn marked(text: &str) -> Cow<'_, str> {
    if may_be_formula(text) {
        Cow::Owned(format!("{MARK}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that a file has.
pub(crate) fn unmarked(text: &str) -> &str {
    match text.strip_prefix(MARK) {
        Some(rest) if may_be_formula(rest) => rest,
        _ => text,
    }
}

fn may_be_formula(text: &str) -> bool {
    text.trim_start_matches(MARK).starts_with(BEGINNINGS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{marked, unmarked};

    #[test]
    fn formulas_are_marked_and_nothing_else() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "'=1", "''-"] {
            assert_eq!(marked(text), format!("'{text}"));
        }
        for text in ["", "1-1", "'quoted'", "a=b", " =1"] {
            assert_eq!(marked(text), text);
        }
    }

    proptest! {
        #[test]
        fn the_way_back_is_exact(text in "['=+@\\-\ta ]{0,6}") {
            let marked = marked(&text);
            prop_assert_eq!(unmarked(&marked), &text);
            prop_assert!(!marked.starts_with(super::BEGINNINGS));
        }
    }
}
