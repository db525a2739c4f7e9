//! Stands in for `tenantcache::changes` until the library has it.

use std::sync::Arc;

use tenantcache::{Scope, Tenant};

#[derive(Debug)]
pub(super) enum Change {
    #[expect(dead_code, reason = "the library will make it")]
    Everything,
    #[expect(dead_code, reason = "the library will make it")]
    Scopes(Arc<[Scope]>),
}

#[derive(Debug)]
pub(super) struct Changes;

pub(super) fn changes(_tenant: &Tenant) -> Changes {
    Changes
}

impl Changes {
    pub(super) async fn next(&mut self) -> Change {
        std::future::pending().await
    }
}
