use std::path::{Path, PathBuf};

const APPLICATION: &str = "sellerboard";

/// The user's directories of this program.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Directories {
    /// Where state lives that may be lost only with the machine: the default of `SELLERBOARD_STATE_DIR`.
    pub state: PathBuf,
    /// Where `demo` keeps its store.
    pub data: PathBuf,
}

impl Directories {
    /// The directories by the platform's convention: `XDG_STATE_HOME` and `XDG_DATA_HOME` or their defaults,
    /// `Library/Application Support` on macOS, `LOCALAPPDATA` on Windows; without a home, `.sellerboard` in the
    /// working directory.
    ///
    /// `variable` gives a variable of the environment.
    #[must_use]
    pub fn of_user(variable: impl Fn(&str) -> Option<String>) -> Self {
        let path = |name: &str| {
            let path = variable(name).map(PathBuf::from);
            path.filter(|path| path.is_absolute())
        };
        if cfg!(windows) {
            return Self::both(path("LOCALAPPDATA"), None);
        }
        let home = path("HOME");
        if cfg!(target_os = "macos") {
            return Self::both(home, Some("Library/Application Support"));
        }
        let below_home = |relative| home.as_deref().map(|home: &Path| home.join(relative));
        let state = path("XDG_STATE_HOME").or_else(|| below_home(".local/state"));
        let data = path("XDG_DATA_HOME").or_else(|| below_home(".local/share"));
        Self {
            state: named(state),
            data: named(data),
        }
    }

    fn both(base: Option<PathBuf>, below: Option<&str>) -> Self {
        let base = base.map(|base| below.map_or(base.clone(), |below| base.join(below)));
        Self {
            state: named(base.clone()),
            data: named(base),
        }
    }
}

fn named(base: Option<PathBuf>) -> PathBuf {
    base.map_or_else(
        || PathBuf::from(".sellerboard"),
        |base| base.join(APPLICATION),
    )
}
