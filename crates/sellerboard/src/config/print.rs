use std::io;

use clap::ValueEnum;
use serde_json::json;

use super::load::{Loaded, Source};

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
    /// Prints each variable, its value (secrets masked) and where it came from, then what each kind of event
    /// invalidates.
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
                let rules = self.event_settings.iter().map(|setting| {
                    let source = setting.source.to_string();
                    (
                        setting.key(),
                        json!({"value": setting.to_json(), "source": source}),
                    )
                });
                let document = serde_json::Value::Object(settings.chain(rules).collect());
                writeln!(out, "{document:#}")
            }
            PrintFormat::Table => self.print_table(out),
        }
    }

    fn print_table(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let settings = self.settings.iter();
        let settings = settings.map(|s| (s.variable.name.to_owned(), s.shown(), &s.source));
        print_rows(["KEY", "VALUE"], &settings.collect::<Vec<_>>(), out)?;
        writeln!(out)?;
        // A table of its own: rules are long, and would push the sources above out of sight.
        let rules = self.event_settings.iter();
        let rules = rules.map(|s| (s.key(), s.shown(), &s.source));
        print_rows(["EVENT", "INVALIDATES"], &rules.collect::<Vec<_>>(), out)
    }
}

fn print_rows(
    [key, value]: [&str; 2],
    rows: &[(String, String, &Source)],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let width = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let keys = width(&mut rows.iter().map(|(key, ..)| key));
    let values = width(&mut rows.iter().map(|(_, value, _)| value));
    writeln!(out, "{key:keys$}  {value:values$}  SOURCE")?;
    for (key, value, source) in rows {
        writeln!(out, "{key:keys$}  {value:values$}  {source}")?;
    }
    Ok(())
}
