use redis::Script;

/// The scripts, each of which reads or writes one tenant's keys only, and the epoch.
///
/// All but `fill` also run when the server is over its memory limit: what they write is small, and an invalidation must
/// not be refused when memory is short.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) claim: Script,
    pub(crate) epoch: Script,
    pub(crate) fill: Script,
    pub(crate) invalidate: Script,
    pub(crate) read: Script,
    pub(crate) release: Script,
}

macro_rules! script {
    ($head:literal, $file:literal) => {
        Script::new(concat!(
            $head,
            "\n",
            include_str!("lua/table.lua"),
            include_str!($file)
        ))
    };
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            claim: script!("#!lua flags=allow-oom", "lua/claim.lua"),
            epoch: script!("#!lua flags=allow-oom", "lua/epoch.lua"),
            fill: script!("#!lua", "lua/fill.lua"),
            invalidate: script!("#!lua flags=allow-oom", "lua/invalidate.lua"),
            read: script!("#!lua flags=allow-oom", "lua/read.lua"),
            release: Script::new(include_str!("lua/release.lua")),
        }
    }

    pub(crate) fn all(&self) -> [&Script; 6] {
        [
            &self.claim,
            &self.epoch,
            &self.fill,
            &self.invalidate,
            &self.read,
            &self.release,
        ]
    }
}
