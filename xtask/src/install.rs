//! Installing what the checks need, with the system's own package manager, after saying so.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use crate::process;
use crate::report::{Outcome, say};

/// Something that a check needs.
#[derive(Debug)]
pub(crate) struct Need {
    /// The program looked for.
    pub(crate) program: &'static str,
    /// What it is for, to follow "needed for".
    pub(crate) purpose: &'static str,
    /// Package by package manager, in the order of [`MANAGERS`].
    packages: [&'static str; MANAGERS.len()],
}

/// The Redis server that tests start for themselves.
pub(crate) const REDIS: Need = Need {
    program: "redis-server",
    purpose: "the tests of the Redis tier",
    packages: ["redis-server", "redis", "redis", "valkey", "redis"],
};

/// The Postgres server that the checks start for the store's tests.
pub(crate) const POSTGRES: Need = Need {
    program: "postgres",
    purpose: "the store's tests on Postgres",
    packages: [
        "postgresql",
        "postgresql-server",
        "postgresql",
        "postgresql",
        "postgresql",
    ],
};

/// What checks alerts and metrics; it comes with Prometheus.
pub(crate) const PROMTOOL: Need = Need {
    program: "promtool",
    purpose: "the checks of metrics and alerts",
    packages: [
        "prometheus",
        "golang-github-prometheus",
        "prometheus",
        "prometheus",
        "prometheus",
    ],
};

/// The browser of the pages' tests; systems call it by different names.
pub(crate) const CHROMIUM: Need = Need {
    program: "chromium",
    purpose: "the tests of the web pages",
    packages: ["chromium", "chromium", "chromium", "chromium", "chromium"],
};

/// What brings axe-core, which judges whether pages can be used by everybody.
pub(crate) const NPM: Need = Need {
    program: "npm",
    purpose: "the checks of the web pages' accessibility",
    packages: ["npm", "npm", "npm", "npm", "node"],
};

/// The shared cache that one fault puts in front of the service.
pub(crate) const VARNISH: Need = Need {
    program: "varnishd",
    purpose: "the fault of a shared cache in front of the service",
    packages: ["varnish", "varnish", "varnish", "varnish", "varnish"],
};

struct Manager {
    program: &'static str,
    install: &'static [&'static str],
    /// Run once before an install; without it a fresh container knows no package.
    refresh: Option<&'static [&'static str]>,
    /// Whether it wants root; Homebrew refuses it.
    as_root: bool,
}

const MANAGERS: [Manager; 5] = [
    Manager {
        program: "apt-get",
        install: &["install", "-y", "--no-install-recommends"],
        refresh: Some(&["update"]),
        as_root: true,
    },
    Manager {
        program: "dnf",
        install: &["install", "-y"],
        refresh: None,
        as_root: true,
    },
    Manager {
        program: "apk",
        install: &["add", "--no-cache"],
        refresh: None,
        as_root: true,
    },
    Manager {
        program: "pacman",
        install: &["-Sy", "--noconfirm"],
        refresh: None,
        as_root: true,
    },
    Manager {
        program: "brew",
        install: &["install"],
        refresh: None,
        as_root: false,
    },
];

/// How we may act as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    None,
    Root,
    Sudo,
}

/// Installs what `need` names.
///
/// # Errors
///
/// What the user has to install by hand, and why we did not.
pub(crate) fn install(need: &Need) -> Result<(), String> {
    let Need {
        program, purpose, ..
    } = need;
    let found = MANAGERS
        .iter()
        .zip(need.packages)
        .find(|(manager, _)| process::find(manager.program).is_some());
    let Some((manager, package)) = found else {
        return Err(format!(
            "`{program}` is missing, needed for {purpose}: install it and run again"
        ));
    };
    let by_hand = by_hand(manager, package);
    let rights = if manager.as_root {
        rights()
    } else {
        Rights::Root
    };
    if rights == Rights::None {
        return Err(format!(
            "`{program}` is missing, needed for {purpose}, and there are no rights to install it; \
             as root run: {by_hand}"
        ));
    }
    say(&format!(
        "`{program}` is missing, needed for {purpose}: installing package {package}"
    ));
    if let Some(refresh) = manager.refresh {
        // An index that is out of reach may still know the package.
        let _ = process::run(command(manager, rights).args(refresh));
    }
    match process::run(command(manager, rights).args(manager.install).arg(package)) {
        Outcome::Failed(reason) => Err(format!(
            "failed to install {package}: {reason}; try: {by_hand}"
        )),
        Outcome::Passed | Outcome::Skipped(_) => Ok(()),
    }
}

/// Whether Varnish is there; packages put it where only root's `PATH` leads.
pub(crate) fn has_varnish() -> bool {
    let folders = ["/usr/sbin", "/usr/local/sbin"];
    let mut files = folders
        .iter()
        .map(|folder| Path::new(folder).join(VARNISH.program));
    process::find(VARNISH.program).is_some() || files.any(|file| process::is_executable(&file))
}

/// Whether there is a browser, by one of the names that the tests know.
pub(crate) fn has_chromium() -> bool {
    let names = [
        CHROMIUM.program,
        "chromium-browser",
        "google-chrome",
        "chrome",
    ];
    names.iter().any(|name| process::find(name).is_some())
}

fn by_hand(manager: &Manager, package: &str) -> String {
    format!(
        "{} {} {package}",
        manager.program,
        manager.install.join(" ")
    )
}

fn command(manager: &Manager, rights: Rights) -> Command {
    // Through `env`, since sudo drops the caller's environment. The run level keeps Debian's packages
    // from starting a server of the system's own: the tests start theirs.
    let mut words = vec![
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "RUNLEVEL=1",
        manager.program,
    ];
    if rights == Rights::Sudo {
        words.insert(0, "sudo");
    }
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

fn rights() -> Rights {
    if is_root() {
        return Rights::Root;
    }
    let asks = process::find("sudo").is_some() && std::io::stdin().is_terminal();
    if asks || process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        Rights::Sudo
    } else {
        Rights::None
    }
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).as_deref() == Some("0")
}
