//! Sentences whose figures are those that stand beside them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::money::Money;

/// Figures by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Named(BTreeMap<String, Value>);

impl Named {
    pub(super) fn new<const N: usize>(figures: [(&str, Value); N]) -> Self {
        Self::default().with(figures)
    }

    pub(super) fn with<const N: usize>(mut self, figures: [(&str, Value); N]) -> Self {
        let figures = figures.into_iter();
        self.0
            .extend(figures.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// `template` with each `{name}` replaced by the figure of that name. A template has no digits of its own, so that every number
    /// in a sentence is a figure.
    pub(super) fn say(&self, template: &str) -> String {
        let mut said = String::with_capacity(2 * template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            debug_assert!(self.0.contains_key(name), "{name}");
            debug_assert!(!before.contains(|c: char| c.is_ascii_digit()), "{before}");
            said.push_str(before);
            if let Some(figure) = self.0.get(name) {
                said.push_str(&shown(figure));
            }
            rest = after;
        }
        said.push_str(rest);
        said
    }

    /// The text of that name.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    pub(super) fn into_figures(self) -> BTreeMap<String, Value> {
        self.0
    }
}

fn shown(figure: &Value) -> String {
    match (figure, figure.as_f64()) {
        (Value::String(text), _) => text.clone(),
        // Without the ".0" of a whole number.
        (_, Some(number)) if figure.is_f64() => number.to_string(),
        _ => figure.to_string(),
    }
}

/// With one decimal, as shares and changes are told.
pub(super) fn tenths(number: f64) -> Value {
    let rounded = (number * 10.0).round() / 10.0;
    if rounded.is_finite() {
        rounded.into()
    } else {
        Value::Null
    }
}

/// How sure something is that comes by chance with probability `chance`, in per cent, never said to be 100.
pub(super) fn sure_percent(chance: f64) -> Value {
    (((1.0 - chance) * 1000.0).floor().min(999.0) / 10.0).into()
}

/// Ten-thousandths as money.
pub(super) fn money(units: i64) -> Value {
    Money::from_units(units).to_string().into()
}

/// The nearest whole number.
pub(super) fn whole(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "counts of trade")]
    let whole = number.round() as i64;
    whole.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Named, sure_percent, tenths, whole};

    #[test]
    fn figures_are_said_as_they_stand() {
        let named = Named::new([
            ("product", json!("{SET} of {share}")),
            ("share", tenths(12.04)),
            ("pieces", whole(7.6)),
        ]);
        assert_eq!(
            named.say("{product} brings {share} % with {pieces} pieces."),
            "{SET} of {share} brings 12 % with 8 pieces."
        );
        assert_eq!(named.into_figures().len(), 3);
    }

    #[test]
    fn nothing_is_certain_and_nothing_is_no_number() {
        assert_eq!(sure_percent(0.0), json!(99.9));
        assert_eq!(sure_percent(0.0101), json!(98.9));
        assert_eq!(tenths(f64::NAN), json!(null));
    }
}
