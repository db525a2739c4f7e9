use std::fs;
use std::path::Path;

/// How many faults there are: F1 to F90.
pub(super) const COUNT: u8 = 90;

/// One fault, as `xtask/faults.tsv` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) number: u8,
    pub(super) when: When,
    /// What happens, in a few words.
    pub(super) what: String,
    /// What is owed, in one sentence.
    pub(super) expected: String,
}

/// When a fault is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// With every other test, before each merge.
    Gate,
    /// By `cargo xtask faults` alone.
    Long,
    /// It cannot be, here.
    NotTested {
        /// Why, and the command that was tried.
        reason: String,
    },
}

/// Reads the catalogue.
///
/// # Errors
///
/// If there is none, or a line is not one.
pub(super) fn read(root: &Path) -> Result<Vec<Fault>, String> {
    let path = root.join("xtask/faults.tsv");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("failed to read {}: {error}", path.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Fault>, String> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            parse_line(line).ok_or_else(|| format!("faults.tsv:{}: not a fault", index + 1))
        })
        .collect()
}

fn parse_line(line: &str) -> Option<Fault> {
    let mut columns = line.split('\t');
    let mut next = || columns.next().filter(|text| !text.is_empty());
    let (name, when, what, expected) = (next()?, next()?, next()?, next()?);
    let when = match when {
        "gate" => When::Gate,
        "long" => When::Long,
        "not tested" => {
            let (why, tried) = (next()?, next()?);
            let reason = format!("{why} (tried: `{tried}`)");
            When::NotTested { reason }
        }
        _ => return None,
    };
    let fault = Fault {
        number: number(name)?,
        when,
        what: what.to_owned(),
        expected: expected.to_owned(),
    };
    columns.next().is_none().then_some(fault)
}

/// The number of a fault that is named as `F7`.
pub(super) fn number(name: &str) -> Option<u8> {
    let digits = name.strip_prefix(['F', 'f'])?;
    let number = digits.parse().ok()?;
    (1..=COUNT).contains(&number).then_some(number)
}
