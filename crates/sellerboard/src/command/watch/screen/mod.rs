//! Drawing. Nothing is told by colour alone: states are words, shares are bars with their number.

mod boxes;
mod format;
mod heads;
mod tables;
mod theme;

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

pub(super) use theme::Theme;

use super::figures::Figures;
use super::view::View;

/// The least that there is room for everything on.
const WIDTH_MIN: u16 = 80;
const HEIGHT_MIN: u16 = 24;

const KEYS: &str = " q quit  p pause  e endpoints  t tenants  ↑↓ scroll  ? help";
const HELP: &[&str] = &[
    "q, Esc, Ctrl-C   quit",
    "p, space         pause: figures stand still",
    "e                figures by endpoint",
    "t                tenants with the most reads",
    "↑ ↓ or k j       scroll the table",
    "?                this help",
    "",
    "Rates are of the last 10 s, latencies and the",
    "coherence lag of the last minute, curves of the",
    "last hour. Counts are this node's since its start.",
    "Redis' history: █ up  ▒ degraded  _ down.",
    "",
    "Only an operator's token (scope cache:admin) sees",
    "all tenants and everybody's invalidations.",
];

/// What does not change while it is watched.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) server: String,
    pub(super) theme: Theme,
    pub(super) zone: TimeZone,
}

impl Screen {
    pub(super) fn new(server: &str, theme: Theme) -> Self {
        Self {
            server: server.to_owned(),
            theme,
            zone: TimeZone::system(),
        }
    }

    pub(super) fn draw(&self, view: &View, frame: &mut Frame<'_>) {
        let area = frame.area();
        if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
            let size = (area.width, area.height);
            frame.render_widget(too_small(size), area);
            return;
        }
        let [head, body, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(area);
        self.draw_head(view, frame, head);
        frame.render_widget(Line::styled(KEYS, self.theme.dim), foot);
        match (&view.figures, &view.failure) {
            (Some(figures), _) => self.draw_figures(figures, view, frame, body),
            (None, Some(failure)) => self.draw_failure(failure, frame, body),
            (None, None) => frame.render_widget("Asking the service …", body),
        }
        if view.is_helping {
            self.draw_help(frame, area);
        }
    }

    fn draw_figures(&self, figures: &Figures, view: &View, frame: &mut Frame<'_>, area: Rect) {
        let notice = u16::from(view.failure.is_some()) * 2;
        let [top, heads, middle, tables] = Layout::vertical([
            Constraint::Length(notice),
            Constraint::Length(5),
            Constraint::Length(6),
            Constraint::Fill(1),
        ])
        .areas(area);
        if let Some(failure) = &view.failure {
            let text = format!("Not current: {failure}. Trying again.");
            let text = Paragraph::new(text).wrap(Wrap { trim: true });
            frame.render_widget(text.style(self.theme.bad), top);
        }
        heads::draw(self, figures, frame, heads);
        boxes::draw(self, figures, frame, middle);
        tables::draw(self, figures, view, frame, tables);
    }

    fn draw_head(&self, view: &View, frame: &mut Frame<'_>, area: Rect) {
        let (word, style) = match view {
            View {
                failure: Some(_), ..
            } => ("NOT REACHED", self.theme.bad),
            View {
                is_paused: true, ..
            } => ("PAUSED", self.theme.warn),
            View { figures: None, .. } => ("CONNECTING", self.theme.dim),
            _ => ("LIVE", self.theme.good),
        };
        let mut left = vec![
            Span::styled(" Cache of ", self.theme.dim),
            Span::styled(self.server.clone(), self.theme.strong),
        ];
        let metrics = view.figures.as_ref().map(|figures| &figures.metrics);
        let times = metrics.and_then(|metrics| Some((metrics.at?, metrics.started_at?)));
        if let Some((now, start)) = times {
            let up = format!(", up for {}", format::span(now.duration_since(start)));
            left.push(Span::styled(up, self.theme.dim));
        }
        let now = metrics.and_then(|metrics| metrics.at);
        let now = now.map_or(String::new(), |at| self.time_of_day(at));
        let right = Line::from(vec![
            Span::styled(word, style),
            Span::raw(format!("  {now} ")),
        ]);
        frame.render_widget(Line::from(left), area);
        frame.render_widget(right.alignment(Alignment::Right), area);
    }

    fn draw_failure(&self, failure: &str, frame: &mut Frame<'_>, area: Rect) {
        let lines = vec![
            Line::default(),
            Line::styled(failure.to_owned(), self.theme.bad),
            Line::default(),
            Line::raw("Trying again every second; q quits."),
        ];
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }), area);
    }

    fn draw_help(&self, frame: &mut Frame<'_>, area: Rect) {
        let width = HELP.iter().map(|line| line.chars().count()).max();
        let width = u16::try_from(width.unwrap_or(0)).unwrap_or(u16::MAX);
        let height = u16::try_from(HELP.len()).unwrap_or(u16::MAX);
        let middle = area.centered(
            Constraint::Length(width.saturating_add(4)),
            Constraint::Length(height.saturating_add(2)),
        );
        let lines: Vec<Line<'_>> = HELP
            .iter()
            .map(|line| Line::raw(format!(" {line}")))
            .collect();
        frame.render_widget(Clear, middle);
        let help = Paragraph::new(lines).block(self.block("keys and figures"));
        frame.render_widget(help, middle);
    }

    pub(super) fn block<'a>(&self, title: &'a str) -> Block<'a> {
        let title = Span::styled(format!(" {title} "), self.theme.strong);
        Block::bordered().border_style(self.theme.dim).title(title)
    }

    pub(super) fn time_of_day(&self, at: jiff::Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        at.strftime("%H:%M:%S").to_string()
    }
}

fn too_small((width, height): (u16, u16)) -> Paragraph<'static> {
    let text = format!(
        "The terminal has {width}×{height} characters; {WIDTH_MIN}×{HEIGHT_MIN} are needed. q quits."
    );
    Paragraph::new(text).wrap(Wrap { trim: true })
}
