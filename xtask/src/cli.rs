//! The command line: `cargo xtask COMMAND`.

use crate::{deep, faults};

/// The text of `--help`.
pub(crate) const HELP: &str = "\
The project's checks, one command each.

Usage: cargo xtask COMMAND

Commands:
  test            every check: tidy, format, clippy, alerts, tests, the pages in a browser, doc tests,
                  docs; installs what the tests need and is missing (redis-server, promtool, postgres,
                  chromium, npm), after saying so
  lint            the quick half: tidy, format, clippy
  tidy            what no other tool checks: file lengths, TODOs, licences, manifests, paths
  bench [WORKLOAD]… [--smoke] [--data DIR] [--rounds N] [--write]
                  how fast the service is beside its limits, workload by workload (see bench/README.md);
                  --smoke: only whether answers are right, in seconds; --data: real traces;
                  --write: puts the results into docs/performance.md
  bench peers [PEER]… [--question rate|stampede|outage] [--rounds N]
                  other caches beside the service, as bench/peers/README.md says
  deep [CHECK]…   what needs more tools; a missing one prints `skipped:` and the reason.
                  Checks: deny, advisories, machete, features, instructions, msrv, miri, fuzz, mutants,
                  pages (how soon something is seen), api (the API's description, by a linter and by
                  requests made up from it)
  screenshots     makes the pictures in docs/screenshots anew, in the browser
  faults [--long] [--no-storm] [--write] [F12]…
                  every fault of docs/faults.md, or those named, on real servers, then steady load under
                  one condition of Redis after the other; prints what was seen; under 30 minutes.
                  --long: what is said to last ten minutes does, instead of one; --no-storm: without the
                  load; --write: puts what was seen into docs/faults.md
  mutants-coherence [--list] [--only NAME]…
                  breaks one mechanism of the cache after the other, as xtask/mutants says, and sees
                  whether the history checker notices within 60 s; --list says what there is
  help            this text (also -h, --help)

Environment:
  SELLER_DATA_TEST_POSTGRES   URL of a Postgres server for the tests of `test`, whose user may create
                              schemas; when unset, one is started under target/ and stopped again

Exit codes: 0 all passed, 1 a step failed, 2 usage, or something required is missing.";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Measures the service.
    Bench {
        /// Those of `bench run`, save for `--write`, which takes no folder here.
        arguments: Vec<String>,
    },
    /// The checks that need more tools; all of them when none is named.
    Deep {
        /// Names out of [`deep::CHECKS`].
        checks: Vec<String>,
    },
    Faults(faults::Options),
    Help,
    Lint,
    /// Breaks the cache on purpose; in every known way when none is named.
    MutantsCoherence {
        /// Whether only to say what there is.
        list: bool,
        /// Names of files in `xtask/mutants`.
        only: Vec<String>,
    },
    /// Makes the documentation's pictures.
    Screenshots,
    Test,
    Tidy,
}

/// Reads the arguments after the program's name.
///
/// # Errors
///
/// A message for the user: what is not understood.
pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Command, String> {
    let args: Vec<String> = args.collect();
    if args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Command::Help);
    }
    let Some((name, rest)) = args.split_first() else {
        return Err("no command given".to_owned());
    };
    let command = match name.as_str() {
        "bench" => {
            return Ok(Command::Bench {
                arguments: rest.to_vec(),
            });
        }
        "deep" => return parse_deep(rest),
        "faults" => return faults::parse(rest).map(Command::Faults),
        "help" => Command::Help,
        "lint" => Command::Lint,
        "mutants-coherence" => return parse_mutants(rest),
        "screenshots" => Command::Screenshots,
        "test" => Command::Test,
        "tidy" => Command::Tidy,
        _ => return Err(format!("unknown command `{name}`")),
    };
    match rest.first() {
        Some(extra) => Err(format!("`{name}` takes no argument, got `{extra}`")),
        None => Ok(command),
    }
}

fn parse_deep(checks: &[String]) -> Result<Command, String> {
    match checks.iter().find(|name| !deep::is_check(name)) {
        Some(unknown) => Err(format!("unknown check `{unknown}`")),
        None => Ok(Command::Deep {
            checks: checks.to_vec(),
        }),
    }
}

fn parse_mutants(arguments: &[String]) -> Result<Command, String> {
    let (mut list, mut only) = (false, Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => list = true,
            "--only" => only.push(arguments.next().ok_or("`--only` needs a name")?.clone()),
            _ => {
                return Err(format!(
                    "`mutants-coherence` takes --list and --only NAME, got `{argument}`"
                ));
            }
        }
    }
    Ok(Command::MutantsCoherence { list, only })
}

#[cfg(test)]
mod tests;
