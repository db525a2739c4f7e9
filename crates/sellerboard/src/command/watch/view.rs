//! What is on the screen: figures, whether they are current, and what was chosen with keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::figures::Figures;
use super::poll::Look;

/// The state of the screen.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The latest figures, unless paused.
    pub(super) figures: Option<Figures>,
    /// Why the figures are not current.
    pub(super) failure: Option<String>,
    pub(super) table: Table,
    pub(super) is_paused: bool,
    pub(super) is_helping: bool,
    /// How many rows of the table are above the screen.
    pub(super) scrolled: usize,
}

/// Which table is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Table {
    #[default]
    Endpoints,
    Tenants,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    GoOn,
    Quit,
}

impl View {
    /// Takes in what was seen. While paused, only that the service is gone or back is told.
    pub(super) fn take(&mut self, look: Look) {
        match look {
            Look::Seen(figures) => {
                self.failure = None;
                if !self.is_paused || self.figures.is_none() {
                    self.figures = Some(*figures);
                }
            }
            Look::Failed(reason) => self.failure = Some(reason),
        }
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Next {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control => return Next::Quit,
            KeyCode::Esc if self.is_helping => self.is_helping = false,
            KeyCode::Char('q') | KeyCode::Esc => return Next::Quit,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('t') => self.show(Table::Tenants),
            KeyCode::Char('e') => self.show(Table::Endpoints),
            KeyCode::Char('?' | 'h') => self.is_helping = !self.is_helping,
            KeyCode::Down | KeyCode::Char('j') => {
                let last = self.rows().saturating_sub(1);
                self.scrolled = (self.scrolled + 1).min(last);
            }
            KeyCode::Up | KeyCode::Char('k') => self.scrolled = self.scrolled.saturating_sub(1),
            _ => {}
        }
        Next::GoOn
    }

    fn show(&mut self, table: Table) {
        self.table = table;
        self.scrolled = 0;
    }

    fn rows(&self) -> usize {
        let figures = self.figures.as_ref();
        figures.map_or(0, |figures| match self.table {
            Table::Endpoints => figures.metrics.endpoints.len(),
            Table::Tenants => figures.tenants.len(),
        })
    }
}
