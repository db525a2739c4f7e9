/// Files that the service needs at most: its connections, and some for the rest.
const OPEN_FILES_MIN: u64 = 11_000;

/// Raises the process's own bound on open files, each connection being one, to what the system allows: many systems
/// start with 1,024.
pub(super) fn allow_as_many_as_possible() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        // A process that may not raise its bound keeps what it has.
        let _best_effort = setrlimit(Resource::Nofile, raised);
        if let Some(files) = getrlimit(Resource::Nofile).current
            && files < OPEN_FILES_MIN
        {
            tracing::warn!(
                files,
                "fewer open files are allowed than the service may have connections; raise the limit (ulimit -n) to {OPEN_FILES_MIN}"
            );
        }
    }
}
