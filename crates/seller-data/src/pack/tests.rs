use proptest::prelude::*;

use super::{Pack, Unit};

fn read(text: &str) -> Option<(f64, Unit)> {
    Pack::parse(text).map(|pack| (pack.amount(), pack.unit()))
}

#[test]
fn amounts_are_found_where_they_stand() {
    use Unit::{Kilogram, Litre, Metre, Piece};
    for (text, amount, unit) in [
        ("500g", 0.5, Kilogram),
        ("S-BUDGET Haferflocken 500G", 0.5, Kilogram),
        ("House Blend 1 kg", 1.0, Kilogram),
        ("1.000 g", 1.0, Kilogram),
        ("1.000 kg", 1.0, Kilogram),
        ("0.125 g", 0.000_125, Kilogram),
        ("Reis 100-g-Beutel", 0.1, Kilogram),
        ("Blattspinat tiefgekühlt 15 x 50g", 0.75, Kilogram),
        ("Vanillin-Zucker 10 x 8G", 0.08, Kilogram),
        ("20 Caramel Minis 400g (= 20 Stück)", 0.4, Kilogram),
        ("Wildlachs 2 Filets 250g", 0.25, Kilogram),
        ("Saft 1,5 l", 1.5, Litre),
        ("Cola 6x330ml", 1.98, Litre),
        ("Cola 6 × 0,33 l", 1.98, Litre),
        ("Cola 330 ml x 6", 1.98, Litre),
        ("Cola 2 x 6 x 330 ml.", 3.96, Litre),
        ("Wein, 75 cl, 12 %", 0.75, Litre),
        ("Mega-Bar Mandel 6 Stück 720ml Packung", 0.72, Litre),
        ("Alufolie 20m", 20.0, Metre),
        ("Braided Cable 1 m", 1.0, Metre),
        ("Puddingpulver Vanille 5er", 5.0, Piece),
        ("weiss 30x30cm 100 Stück", 100.0, Piece),
        ("Eier 10er-Packung", 10.0, Piece),
        ("Schrauben 1.000 Stk.", 1_000.0, Piece),
        ("SET OF 3 CAKE TINS", 3.0, Piece),
        ("SET/6 RED SPOTTY PLATES", 6.0, Piece),
        ("Socks, 3-pack", 3.0, Piece),
    ] {
        assert_eq!(read(text), Some((amount, unit)), "{text}");
    }
}

#[test]
fn what_is_no_amount_or_not_one_is_none() {
    for text in [
        "",
        "Stoneware Mug",
        "Weizenmehl Glatt, Type W 700",
        "USB-C Charger 65 W",
        "Memory Card 128 GB",
        "USB-C Hub 7 in 1",
        "Power Bank 10,000",
        "Oliven 300 g (175 g Abtropfgewicht)",
        "Konzentrat 500 g, ergibt 2 l",
        "Ribbon 2 m, 3 pieces",
        "Papier 80 g/m²",
        "Rasen 30 m²",
        "Poster 30 cm x 20 cm",
        "Poster 30 x 20 cm",
        "B12g",
        "3/4 l",
        "1.2.3 kg",
        "0 g",
        "99999999999999999999 kg",
        "2.5 x 100 g",
        "2.5 Stk",
        "0.0000001 g",
        "2000000 kg",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn a_unit_price_is_exact_to_the_half() {
    let pack = |text| Pack::parse(text).unwrap();
    assert_eq!(pack("6 x 330 ml").unit_price(19_800), Some(10_000));
    assert_eq!(pack("3 pieces").unit_price(10_000), Some(3_333));
    assert_eq!(pack("500 g").unit_price(-10_001), Some(-20_002));
    assert_eq!(pack("1 mg").unit_price(i64::MAX), None);
}

proptest! {
    #[test]
    fn a_pack_in_parts_is_the_sum_of_them(
        count in 1_i64..1_000, grams in 1_i64..1_000, before in "z[a-z]{0,8}", after in "z[a-z]{0,8}",
    ) {
        let parts = Pack::parse(&format!("{before} {count} x {grams} g {after}"));
        let reversed = Pack::parse(&format!("{before} {grams}g x {count} {after}"));
        let whole = Pack::parse(&format!("{} g", count * grams));
        prop_assert!(whole.is_some());
        prop_assert_eq!((parts, reversed), (whole, whole));
    }

    #[test]
    fn units_agree(millilitres in 1_i64..100_000, comma in "[.,]") {
        let same = [
            format!("{millilitres} ml"),
            format!("{}{comma}{:03}l", millilitres / 1_000, millilitres % 1_000),
            format!("{}{comma}{}cl", millilitres / 10, millilitres % 10),
        ].map(|text| Pack::parse(&text));
        prop_assert!(same[0].is_some());
        prop_assert_eq!(same, [same[0]; 3]);
    }

    #[test]
    fn any_text_is_read_to_its_end(text in "\\PC{0,40}") {
        if let Some(pack) = Pack::parse(&text) {
            prop_assert!(pack.amount() > 0.0 && pack.amount() <= 1e6);
        }
    }

    #[test]
    fn what_looks_like_amounts_is_read_to_its_end(text in "([0-9]{1,3}|[.,/x× -]|k?g|m?l|stk|er|set of){0,12}") {
        if let Some(pack) = Pack::parse(&text) {
            prop_assert!(pack.amount() > 0.0 && pack.amount() <= 1e6);
        }
    }
}
