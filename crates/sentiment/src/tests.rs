use crate::{Reading, Unknown, read, terms};

fn score(text: &str) -> f64 {
    read(text).unwrap().score
}

fn factor(text: &str, word: &str) -> f64 {
    terms(text)
        .iter()
        .find(|term| term.text == word)
        .unwrap()
        .factor
}

fn words(reading: &Reading) -> Vec<&str> {
    reading
        .sentences
        .iter()
        .flat_map(|sentence| &sentence.words)
        .map(|word| word.text.as_str())
        .collect()
}

#[test]
fn praise_is_above_zero_and_blame_below() {
    assert!(score("Great quality, I love it!") > 0.5);
    assert!(score("Arrived broken. Terrible.") < -0.5);
    assert!(score("It is not bad at all.") > 0.0);
    assert!(score("Not worth the money.") < 0.0);
    assert!(score("👍👍") > 0.0);
    assert!(score("never again 😡") < 0.0);
}

#[test]
fn pairs_of_words_say_what_the_two_alone_do_not() {
    for text in [
        "Do not buy",
        "One star",
        "It fell apart",
        "I want my money back",
        "Don't waste your time",
        "Stopped working",
    ] {
        assert!(score(text) < -0.3, "{text}: {}", score(text));
    }
    for text in [
        "Five stars!",
        "Worth every penny",
        "I can't fault it",
        "No complaints",
        "no problems so far",
        "Would buy again",
    ] {
        assert!(score(text) > 0.3, "{text}: {}", score(text));
    }
}

#[test]
fn negation_reaches_three_words_and_not_over_a_comma() {
    assert!(factor("it is not good", "good") < 0.0);
    assert!(factor("it isn’t very good", "good") < 0.0);
    assert!(factor("no, it is good", "good") > 0.0);
    assert!(factor("not that I would say good", "good") > 0.0);
    assert!(factor("it is not only good", "good") > 0.0);
    assert!(factor("I was never so happy", "happy") > 1.0);
    assert!(factor("no problem", "no").abs() < 1e-9 && factor("oh no", "no") > 0.0);
}

#[test]
fn neighbours_make_a_word_stronger_or_weaker() {
    assert!(factor("very good", "good") > 1.0);
    assert!(factor("somewhat good", "good") < 1.0);
    assert!(factor("it is good!", "good") > 1.0);
    assert!(factor("it is GOOD", "good") > 1.0);
    assert!((factor("IT IS GOOD", "good") - 1.0).abs() < 1e-9);
    assert!(factor("could be good", "good") < 1.0);
}

#[test]
fn what_follows_a_but_counts_more() {
    assert!(score("Lovely colour but poor quality.") < score("Poor quality but lovely colour."));
}

#[test]
fn sentences_and_words_that_decided_are_told_in_order() {
    let text = "Terrible box. It weighs 3.5 kg. But I love the lamp!";
    let reading = read(text).unwrap();
    let sentences: Vec<_> = reading
        .sentences
        .iter()
        .map(|sentence| &text[sentence.at.clone()])
        .collect();
    assert_eq!(
        sentences,
        ["Terrible box", "It weighs 3.5 kg", "But I love the lamp"]
    );
    assert!(reading.sentences[0].score < 0.0 && reading.sentences[2].score > 0.0);
    let words = words(&reading);
    assert!(
        words[0].contains("terrible") && words.last().unwrap().contains("love"),
        "{words:?}"
    );
}

#[test]
fn confidence_grows_with_evidence() {
    let faint = read("It is okay.").unwrap().confidence;
    let strong = read("Absolutely wonderful, I love it, perfect and beautiful!")
        .unwrap()
        .confidence;
    assert!(
        (0.5..=1.0).contains(&faint) && faint < strong && strong > 0.95,
        "{faint} {strong}"
    );
}

#[test]
fn nothing_to_read_is_unknown() {
    for text in ["", "  \n", "...", "!?"] {
        assert_eq!(read(text), Err(Unknown::Empty), "{text:?}");
    }
}

#[test]
fn an_english_text_without_feeling_is_neutral() {
    let reading = read("It was in the box when it was at the door.").unwrap();
    assert!(reading.score.abs() < 0.2, "{reading:?}");
}

#[test]
fn english_is_english_however_short() {
    for text in [
        "Great!",
        "Love it",
        "Bad quality",
        "Not good",
        "Works fine",
        "Perfect fit",
        "Broke after a day",
        "As described",
        "Super cute dress",
        "The die-cut card is nice",
        "Five stars",
        "Would buy again",
        "Résumé paper, very nice",
        "meh",
        "Cheap plastic junk :(",
    ] {
        assert!(read(text).is_ok(), "{text}");
    }
}

#[test]
fn other_languages_are_unknown() {
    for text in [
        "Schlechte Qualität, kaputt",
        "Sehr gut",
        "Die Qualität ist super",
        "Leider nach zwei Tagen kaputt",
        "Alles bestens, gerne wieder",
        "Ich war sehr zufrieden mit dem Kauf",
        "Très bon produit",
        "C'est parfait, merci",
        "Mauvaise qualité, je suis déçu",
        "Je ne recommande pas ce produit",
        "Muy bueno",
        "Excelente producto, lo recomiendo",
        "No me gusta, muy mala calidad",
        "Llegó roto",
        "Ottimo prodotto",
        "Non funziona, pessimo",
        "Molto bello e comodo",
        "Produto muito bom",
        "Não gostei, veio quebrado",
        "Heel goed product",
        "Niet goed, snel kapot",
        "Bardzo dobry produkt",
        "Polecam",
        "Mycket bra",
        "Fungerar inte",
        "Çok güzel",
        "Очень хорошо",
        "Ужасное качество",
        "とても良い",
        "质量很差",
        "很好",
        "جيد جدا",
        "מוצר מצוין",
        "बहुत अच्छा",
        "ดีมาก",
        "Πολύ καλό",
    ] {
        assert_eq!(read(text), Err(Unknown::Language), "{text}");
    }
}

#[test]
fn odd_texts_are_read_without_panic() {
    for text in [
        "’’'",
        "a’",
        "’s good",
        "i️⃣ love ❤️❤️",
        "\u{0}good\u{0}",
        "😀😀😀",
        ":) :( :-D",
        "good.good",
        "n't good",
        "é",
        "<3 it",
    ] {
        if let Ok(reading) = read(text) {
            assert!(
                reading.score.is_finite() && reading.score.abs() <= 1.0,
                "{text}"
            );
        }
    }
    assert!(read(&"very good ".repeat(100_000)).unwrap().score <= 1.0);
}
