//! The Redis tier of tenantcache.
