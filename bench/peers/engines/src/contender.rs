//! What is timed.

use tokio::runtime::Handle;

/// A cache that holds all entries, and one way to read from it.
pub struct Contender {
    pub name: &'static str,
    /// What the call does besides looking the key up.
    pub checks: &'static str,
    reads: Box<dyn Reads>,
}

/// Reads entries one after the other on the calling thread, and gives the bytes of all bodies.
trait Reads: Send + Sync {
    fn read_all(&self, entries: &[usize]) -> usize;
}

impl Contender {
    /// A call that is not asynchronous. It gives the length of the body that it got.
    pub fn new<F>(name: &'static str, checks: &'static str, read: F) -> Self
    where
        F: Fn(usize) -> usize + Send + Sync + 'static,
    {
        let reads = Box::new(Blocking(read));
        Self {
            name,
            checks,
            reads,
        }
    }

    /// A call that is. `cache` goes to each call of `read`. To be called within a runtime.
    pub fn new_async<C, F>(name: &'static str, checks: &'static str, cache: C, read: F) -> Self
    where
        C: Send + Sync + 'static,
        F: AsyncFn(&C, usize) -> usize + Send + Sync + 'static,
    {
        let reads = Box::new(Async {
            runtime: Handle::current(),
            cache,
            read,
        });
        Self {
            name,
            checks,
            reads,
        }
    }

    pub fn read_all(&self, entries: &[usize]) -> usize {
        self.reads.read_all(entries)
    }
}

struct Blocking<F>(F);

impl<F> Reads for Blocking<F>
where
    F: Fn(usize) -> usize + Send + Sync,
{
    fn read_all(&self, entries: &[usize]) -> usize {
        entries.iter().map(|entry| self.0(*entry)).sum()
    }
}

struct Async<C, F> {
    runtime: Handle,
    cache: C,
    read: F,
}

impl<C, F> Reads for Async<C, F>
where
    C: Send + Sync,
    F: AsyncFn(&C, usize) -> usize + Send + Sync,
{
    fn read_all(&self, entries: &[usize]) -> usize {
        self.runtime.block_on(async {
            let mut bytes = 0;
            for entry in entries {
                bytes += (self.read)(&self.cache, *entry).await;
            }
            bytes
        })
    }
}
