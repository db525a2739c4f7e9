use std::collections::HashSet;

use super::{Class, Line, is_fee};

fn line(invoice: &str, code: &str, quantity: i64, price: i64) -> Line {
    Line {
        invoice: invoice.to_owned(),
        product_id: code.to_owned(),
        description: String::new(),
        quantity,
        price,
        instant: 0,
        day: 0,
        customer: None,
        country: String::new(),
    }
}

#[test]
fn lines_have_the_class_of_the_definitions() {
    for (invoice, code, quantity, price, class) in [
        ("1", "85123A", 1, 1, Class::Sale),
        ("C1", "85123A", -1, 1, Class::Refund),
        ("C1", "85123A", 1, 1, Class::Refund),
        ("1", "85123A", -1, 1, Class::Refund),
        ("1", "85123A", 1, 0, Class::Uncounted),
        ("C1", "85123A", -1, 0, Class::Uncounted),
        ("1", "85123A", 1, -1, Class::Uncounted),
        ("C1", "POST", -1, 1, Class::Fee),
        ("1", "gift_0001_20", 1, 1, Class::Fee),
    ] {
        assert_eq!(
            line(invoice, code, quantity, price).class(),
            class,
            "{invoice} {code}"
        );
    }
}

#[test]
fn fees_are_exactly_the_listed_codes() {
    for code in [
        "POST",
        "DOT",
        "M",
        "m",
        "C2",
        "D",
        "S",
        "B",
        "PADS",
        "CRUK",
        "BANK CHARGES",
    ] {
        assert!(is_fee(code), "{code}");
    }
    for code in ["post", "POSTAGE", "C", "DCGS0003", "gift", "85123A", ""] {
        assert!(!is_fee(code), "{code}");
    }
}

#[test]
fn each_occurrence_of_each_line_has_its_own_identity() {
    let mut seen = HashSet::new();
    for (invoice, code) in [("1", "23"), ("12", "3"), ("", "123"), ("123", "")] {
        for price in [1, 2] {
            let fingerprint = line(invoice, code, 1, price).fingerprint();
            assert_eq!(fingerprint, line(invoice, code, 1, price).fingerprint());
            for occurrence in 0..3 {
                assert!(seen.insert(Line::identity(fingerprint, occurrence)));
            }
        }
    }
}
