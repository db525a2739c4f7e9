//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use seller_data::Store;

use crate::calls::Calls;
use crate::faults::Switch;
use crate::options::Options;
use crate::webhooks::Progress;

/// The state of one marketplace. A cheap handle.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) calls: Arc<Calls>,
    pub(crate) faults: Arc<Switch>,
    pub(crate) latency: Duration,
    pub(crate) progress: Arc<Progress>,
    pub(crate) store: Store,
}

impl AppState {
    pub(crate) fn new(store: Store, options: &Options) -> Self {
        Self {
            calls: Arc::default(),
            faults: Arc::default(),
            latency: options.latency,
            progress: Arc::default(),
            store,
        }
    }
}

impl FromRef<AppState> for Store {
    fn from_ref(state: &AppState) -> Self {
        state.store.clone()
    }
}
