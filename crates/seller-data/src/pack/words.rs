//! The words of a text, as far as amounts are made of them.

/// A part of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Word<'a> {
    Number(Number<'a>),
    /// Lower case.
    Letters(&'a str),
    /// Between a count and a size: `x` or `×`.
    Times,
    Hyphen,
    Slash,
    /// Whatever else: it parts what stands on its sides.
    Other,
}

/// Digits, with a comma or point among them at most once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Number<'a> {
    whole: &'a str,
    fraction: &'a str,
}

impl Number<'_> {
    /// The number as a count.
    pub(super) fn whole(self) -> Option<i64> {
        self.fraction.is_empty().then(|| self.whole.parse().ok())?
    }

    /// The number times `size`, if that is whole. `is_grouped`: three digits behind a comma or point are no decimals,
    /// but end a number of thousands, unless a zero is before them.
    pub(super) fn times(self, size: i64, is_grouped: bool) -> Option<i64> {
        let is_grouped = is_grouped && self.fraction.len() == 3 && !self.whole.starts_with('0');
        let (fraction, decimals) = if is_grouped {
            (self.fraction, 0)
        } else {
            let fraction = self.fraction.trim_end_matches('0');
            (fraction, fraction.len())
        };
        let digits: i64 = format!("{}{fraction}", self.whole).parse().ok()?;
        let scale = 10_i64.checked_pow(u32::try_from(decimals).ok()?)?;
        let scaled = digits.checked_mul(size)?;
        (scaled % scale == 0).then_some(scaled / scale)
    }
}

/// Parts a text in lower case.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let (word, length) = if first.is_ascii_digit() {
            number(&text[..at], &text[at..])
        } else if first.is_alphabetic() {
            letters(&text[at..])
        } else {
            (mark(&text[..at], &text[at..], first), first.len_utf8())
        };
        words.extend(word);
        at += length;
    }
    words
}

/// The number that `rest` begins with. A part of a word (`w700`), of a fraction (`3/4`) or of a longer number
/// (`1.2.3`) is none.
fn number<'a>(before: &str, rest: &'a str) -> (Option<Word<'a>>, usize) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let tail = rest.trim_start_matches(|char: char| char.is_ascii_digit() || ".,".contains(char));
    // A comma or point at the end is of the sentence.
    let taken = rest[..rest.len() - tail.len()].trim_end_matches(['.', ',']);
    let whole = &taken[..digits(taken)];
    let fraction = taken[whole.len()..].trim_start_matches(['.', ',']);
    let is_plain =
        taken.len() - whole.len() <= fraction.len() + 1 && digits(fraction) == fraction.len();
    let word = if is_plain && !is_within(before) {
        Word::Number(Number { whole, fraction })
    } else {
        Word::Other
    };
    (Some(word), taken.len())
}

fn is_within(before: &str) -> bool {
    let mut before = before.chars().rev();
    match before.next() {
        Some('x') => !before
            .next()
            .is_none_or(|char| char.is_ascii_digit() || char.is_whitespace()),
        Some('/') => before.next().is_some_and(|char| char.is_ascii_digit()),
        Some(last) => last.is_alphabetic() || ".,".contains(last),
        None => false,
    }
}

/// The letters that `rest` begins with. What goes on with a digit (`b12`, `m²`) or a rate (`g/m`) is no word for an amount.
fn letters(rest: &str) -> (Option<Word<'_>>, usize) {
    let tail = rest.trim_start_matches(char::is_alphabetic);
    let letters = &rest[..rest.len() - tail.len()];
    let mut next = tail.chars();
    let is_before_number = tail
        .trim_start()
        .starts_with(|char: char| char.is_ascii_digit());
    let word = match next.next() {
        _ if letters == "x" && is_before_number => Word::Times,
        Some('/') if next.next().is_some_and(char::is_alphabetic) => Word::Other,
        Some(char) if char.is_numeric() => Word::Other,
        _ => Word::Letters(letters),
    };
    (Some(word), letters.len())
}

fn mark<'a>(before: &str, rest: &str, mark: char) -> Option<Word<'a>> {
    let is_apart = |char: Option<char>| char.is_none_or(char::is_whitespace);
    let next = rest.chars().nth(1);
    match mark {
        ' ' | '\t' | '\u{a0}' => None,
        '×' | '*' => Some(Word::Times),
        '/' => Some(Word::Slash),
        '-' if !is_apart(before.chars().next_back()) && !is_apart(next) => Some(Word::Hyphen),
        _ => Some(Word::Other),
    }
}
