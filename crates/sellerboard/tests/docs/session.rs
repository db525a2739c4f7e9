//! A page from its first block to its last.

use std::thread;
use std::time::Duration;

use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::demo::Demo;
use crate::expected::Expected;
use crate::page::{Block, Page, Role};
use crate::samples;
use crate::shell::{Outcome, Shell, read};

/// How often something is looked at that may take a while to become true.
const LOOKS_MAX: u32 = 1_500;
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
const LOG: &str = "demo.log";
/// How much of it a failure tells.
const LOG_LINES_MAX: usize = 40;
/// How a reader starts the demo, and runs another command of the program.
const DEMOS: [&str; 2] = ["cargo run --release", "sellerboard"];
const CARGO_RUN: &str = "cargo run --release -- ";
/// Looks until the demo uses its Redis.
const AWAIT_REDIS: &str =
    "until curl -s http://127.0.0.1:8000/readyz | grep -q '\"up\"'; do sleep 0.05; done";

struct Session<'a> {
    page: &'a Page,
    home: TempDir,
    demo: Demo,
    shell: Shell,
    /// What the blocks in the background print, by their names.
    beside: Vec<(&'a str, String)>,
    last: String,
    /// What nobody is to see in `home`: scripts, outputs, the log.
    kept: TempDir,
}

/// Runs every block of the page.
pub(crate) fn run(page: &Page) -> Result<(), Failed> {
    let mut session = Session::start(page);
    let ended = session.take_all();
    ended.map_err(|problem| format!("{}:{problem}\n--- log\n{}", page.path, session.log()).into())
}

impl<'a> Session<'a> {
    fn start(page: &'a Page) -> Self {
        let (home, kept) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let demo = Demo::start(&home, &kept.path().join(LOG));
        let mut shell = Shell::start(home.path(), kept.path().to_owned(), &demo.variables());
        shell.run(&demo.ports.put_into(AWAIT_REDIS));
        Self {
            page,
            home,
            demo,
            shell,
            beside: Vec::new(),
            last: String::new(),
            kept,
        }
    }

    fn take_all(&mut self) -> Result<(), String> {
        for (index, block) in self.page.blocks.iter().enumerate() {
            self.take(block, self.page.blocks.get(index + 1))
                .map_err(|problem| format!("{}: {problem}", block.line))?;
        }
        self.compare_background()
    }

    /// The end of what the demo has logged.
    fn log(&self) -> String {
        let log = read(&self.kept.path().join(LOG).display().to_string());
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_MAX)..].join("\n")
    }

    fn take(&mut self, block: &'a Block, next: Option<&Block>) -> Result<(), String> {
        let text = self.demo.ports.put_into(&block.text);
        match &block.role {
            Role::Background { name } => self.begin(name, &text)?,
            Role::Demo => self.last = demo_banner(&self.demo, &block.text)?,
            Role::Eventually => self.repeat(&text, next)?,
            Role::File { name } => std::fs::write(self.home.path().join(name), text)
                .map_err(|error| error.to_string())?,
            Role::Output { of: None } => self.compare(block, &self.last)?,
            Role::Run { exit } => {
                let outcome = self.shell.run(&program(&text));
                if outcome.exit != *exit {
                    return Err(format!("ended with {outcome}"));
                }
                self.last = outcome.stdout;
            }
            Role::Sample => samples::check(block, self.home.path())?,
            Role::Output { of: Some(_) } | Role::Unrun { .. } => {}
        }
        Ok(())
    }

    /// Starts a block in the background, and waits for its first words.
    fn begin(&mut self, name: &'a str, text: &str) -> Result<(), String> {
        let output = self.shell.run_beside(&program(text));
        let started = until(|| !read(&output).is_empty());
        self.beside.push((name, output));
        started.ok_or_else(|| "printed nothing".to_owned())
    }

    fn repeat(&mut self, text: &str, next: Option<&Block>) -> Result<(), String> {
        let shown = next.filter(|next| next.role == Role::Output { of: None });
        let shown = shown.ok_or("`eventually` needs an output to wait for")?;
        let expected = self.expected(shown);
        let mut last = None;
        let met = until(|| {
            let outcome = self.shell.run(&program(text));
            let is_met = expected.is_met_by(&outcome.stdout);
            last = Some(outcome);
            is_met
        });
        let last = last.expect("it ran at least once");
        if met.is_none() {
            return Err(format!("never printed what follows, but {last}"));
        }
        self.last = last.stdout;
        Ok(())
    }

    /// At the end of the page: what the blocks in the background printed.
    fn compare_background(&self) -> Result<(), String> {
        for block in &self.page.blocks {
            let Role::Output { of: Some(name) } = &block.role else {
                continue;
            };
            let output = self.beside.iter().find(|(known, _)| known == name);
            let (_, output) = output.ok_or_else(|| format!("nothing is called {name}"))?;
            let expected = self.expected(block);
            if until(|| expected.is_met_by(&read(output))).is_none() {
                let (line, printed) = (block.line, read(output));
                return Err(format!("{line}: {name} printed\n{printed}"));
            }
        }
        Ok(())
    }

    fn compare(&self, block: &Block, output: &str) -> Result<(), String> {
        if self.expected(block).is_met_by(output) {
            Ok(())
        } else {
            Err(format!("the output is\n{output}"))
        }
    }

    fn expected(&self, block: &Block) -> Expected {
        Expected::new(&block.language, &self.demo.ports.put_into(&block.text))
    }
}

/// The commands, by the program that was built for the test.
fn program(text: &str) -> String {
    text.replace(CARGO_RUN, "sellerboard ")
}

fn demo_banner(demo: &Demo, commands: &str) -> Result<String, String> {
    let commands = commands.lines().map(|line| {
        let (command, _) = line.split_once('#').unwrap_or((line, ""));
        command.trim()
    });
    let last = commands.rev().find(|command| !command.is_empty());
    if last.is_some_and(|last| DEMOS.contains(&last)) {
        Ok(demo.banner.clone())
    } else {
        Err(format!("a demo is started by one of {DEMOS:?}"))
    }
}

/// Looks until something is so, for 30 s or a little longer.
fn until(mut is_so: impl FnMut() -> bool) -> Option<()> {
    for _ in 0..LOOKS_MAX {
        if is_so() {
            return Some(());
        }
        thread::sleep(LOOK_INTERVAL);
    }
    None
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            exit,
            stdout,
            stderr,
        } = self;
        write!(f, "{exit}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
