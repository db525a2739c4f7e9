use ratatui::style::{Color, Modifier, Style};

/// How things look. Without colours, by weight alone.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Theme {
    pub(in super::super) strong: Style,
    pub(in super::super) dim: Style,
    pub(in super::super) good: Style,
    pub(in super::super) warn: Style,
    pub(in super::super) bad: Style,
    pub(in super::super) curve: Style,
}

impl Theme {
    /// In colours, unless `NO_COLOR` is set (no-color.org).
    pub(in super::super) fn of_environment() -> Self {
        match std::env::var_os("NO_COLOR") {
            Some(value) if !value.is_empty() => Self::plain(),
            _ => Self::coloured(),
        }
    }

    pub(in super::super) fn plain() -> Self {
        let strong = Style::new().add_modifier(Modifier::BOLD);
        Self {
            strong,
            dim: Style::new(),
            good: Style::new(),
            warn: strong,
            bad: strong.add_modifier(Modifier::REVERSED),
            curve: Style::new(),
        }
    }

    /// The terminal's own sixteen colours, so that they fit its background.
    fn coloured() -> Self {
        let strong = Style::new().add_modifier(Modifier::BOLD);
        Self {
            strong,
            dim: Style::new().fg(Color::DarkGray),
            good: Style::new().fg(Color::Green),
            warn: strong.fg(Color::Yellow),
            bad: strong.fg(Color::Red),
            curve: Style::new().fg(Color::Cyan),
        }
    }
}
