//! Invalidations that were acknowledged lately, in case the shared tier forgets them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache_core::{Scope, TenantId};

/// How long an acknowledged invalidation is remembered.
const SPAN: Duration = Duration::from_secs(60);
/// The most scopes that are remembered one by one.
const SCOPES_MAX: usize = 10_000;

/// The invalidations of this node that the shared tier confirmed within the last 60 s.
///
/// A primary that fails takes with it what it had not replicated. When the shared tier turns out to have another history,
/// what stands here is applied again. Where there is too much, scopes widen to their tenants, and tenants to all.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    invalidations: VecDeque<(Duration, TenantId, Vec<Scope>)>,
    scopes: usize,
    /// When everything was last widened to all tenants.
    all: Option<Duration>,
}

/// What the journal still knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recent {
    /// Any tenant may have been invalidated.
    All,
    Some(Vec<(TenantId, Vec<Scope>)>),
}

impl Journal {
    pub(crate) fn note(&self, now: Duration, tenant: &TenantId, scopes: &[Scope]) {
        let mut noted = self.noted.lock();
        noted.forget(now);
        noted.scopes += scopes.len();
        noted
            .invalidations
            .push_back((now, tenant.clone(), scopes.to_vec()));
        if noted.scopes > SCOPES_MAX {
            noted.widen(now);
        }
    }

    pub(crate) fn recent(&self, now: Duration) -> Recent {
        let mut noted = self.noted.lock();
        noted.forget(now);
        if noted.all.is_some() {
            return Recent::All;
        }
        let invalidations = noted.invalidations.iter();
        Recent::Some(
            invalidations
                .map(|(_, tenant, scopes)| (tenant.clone(), scopes.clone()))
                .collect(),
        )
    }
}

impl Noted {
    fn forget(&mut self, now: Duration) {
        let old = |at: &Duration| now.saturating_sub(*at) > SPAN;
        while let Some((at, _, scopes)) = self.invalidations.front()
            && old(at)
        {
            self.scopes -= scopes.len();
            self.invalidations.pop_front();
        }
        self.all = self.all.filter(|at| !old(at));
    }

    fn widen(&mut self, now: Duration) {
        let mut tenants = HashMap::new();
        for (at, tenant, _) in self.invalidations.drain(..) {
            tenants.insert(tenant, at);
        }
        if tenants.len() > SCOPES_MAX / 2 {
            self.scopes = 0;
            self.all = Some(now);
            return;
        }
        let mut widened: Vec<_> = tenants
            .into_iter()
            .map(|(tenant, at)| (at, tenant, vec![Scope::Tenant]))
            .collect();
        widened.sort_by_key(|(at, ..)| *at);
        self.scopes = widened.len();
        self.invalidations = widened.into();
    }
}

#[cfg(test)]
mod tests {
    use tenantcache_core::Tag;

    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    fn tenant(number: usize) -> TenantId {
        TenantId::new(&format!("tenant-{number}")).unwrap()
    }

    fn tag(number: usize) -> Scope {
        Scope::Tag(Tag::new(&format!("product:{number}")).unwrap())
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let journal = Journal::default();
        journal.note(START, &tenant(1), &[tag(1)]);
        journal.note(START + SPAN, &tenant(2), &[tag(2)]);
        let both = vec![(tenant(1), vec![tag(1)]), (tenant(2), vec![tag(2)])];
        assert_eq!(journal.recent(START + SPAN), Recent::Some(both));
        let later = START + SPAN + Duration::from_nanos(1);
        let second = vec![(tenant(2), vec![tag(2)])];
        assert_eq!(journal.recent(later), Recent::Some(second));
    }

    #[test]
    fn too_many_scopes_widen_to_their_tenants() {
        let journal = Journal::default();
        for number in 0..=SCOPES_MAX {
            journal.note(START, &tenant(number % 2), &[tag(number)]);
        }
        let Recent::Some(mut recent) = journal.recent(START) else {
            panic!("two tenants are not all")
        };
        recent.sort_by(|one, two| one.0.cmp(&two.0));
        let wide = vec![
            (tenant(0), vec![Scope::Tenant]),
            (tenant(1), vec![Scope::Tenant]),
        ];
        assert_eq!(recent, wide);
    }

    #[test]
    fn too_many_tenants_widen_to_all() {
        let journal = Journal::default();
        for number in 0..=SCOPES_MAX {
            journal.note(START, &tenant(number), &[tag(number)]);
        }
        assert_eq!(journal.recent(START), Recent::All);
        assert_eq!(
            journal.recent(START + SPAN + SPAN),
            Recent::Some(Vec::new())
        );
    }
}
