//! Tiers, Redis, and how the nodes agree.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::Screen;
use super::format::{bar, count, quantity, span};
use crate::command::watch::figures::{Figures, Sample};

/// From here on a tier is called full.
const FULL: f64 = 0.95;

pub(super) fn draw(screen: &Screen, figures: &Figures, frame: &mut Frame<'_>, area: Rect) {
    let [tiers, redis, coherence] = Layout::horizontal([
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Fill(1),
    ])
    .areas(area);
    let inside = |area: Rect| usize::from(area.width.saturating_sub(2));
    for (title, lines, area) in [
        ("tiers", tier_lines(screen, figures, inside(tiers)), tiers),
        ("redis", redis_lines(screen, figures, inside(redis)), redis),
        ("coherence", coherence_lines(screen, figures), coherence),
    ] {
        let text = Paragraph::new(lines).block(screen.block(title));
        frame.render_widget(text, area);
    }
}

fn tier_lines(screen: &Screen, figures: &Figures, width: usize) -> Vec<Line<'static>> {
    let local = &figures.metrics.tiers.local;
    let mut lines = tier(
        screen,
        "local",
        (local.used_memory_mb, local.max_memory_mb),
        &format!("evicted {}", count(local.evictions)),
        width,
    );
    match &figures.metrics.tiers.redis {
        Some(redis) => lines.extend(tier(
            screen,
            "redis",
            (redis.used_memory_mb, redis.max_memory_mb),
            &format!("evicted {}", count(redis.evicted_keys)),
            width,
        )),
        None => lines.extend([
            Line::raw(format!("entries {}", count(local.entries))),
            Line::styled("redis: not there", screen.theme.dim),
        ]),
    }
    lines
}

fn tier(
    screen: &Screen,
    name: &str,
    (used, max): (f64, f64),
    more: &str,
    width: usize,
) -> Vec<Line<'static>> {
    let share = if max > 0.0 { used / max } else { 0.0 };
    let style = if share >= FULL {
        screen.theme.warn
    } else {
        Style::new()
    };
    // Name, bar, share.
    let bar = bar(share, width.saturating_sub(12));
    let amount = format!("{}/{} MB", quantity(Some(used)), quantity(Some(max)));
    vec![
        Line::from(vec![
            Span::raw(format!("{name} ")),
            Span::styled(bar, style),
            Span::raw(format!(" {:>3.0} %", share * 100.0)),
        ]),
        Line::styled(format!("{amount} {more}"), screen.theme.dim),
    ]
}

fn redis_lines(screen: &Screen, figures: &Figures, width: usize) -> Vec<Line<'static>> {
    let (metrics, redis) = (&figures.metrics, &figures.metrics.redis);
    if redis.state == "none" {
        return vec![
            Line::raw("none configured"),
            Line::styled("this node keeps its own cache", screen.theme.dim),
        ];
    }
    let style = match redis.state.as_str() {
        "up" => screen.theme.good,
        "degraded" => screen.theme.warn,
        _ => screen.theme.bad,
    };
    let mut state = vec![Span::styled(redis.state.to_uppercase(), style)];
    if let Some(cause) = &redis.cause {
        state.push(Span::raw(format!(" {cause}")));
    }
    let since = redis.since.zip(metrics.at);
    if let Some((since, now)) = since {
        let lasted = span(now.duration_since(since));
        state.push(Span::styled(format!(" for {lasted}"), screen.theme.dim));
    }
    let waiting = redis.pending_invalidations;
    let queue = match waiting {
        0 => Line::raw("queue empty"),
        _ => {
            let age = metrics.coherence.pending_age;
            let text = format!("queue {} waits {age}s", count(waiting));
            Line::styled(text, screen.theme.warn)
        }
    };
    let told = match metrics.coherence.notified {
        Some(true) => Line::raw("tells of changes"),
        Some(false) => Line::styled("does not tell of changes", screen.theme.warn),
        None => Line::default(),
    };
    let strip = strip(&figures.history.items, width);
    vec![
        Line::from(state),
        Line::styled(strip, screen.theme.curve),
        queue,
        told,
    ]
}

/// Redis' states over the last hour; of those that share a character, the worst.
fn strip(samples: &[Sample], width: usize) -> String {
    let each = samples.len().div_ceil(width.max(1)).max(1);
    let marks = samples.rchunks(each).rev().map(|group| {
        let any = |state: &str| group.iter().any(|sample| sample.redis == state);
        match (any("down"), any("degraded")) {
            (true, _) => '_',
            (false, true) => '▒',
            (false, false) => '█',
        }
    });
    marks.collect()
}

fn coherence_lines(screen: &Screen, figures: &Figures) -> Vec<Line<'static>> {
    let coherence = &figures.metrics.coherence;
    let counts = coherence.invalidations.values();
    let applied = counts.clone().map(|counts| counts.applied).sum();
    let queued: u64 = counts.map(|counts| counts.queued).sum();
    let lag = coherence.lag;
    let errors = coherence.redis_errors;
    let style = if errors > 0 {
        screen.theme.warn
    } else {
        Style::new()
    };
    vec![
        Line::raw(format!(
            "lag p50 {} p99 {} ms",
            quantity(lag.p50_ms),
            quantity(lag.p99_ms)
        )),
        Line::raw(format!(
            "{} applied, {} queued",
            count(applied),
            count(queued)
        )),
        Line::raw(format!(
            "late fills refused {}",
            count(coherence.fills_refused)
        )),
        Line::styled(format!("redis errors {}", count(errors)), style),
    ]
}
