//! How a write tells whoever sends events.

use std::{collections::BTreeSet, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Names kept at most; beyond, all tenants count as woken.
const TENANTS_MAX: usize = 10_000;

/// Whose outbox may have something new.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Woken {
    /// So many wrote that their names were not kept: any tenant may have.
    All,
    /// These tenants, in byte order.
    Tenants(Vec<String>),
}

/// Carries tenants from their writes to one listener, none lost. A cheap handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signal {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    notify: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    tenants: BTreeSet<String>,
    is_overflown: bool,
}

impl Signal {
    /// Tells that `tenant` has written.
    pub(crate) fn wake(&self, tenant: String) {
        {
            let mut waiting = self.shared.waiting.lock();
            if waiting.tenants.len() < TENANTS_MAX {
                waiting.tenants.insert(tenant);
            } else if !waiting.tenants.contains(&tenant) {
                waiting.is_overflown = true;
            }
        }
        self.shared.notify.notify_one();
    }

    /// Waits until somebody has written since the last call. Cancel safe.
    pub(crate) async fn woken(&self) -> Woken {
        loop {
            if let Some(woken) = self.take() {
                return woken;
            }
            self.shared.notify.notified().await;
        }
    }

    fn take(&self) -> Option<Woken> {
        let taken = std::mem::take(&mut *self.shared.waiting.lock());
        if taken.is_overflown {
            return Some(Woken::All);
        }
        let tenants: Vec<String> = taken.tenants.into_iter().collect();
        (!tenants.is_empty()).then_some(Woken::Tenants(tenants))
    }
}

#[cfg(test)]
mod tests {
    use super::{Signal, TENANTS_MAX, Woken};

    #[tokio::test]
    async fn a_wake_before_the_wait_is_not_lost() {
        let signal = Signal::default();
        for tenant in ["b", "a", "b"] {
            signal.wake(tenant.to_owned());
        }
        let expected = Woken::Tenants(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(signal.woken().await, expected);
        let waiting = tokio::spawn({
            let signal = signal.clone();
            async move { signal.woken().await }
        });
        signal.wake("c".to_owned());
        assert_eq!(waiting.await.unwrap(), Woken::Tenants(vec!["c".to_owned()]));
    }

    #[tokio::test]
    async fn more_names_than_are_kept_are_everybody() {
        let signal = Signal::default();
        for at in 0..TENANTS_MAX {
            signal.wake(at.to_string());
        }
        signal.wake("0".to_owned());
        assert!(
            matches!(signal.woken().await, Woken::Tenants(tenants) if tenants.len() == TENANTS_MAX)
        );
        for at in 0..=TENANTS_MAX {
            signal.wake(at.to_string());
        }
        assert_eq!(signal.woken().await, Woken::All);
    }
}
