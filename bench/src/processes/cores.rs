use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Which core is the servers' and which the load generator's. A machine that gives us one core only has nothing to choose.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    apart: Option<(usize, usize)>,
}

impl Cores {
    /// The first core for servers, the last for the load.
    ///
    /// # Errors
    ///
    /// If the system does not say which cores there are.
    pub fn apart() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut ours = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let first = ours.next();
        let apart = first.zip(ours.next_back());
        Ok(Self { apart })
    }

    /// Nothing is pinned, for runs whose times do not count.
    #[must_use]
    pub fn shared() -> Self {
        Self { apart: None }
    }

    /// Pins this thread, and those that it starts, to the core of the load.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn pin_load(self) -> io::Result<()> {
        self.apart.map_or(Ok(()), |(_, load)| pin(load))
    }

    /// Pins this thread, and what it starts, to the servers' core.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn pin_servers(self) -> io::Result<()> {
        self.apart.map_or(Ok(()), |(server, _)| pin(server))
    }

    /// Does something on the servers' core: a process that is started there stays there.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn on_server_core<T>(self, start: impl FnOnce() -> T) -> io::Result<T> {
        self.pin_servers()?;
        let started = start();
        self.pin_load()?;
        Ok(started)
    }

    /// The cores of servers and load, for the report.
    #[must_use]
    pub fn describe(self) -> String {
        match self.apart {
            Some((server, load)) => format!("servers on core {server}, load on core {load}"),
            None => "nothing pinned".to_owned(),
        }
    }
}

fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}
