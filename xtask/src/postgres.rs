//! A Postgres server for the tests: its own data folder, a Unix socket only, gone when we are.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::install::{self, POSTGRES};
use crate::process;
use crate::report::say;

/// The variable that tells the store's tests where the server is.
pub(crate) const URL_VARIABLE: &str = "SELLER_DATA_TEST_POSTGRES";

/// A socket's path has to fit `sun_path`: 104 bytes on macOS with the ending zero, 108 on Linux.
const SOCKET_PATH_MAX: usize = 103;
const SOCKET_NAME: &str = ".s.PGSQL.5432";
const FOLDER_PREFIX: &str = "xtask-postgres-";
const START_POLLS: u32 = 600;
const START_POLL: Duration = Duration::from_millis(50);

/// Starts the server that it is given as arguments and stops it, by its process id, when the pipe on stdin
/// closes: at the latest when we die, however we die.
const KEEPER: &str = r#""$@" & pid=$!; read -r _; kill -INT "$pid" 2>/dev/null; wait "$pid""#;

/// A running server; dropping it stops it and removes its folder.
#[derive(Debug)]
pub(crate) struct Server {
    keeper: Child,
    folder: PathBuf,
}

/// Whom the server runs as: Postgres refuses root.
#[derive(Clone, Copy, Debug)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Server {
    /// Finds or installs Postgres, makes a data folder under `target`, and starts the server.
    ///
    /// # Errors
    ///
    /// Why there is none, in one line.
    pub(crate) fn start(target: &Path) -> Result<Self, String> {
        let programs = match programs() {
            Some(programs) => programs,
            None => {
                install::install(&POSTGRES)?;
                programs().ok_or("no `initdb` and `postgres` found after installing them")?
            }
        };
        let account = if install::is_root() {
            Some(unprivileged()?)
        } else {
            None
        };
        let folder = make_folder(target, account)?;
        match launch(&programs, &folder, account) {
            Ok(keeper) => Ok(Self { keeper, folder }),
            Err(reason) => {
                let _ = fs::remove_dir_all(&folder);
                Err(reason)
            }
        }
    }

    /// The URL of the server: user `postgres`, no password, over its socket.
    pub(crate) fn url(&self) -> String {
        let socket = self
            .folder
            .to_string_lossy()
            .replace('%', "%25")
            .replace('/', "%2F");
        format!(
            "postgres://postgres@localhost/postgres?host={}",
            socket.replace(' ', "%20")
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.keeper);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder with both programs; where there are several, the newest version's.
fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres"]
            .iter()
            .all(|name| process::is_executable(&folder.join(name)))
    };
    if let Some(folder) = process::find("initdb").and_then(|file| file.parent().map(PathBuf::from))
        && complete(&folder)
    {
        return Some(folder);
    }
    // Where the systems keep them off `PATH`: Debian, Red Hat, Alpine, Homebrew.
    let parents = [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/usr/libexec", "postgresql"),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
    ];
    let mut folders: Vec<(u32, PathBuf)> = parents
        .iter()
        .filter_map(|(parent, prefix)| Some((fs::read_dir(parent).ok()?, *prefix)))
        .flat_map(|(entries, prefix)| entries.flatten().map(move |entry| (entry, prefix)))
        .filter_map(|(entry, prefix)| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let rest = name.strip_prefix(prefix)?.trim_start_matches(['@', '-']);
            let version = rest
                .split('.')
                .next()
                .and_then(|major| major.parse().ok())
                .unwrap_or(0);
            let path = entry.path();
            let bin = path.join("bin");
            Some((version, if bin.is_dir() { bin } else { path }))
        })
        .filter(|(_, folder)| complete(folder))
        .collect();
    folders.sort();
    folders.pop().map(|(_, folder)| folder)
}

fn unprivileged() -> Result<Account, String> {
    let id = |flag: &str, user: &str| {
        process::output(Command::new("id").args([flag, user])).and_then(|text| text.parse().ok())
    };
    ["postgres", "nobody"]
        .iter()
        .find_map(|user| {
            Some(Account {
                uid: id("-u", user)?,
                gid: id("-g", user)?,
            })
        })
        .ok_or_else(|| "postgres refuses to run as root and there is no other account".to_owned())
}

/// Under `target`, unless its path is too long for a socket or closed to the server's account.
fn make_folder(target: &Path, account: Option<Account>) -> Result<PathBuf, String> {
    let name = format!("{FOLDER_PREFIX}{}", std::process::id());
    let parent = [target.to_owned(), std::env::temp_dir()]
        .into_iter()
        .find(|parent| fits(&parent.join(&name)) && (account.is_none() || is_open(parent)))
        .ok_or("no folder that is short enough for a socket and open to the server's account")?;
    let describe = |error: std::io::Error| format!("failed to make a data folder: {error}");
    fs::create_dir_all(&parent).map_err(describe)?;
    remove_leftovers(&parent);
    let folder = parent.join(name);
    fs::create_dir(&folder).map_err(describe)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(describe)?;
    if let Some(Account { uid, gid }) = account {
        std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).map_err(describe)?;
    }
    Ok(folder)
}

fn fits(folder: &Path) -> bool {
    folder.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_MAX
}

/// Whether everybody may pass through to `folder`.
fn is_open(folder: &Path) -> bool {
    folder
        .ancestors()
        .all(|part| part.metadata().is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

/// Removes the folders of runs that were killed. The keeper has stopped their servers; a folder whose owner is
/// alive stays.
fn remove_leftovers(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(FOLDER_PREFIX) else {
            continue;
        };
        if !process::succeeds(Command::new("sh").args(["-c", "kill -0 \"$1\"", "sh", pid])) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn launch(programs: &Path, folder: &Path, account: Option<Account>) -> Result<Child, String> {
    let data = folder.join("data");
    let mut initdb = command_as(account, &programs.join("initdb"), folder);
    initdb.arg("-D").arg(&data);
    initdb.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    let made = initdb
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("initdb: {error}"))?;
    if !made.status.success() {
        return Err(format!(
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr).trim()
        ));
    }
    let log = folder.join("log");
    let file = fs::File::create(&log).map_err(|error| format!("failed to open a log: {error}"))?;
    let errors = file
        .try_clone()
        .map_err(|error| format!("failed to open a log: {error}"))?;
    let mut keeper = command_as(account, Path::new("sh"), folder)
        .args(["-c", KEEPER, "sh"])
        .arg(programs.join("postgres"))
        .arg("-D")
        .arg(&data)
        .args(settings(folder))
        .stdin(Stdio::piped())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("failed to start postgres: {error}"))?;
    for _ in 0..START_POLLS {
        if is_ready(&data) {
            say(&format!("postgres is up in {}", folder.display()));
            return Ok(keeper);
        }
        if keeper.try_wait().is_ok_and(|status| status.is_some()) {
            break;
        }
        thread::sleep(START_POLL);
    }
    stop(&mut keeper);
    let mut text = String::new();
    let _ = fs::File::open(&log).and_then(|mut file| file.read_to_string(&mut text));
    Err(format!(
        "postgres did not start: {}",
        text.lines().last().unwrap_or("its log is empty")
    ))
}

/// Data that lives as long as one test run needs no durability; no TCP port means none can be taken.
fn settings(folder: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["-k".into(), folder.into(), "-N".into(), "300".into()];
    for setting in [
        "listen_addresses=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
    ] {
        words.extend(["-c".into(), setting.into()]);
    }
    words
}

/// The server writes its state into the last line of `postmaster.pid`.
fn is_ready(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| {
        text.lines()
            .last()
            .is_some_and(|line| line.trim() == "ready")
    })
}

fn stop(keeper: &mut Child) {
    drop(keeper.stdin.take());
    let _ = keeper.wait();
}

fn command_as(account: Option<Account>, program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

#[cfg(test)]
mod tests;
