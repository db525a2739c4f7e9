//! Tenants, keys, generation tables, the entry codec and policies of tenantcache.
