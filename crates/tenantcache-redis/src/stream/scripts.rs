use redis::Script;

/// The scripts, each of which uses the stream's key only. They write nothing that Redis refuses when it is full.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) keep: Script,
    pub(super) read: Script,
    pub(super) settle: Script,
}

macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(
            "#!lua flags=allow-oom\n",
            include_str!("lua/ids.lua"),
            include_str!($file)
        ))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            keep: script!("lua/keep.lua"),
            read: script!("lua/read.lua"),
            settle: script!("lua/settle.lua"),
        }
    }
}
