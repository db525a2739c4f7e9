//! The tables at the bottom: endpoints or tenants, and the latest invalidations.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Cell, Row, Table as Rows};

use super::Screen;
use super::format::{compact, quantity};
use crate::command::watch::figures::{Figures, real};
use crate::command::watch::view::{Table, View};

pub(super) fn draw(
    screen: &Screen,
    figures: &Figures,
    view: &View,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(61), Constraint::Fill(1)]).areas(area);
    let table = match view.table {
        Table::Endpoints => endpoints(screen, figures, view.scrolled),
        Table::Tenants => tenants(screen, figures, view.scrolled),
    };
    frame.render_widget(table, left);
    frame.render_widget(invalidations(screen, figures), right);
}

fn endpoints<'a>(screen: &Screen, figures: &'a Figures, scrolled: usize) -> Rows<'a> {
    let rows = figures.metrics.endpoints.iter().skip(scrolled);
    let rows = rows.map(|(name, counts)| {
        let total = counts.hits + counts.misses;
        Row::new([
            Cell::from(name.as_str()),
            number(compact(total)),
            number(share(counts.hits, total)),
            number(compact(counts.origin_loads)),
            number(compact(counts.errors)),
            number(quantity(counts.latency.p99_ms)),
        ])
    });
    let heads = ["endpoint", "reads", "hit %", "loads", "err", "p99 ms"];
    let widths = [18, 5, 5, 5, 3, 6];
    table(screen, "endpoints", heads, widths, rows.collect())
}

fn tenants<'a>(screen: &Screen, figures: &'a Figures, scrolled: usize) -> Rows<'a> {
    let rows = figures.tenants.iter().skip(scrolled);
    let rows = rows.map(|tenant| {
        Row::new([
            Cell::from(tenant.id.as_str()),
            number(compact(tenant.total_requests)),
            number(share(tenant.hits, tenant.total_requests)),
            number(compact(tenant.errors)),
            number(quantity(Some(real(tenant.local_bytes) / 1024.0))),
        ])
    });
    let heads = ["tenant", "reads", "hit %", "err", "KB"];
    let widths = [20, 6, 5, 5, 6];
    table(screen, "tenants", heads, widths, rows.collect())
}

fn invalidations<'a>(screen: &Screen, figures: &'a Figures) -> Rows<'a> {
    let rows = figures.invalidations.iter().map(|one| {
        let at = one.at.map_or(String::new(), |at| screen.time_of_day(at));
        let style = if one.status == "queued" {
            screen.theme.warn
        } else {
            Style::new()
        };
        let status = Span::styled(format!("{} ", one.status), style);
        let who = Span::raw(one.tenant.as_str());
        let what = format!(" {}, {}", one.scope, one.cause);
        let lines = vec![
            Line::from(vec![Span::raw(format!("{at} ")), status, who]),
            Line::styled(what, screen.theme.dim),
        ];
        Row::new([Cell::from(Text::from(lines))]).height(2)
    });
    let rows: Vec<Row<'_>> = rows.collect();
    Rows::new(rows, [Constraint::Fill(1)]).block(screen.block("invalidations"))
}

fn table<'a, const N: usize>(
    screen: &Screen,
    title: &'a str,
    heads: [&'a str; N],
    widths: [u16; N],
    rows: Vec<Row<'a>>,
) -> Rows<'a> {
    let heads = heads.into_iter().enumerate().map(|(at, head)| match at {
        0 => Cell::from(head),
        _ => number(head.to_owned()),
    });
    let widths = widths.into_iter().enumerate().map(|(at, width)| match at {
        0 => Constraint::Min(width),
        _ => Constraint::Length(width),
    });
    Rows::new(rows, widths)
        .header(Row::new(heads).style(screen.theme.dim))
        .column_spacing(1)
        .block(screen.block(title))
}

fn number(text: String) -> Cell<'static> {
    Cell::from(Line::raw(text).alignment(Alignment::Right))
}

/// Percent; nothing of nothing is no share.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.1}", real(part) / real(whole) * 100.0)
}
