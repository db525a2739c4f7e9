//! Whether a text is in English.
//!
//! Detectors by trigrams need a sentence or two; reviews are often three words. So words are counted: those that every English
//! text has, and those of the lexicon, against those that are frequent in other languages and in no English text.

use crate::{
    lexicon::valence,
    tokens::{Kind, Sentence, Token},
};

/// With this many words or more, some share of them must be known.
const LONG_MIN: usize = 5;

/// That share is one of so many.
const KNOWN_ONE_OF: usize = 5;

/// Signs alone, an emoji say, are in every language.
pub(crate) fn is_english(sentences: &[Sentence]) -> bool {
    let (mut words, mut known, mut foreign) = (0, 0, 0);
    for token in sentences.iter().flat_map(|sentence| &sentence.tokens) {
        if token.kind == Kind::Word && token.text.chars().any(char::is_alphabetic) {
            words += 1;
            known += usize::from(is_known(token));
            foreign += usize::from(is_foreign(token));
        }
    }
    if words == 0 {
        return sentences
            .iter()
            .flat_map(|sentence| &sentence.tokens)
            .any(|token| token.kind == Kind::Sign);
    }
    known > foreign && (words < LONG_MIN || known * KNOWN_ONE_OF >= words)
}

/// Whether a word is in any text, whatever it says.
pub(crate) fn is_common(word: &str) -> bool {
    ENGLISH.contains(&word) || word.ends_with("n't")
}

fn is_known(token: &Token) -> bool {
    let word = token.text.as_str();
    is_common(word) || valence(word).is_some()
}

fn is_foreign(token: &Token) -> bool {
    let word = token.text.as_str();
    FOREIGN.contains(&word) || (!word.is_ascii() && !BORROWED.contains(&word))
}

const BORROWED: &[&str] = &[
    "appliqué",
    "café",
    "cliché",
    "décor",
    "décolletage",
    "fiancé",
    "fiancée",
    "naïve",
    "résumé",
    "touché",
];

/// Frequent in any English text, and rare in others.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "a", "about", "after", "all", "and", "any", "are", "as", "at", "be", "because", "been", "before", "bought", "but", "buy", "can",
    "could", "day", "did", "do", "does", "each", "even", "every", "first", "fit", "five", "for", "four", "from", "get", "go", "got", "had", "has",
    "have", "he", "her", "him", "his", "how", "i", "i'd", "i'll", "i'm", "i've", "if", "in", "into", "is", "it", "it's", "its", "just",
    "know", "like", "made", "make", "me", "more", "much", "my", "never", "no", "not", "now", "of", "off", "on", "one", "only", "or",
    "other", "our", "out", "over", "price", "product", "quality", "really", "she", "should", "size", "so", "some", "star", "stars", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "three", "time", "to", "too", "two", "up", "us", "use", "very", "want", "was",
    "we", "well", "were", "what", "when", "where", "which", "while", "who", "will", "with", "would", "year", "yes", "you", "your",
];

/// Frequent in Danish, Dutch, French, German, Italian, Polish, Portuguese, Spanish, Swedish or Turkish, and in no English text.
#[rustfmt::skip]
const FOREIGN: &[&str] = &[
    "aan", "aber", "ale", "alles", "als", "altro", "anche", "auch", "auf", "av", "avec", "bardzo", "beaucoup", "bei", "ben", "bene",
    "bir", "bon", "bonne", "buena", "bueno", "c'est", "ce", "cette", "che", "como", "con", "da", "das", "dass", "de", "deg", "dei",
    "del", "della", "dem", "den", "der", "des", "det", "di", "dla", "dobra", "dobry", "du", "echt", "een", "ein", "eine", "einen",
    "el", "ella", "er", "essa", "est", "esta", "este", "et", "foi", "för", "gar", "geen", "goed", "gut", "gute", "guter", "gutes",
    "habe", "haben", "heel", "het", "hij", "ho", "ich", "ik", "il", "im", "ist", "j'ai", "jag", "je", "jest", "kaputt", "kein",
    "keine", "la", "las", "le", "leider", "les", "lo", "los", "ma", "mais", "mal", "mala", "malo", "mas", "met", "mi", "mich",
    "mir", "mit", "molto", "muito", "muy", "mycket", "n'est", "na", "nach", "ne", "nem", "nicht", "nie", "niet", "noch", "non",
    "nous", "nur", "och", "oder", "ook", "os", "ou", "para", "parfait", "pas", "perfetto", "pero", "po", "por", "porque", "pour",
    "prodotto", "producto", "produit", "produkt", "produto", "que", "qui", "quiero", "roto", "schlecht", "schlechte", "schnell",
    "se", "sehr", "sem", "ser", "sich", "sie", "sind", "sobre", "som", "sono", "su", "sur", "tak", "te", "til", "todo", "tout",
    "trop", "tutto", "um", "uma", "un", "una", "und", "une", "uno", "van", "vom", "von", "voor", "wel", "wie", "wir", "wird", "yo",
    "za", "zu", "zum", "zur",
];
