//! The four figures at the top, each with its course over the last hour.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Sparkline};

use super::format::{count, percent, quantity};
use super::{Screen, format};
use crate::command::watch::figures::{Figures, real};

/// Below this, a hit rate is worth a look, and then a worry.
const HIT_PERCENT_GOOD: f64 = 80.0;
const HIT_PERCENT_POOR: f64 = 50.0;

struct Head<'a> {
    title: &'a str,
    value: String,
    style: Style,
    detail: String,
    course: Vec<f64>,
    /// The top of the course; its highest value if there is none.
    max: Option<f64>,
}

pub(super) fn draw(screen: &Screen, figures: &Figures, frame: &mut Frame<'_>, area: Rect) {
    let areas = Layout::horizontal([Constraint::Fill(1); 4]).areas::<4>(area);
    let heads = [
        hit_rate(screen, figures),
        requests(screen, figures),
        latency(screen, figures),
        origin(screen, figures),
    ];
    for (head, area) in heads.into_iter().zip(areas) {
        let block = screen.block(head.title);
        let inner = block.inner(area);
        let [text, curve] =
            Layout::vertical([Constraint::Length(2), Constraint::Length(1)]).areas(inner);
        let lines = vec![
            Line::styled(head.value, head.style),
            Line::styled(head.detail, screen.theme.dim),
        ];
        frame.render_widget(block, area);
        frame.render_widget(Paragraph::new(lines), text);
        let (data, max) = curve_of(&head.course, usize::from(curve.width), head.max);
        let curve_line = Sparkline::default().data(data).max(max);
        frame.render_widget(curve_line.style(screen.theme.curve), curve);
    }
}

fn hit_rate<'a>(screen: &Screen, figures: &Figures) -> Head<'a> {
    let metrics = &figures.metrics;
    let now = figures.rates.hits_percent;
    let theme = &screen.theme;
    let style = match now {
        Some(now) if now < HIT_PERCENT_POOR => theme.bad,
        Some(now) if now < HIT_PERCENT_GOOD => theme.warn,
        _ => theme.strong,
    };
    Head {
        title: "hit rate",
        value: percent(now),
        style,
        detail: format!("in all {}", percent(Some(metrics.hit_rate_percent))),
        course: figures.history.hit_rates(),
        max: Some(100.0),
    }
}

fn requests<'a>(screen: &Screen, figures: &Figures) -> Head<'a> {
    let metrics = &figures.metrics;
    Head {
        title: "requests/s",
        value: quantity(figures.rates.requests),
        style: screen.theme.strong,
        detail: format!("{} in all", count(metrics.total_requests)),
        course: figures.history.requests(),
        max: None,
    }
}

fn latency<'a>(screen: &Screen, figures: &Figures) -> Head<'a> {
    let all = figures.metrics.latency.all;
    Head {
        title: "latency ms",
        value: format!("p50 {}", quantity(all.p50_ms)),
        style: screen.theme.strong,
        detail: format!("p99 {}", quantity(all.p99_ms)),
        course: figures.history.p99s(),
        max: None,
    }
}

fn origin<'a>(screen: &Screen, figures: &Figures) -> Head<'a> {
    let origin = &figures.metrics.origin;
    let is_failing = !matches!(origin.breaker.as_str(), "" | "closed");
    let detail = if is_failing {
        format!("FAILS ({})", origin.breaker)
    } else {
        let failed = figures.rates.loads_failed;
        format!("failed {}/s", format::quantity(failed))
    };
    Head {
        title: "origin loads/s",
        value: quantity(figures.rates.loads),
        style: if is_failing {
            screen.theme.bad
        } else {
            screen.theme.strong
        },
        detail,
        course: figures.history.loads(),
        max: None,
    }
}

/// The latest values that there is room for, each the mean of as many as it takes, in thousandths of the top.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 1,000"
)]
fn curve_of(values: &[f64], width: usize, max: Option<f64>) -> (Vec<u64>, u64) {
    const TOP: f64 = 1_000.0;
    let each = values.len().div_ceil(width.max(1)).max(1);
    // The last group is whole; the first may not be.
    let groups = values.rchunks(each).rev();
    let means: Vec<f64> = groups
        .map(|group| group.iter().sum::<f64>() / real(group.len() as u64))
        .collect();
    let top = max.unwrap_or_else(|| means.iter().copied().fold(0.0, f64::max));
    let scaled = means.iter().map(|mean| {
        if top > 0.0 {
            (mean / top * TOP).clamp(0.0, TOP) as u64
        } else {
            0
        }
    });
    (scaled.collect(), TOP as u64)
}
