use super::{Money, Price, round_half_even};

#[test]
fn money_is_written_with_two_decimals_and_read_back() {
    for (hundredths, text) in [
        (0, "0.00"),
        (5, "0.05"),
        (-5, "-0.05"),
        (123_450, "1234.50"),
        (-100, "-1.00"),
    ] {
        let money = Money::from_hundredths(hundredths);
        assert_eq!(money.to_string(), text);
        assert_eq!(text.parse::<Money>(), Ok(money));
        let json = serde_json::to_string(&money).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
    }
}

#[test]
fn money_in_any_other_form_is_refused() {
    for text in [
        "", "1", "1.5", "1.505", ".50", "+1.00", "1e2", "--1.00", "1.5x", " 1.00", "-.50",
    ] {
        assert!(text.parse::<Money>().is_err(), "{text}");
    }
    assert!(serde_json::from_str::<Money>("1.50").is_err());
}

#[test]
fn sums_are_rounded_half_even_once() {
    for (units, text) in [
        (50, "0.00"),
        (51, "0.01"),
        (150, "0.02"),
        (250, "0.02"),
        (-50, "0.00"),
        (-150, "-0.02"),
    ] {
        assert_eq!(Money::from_units(units).to_string(), text, "{units}");
    }
    assert_eq!(Money::from_ratio(10_000, 3).to_string(), "0.33");
    assert_eq!(Money::from_ratio(10_000, 0), Money::ZERO);
    assert_eq!(round_half_even(7, -2), Some(-4));
}

#[test]
fn prices_keep_four_decimals() {
    assert_eq!("2.55".parse::<Price>().unwrap().units(), 25_500);
    assert_eq!("7".parse::<Price>().unwrap().units(), 70_000);
    assert_eq!("-11062.06".parse::<Price>().unwrap().units(), -110_620_600);
    assert!("0.12345".parse::<Price>().is_err());
    assert!("10000000.0001".parse::<Price>().is_err());
    assert!("1.".parse::<Price>().is_err());
    for (text, units) in [
        ("0.00005", 0),
        ("0.00015", 2),
        ("-0.00015", -2),
        ("1.23456", 12_346),
    ] {
        assert_eq!(Price::parse_rounded(text).unwrap().units(), units, "{text}");
    }
    assert!(Price::parse_rounded("1.2345x").is_err());
}

#[test]
fn a_price_as_text_reads_back() {
    for (units, text) in [
        (0, "0.00"),
        (25_500, "2.55"),
        (25_550, "2.555"),
        (-25_551, "-2.5551"),
        (-1, "-0.0001"),
        (100_000, "10.00"),
    ] {
        assert_eq!(Price::text(units), text);
        assert_eq!(text.parse::<Price>().unwrap().units(), units);
    }
}
