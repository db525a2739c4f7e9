//! Stands for tenantcache's `atomic`: these are steps.

pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
