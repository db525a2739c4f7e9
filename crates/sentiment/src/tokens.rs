//! Sentences, and the words and signs in them.

use std::ops::Range;

use crate::lexicon;

/// One sentence: where it stands in the text, and what it is made of.
#[derive(Debug)]
pub(crate) struct Sentence {
    pub(crate) at: Range<usize>,
    pub(crate) tokens: Vec<Token>,
    /// How many exclamation marks it has.
    pub(crate) exclamations: u8,
}

#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// In lower case, with a plain apostrophe.
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
    /// Written in capitals.
    pub(crate) is_shouted: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A comma, colon or bracket.
    Break,
    /// An emoticon or emoji.
    Sign,
    Word,
}

/// The sentences of a text that have a word or a sign.
pub(crate) fn sentences(text: &str) -> Vec<Sentence> {
    let mut reader = Reader {
        text,
        done: Vec::new(),
        tokens: Vec::new(),
        exclamations: 0,
    };
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        at = reader.step(at, next);
    }
    reader.end_sentence();
    reader.done
}

struct Reader<'a> {
    text: &'a str,
    done: Vec<Sentence>,
    tokens: Vec<Token>,
    exclamations: u8,
}

impl Reader<'_> {
    /// Takes what begins at `at`, and gives where it ends.
    fn step(&mut self, at: usize, next: char) -> usize {
        let after = at + next.len_utf8();
        if next.is_alphanumeric() {
            return self.word(at);
        }
        if let Some(end) = self.sign(at, next) {
            self.push(Kind::Sign, at..end);
            return end;
        }
        match next {
            '!' => {
                self.exclamations = self.exclamations.saturating_add(1);
                self.end_unless_more_follows(after);
            }
            '.' | '?' | '…' | '。' => self.end_unless_more_follows(after),
            '\n' => self.end_sentence(),
            ',' | ';' | ':' | '(' | ')' | '/' => self.push(Kind::Break, at..after),
            _ => {}
        }
        after
    }

    fn word(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let is_inner = |index: usize, mark: char| {
            matches!(mark, '\'' | '’') && {
                let after = index + mark.len_utf8();
                rest[after..]
                    .chars()
                    .next()
                    .is_some_and(char::is_alphanumeric)
            }
        };
        let length = rest
            .char_indices()
            .find(|&(index, char)| !char.is_alphanumeric() && !is_inner(index, char))
            .map_or(rest.len(), |(index, _)| index);
        self.push(Kind::Word, at..at + length);
        at + length
    }

    /// Where an emoji, or an emoticon that stands by itself, ends.
    fn sign(&self, at: usize, next: char) -> Option<usize> {
        if !next.is_ascii() {
            let end = at + next.len_utf8();
            return lexicon::valence(&self.text[at..end]).map(|_| end);
        }
        let stands_alone = self.text[..at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace);
        if !stands_alone || !matches!(next, ':' | ';' | '=' | '<' | '>') {
            return None;
        }
        let chunk = self.text[at..].split_whitespace().next()?;
        let chunk = chunk.trim_end_matches(['.', ',', '!', '?']);
        lexicon::valence(&chunk.to_lowercase()).map(|_| at + chunk.len())
    }

    fn push(&mut self, kind: Kind, at: Range<usize>) {
        let written = &self.text[at.clone()];
        let is_shouted = kind == Kind::Word
            && written
                .chars()
                .filter(|char| char.is_alphabetic())
                .nth(1)
                .is_some()
            && !written.chars().any(char::is_lowercase);
        self.tokens.push(Token {
            kind,
            text: written.to_lowercase().replace('’', "'"),
            at,
            is_shouted,
        });
    }

    /// A full stop within `3.5`, or before more marks, ends nothing yet.
    fn end_unless_more_follows(&mut self, after: usize) {
        let next = self.text[after..].chars().next();
        if next.is_none_or(|next| next.is_whitespace() || next == '"') {
            self.end_sentence();
        }
    }

    fn end_sentence(&mut self) {
        let tokens = std::mem::take(&mut self.tokens);
        let exclamations = std::mem::take(&mut self.exclamations);
        let is_said = |token: &&Token| token.kind != Kind::Break;
        let first = tokens.iter().find(is_said);
        let last = tokens.iter().rfind(is_said);
        if let (Some(first), Some(last)) = (first, last) {
            self.done.push(Sentence {
                at: first.at.start..last.at.end,
                tokens,
                exclamations,
            });
        }
    }
}
