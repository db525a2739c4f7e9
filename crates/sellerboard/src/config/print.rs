use std::io;

use clap::ValueEnum;
use serde_json::json;

use super::load::Loaded;

/// The form of a printed table.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum PrintFormat {
    /// One JSON document.
    Json,
    /// Aligned columns for people.
    #[default]
    Table,
}

impl Loaded {
    /// Prints each variable, its value (secrets masked) and where it came from.
    ///
    /// # Errors
    ///
    /// If `out` cannot be written.
    pub fn print(&self, format: PrintFormat, out: &mut dyn io::Write) -> io::Result<()> {
        match format {
            PrintFormat::Json => {
                let settings = self.settings.iter().map(|setting| {
                    let value = setting.is_set().then(|| setting.shown());
                    let entry = json!({"value": value, "source": setting.source.to_string()});
                    (setting.variable.name.to_owned(), entry)
                });
                let document = serde_json::Value::Object(settings.collect());
                writeln!(out, "{document:#}")
            }
            PrintFormat::Table => self.print_table(out),
        }
    }

    fn print_table(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let names = width(&mut self.settings.iter().map(|s| s.variable.name.len()));
        let values = width(&mut self.settings.iter().map(|s| s.shown().chars().count()));
        writeln!(out, "{:names$}  {:values$}  SOURCE", "KEY", "VALUE")?;
        for setting in &self.settings {
            let (name, source) = (setting.variable.name, setting.source.to_string());
            writeln!(out, "{name:names$}  {:values$}  {source}", setting.shown())?;
        }
        Ok(())
    }
}
