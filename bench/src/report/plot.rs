//! Bars as SVG, readable on light and on dark paper.

use std::fmt::Write as _;

use crate::rounds::Spread;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 330.0;
const VALUES: f64 = 60.0;
const ROW: f64 = 24.0;
const TOP: f64 = 40.0;

/// A bar: its length is the median, with a line from the least to the greatest.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: Spread,
}

pub(super) fn bars(title: &str, rows: &[Bar], digits: usize) -> String {
    let greatest = rows.iter().map(|bar| bar.value.max).fold(0.0, f64::max);
    let scale = (WIDTH - LABELS - VALUES) / greatest.max(f64::MIN_POSITIVE);
    #[expect(clippy::cast_precision_loss, reason = "rows are few")]
    let height = TOP + ROW * rows.len() as f64 + 8.0;
    let mut svg = String::new();
    let _ = write!(
        svg,
        concat!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" ",
            "height=\"{height}\" role=\"img\">\n<title>{title}</title>\n<style>\n",
            "text {{ font: 13px sans-serif; fill: #24292f }}\n",
            "rect {{ fill: #3b7dd8 }}\nline {{ stroke: #24292f; stroke-width: 1.5 }}\n",
            "@media (prefers-color-scheme: dark) {{ text {{ fill: #d0d7de }} rect {{ fill: #5b9cf0 }} ",
            "line {{ stroke: #d0d7de }} }}\n</style>\n",
            "<text x=\"0\" y=\"20\" font-weight=\"bold\">{title}</text>\n",
        ),
        width = WIDTH,
        height = height,
        title = escaped(title),
    );
    let mut y = TOP;
    for Bar { label, value } in rows {
        let [median, min, max] = [value.median, value.min, value.max].map(|figure| figure * scale);
        let _ = write!(
            svg,
            concat!(
                "<text x=\"{end}\" y=\"{base}\" text-anchor=\"end\">{label}</text>\n",
                "<rect x=\"{start}\" y=\"{y}\" width=\"{median:.1}\" height=\"{bar}\"/>\n",
                "<line x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>\n",
                "<text x=\"{after:.1}\" y=\"{base}\">{value:.digits$}</text>\n",
            ),
            end = LABELS - 8.0,
            base = y + 14.0,
            label = escaped(label),
            start = LABELS,
            y = y,
            median = median,
            bar = ROW - 6.0,
            from = LABELS + min,
            to = LABELS + max,
            middle = y + (ROW - 6.0) / 2.0,
            after = LABELS + max + 6.0,
            value = value.median,
            digits = digits,
        );
        y += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_takes_the_whole_width() {
        let bar = |label: &str, of: f64| Bar {
            label: label.to_owned(),
            value: Spread::of(vec![of]),
        };
        let svg = bars("a < b", &[bar("one", 1.0), bar("two", 2.0)], 1);
        assert!(
            svg.contains("width=\"370.0\"") && svg.contains("width=\"185.0\""),
            "{svg}"
        );
        assert!(svg.contains("a &lt; b"));
    }
}
