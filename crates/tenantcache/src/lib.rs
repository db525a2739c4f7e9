//! A multi-tenant cache with two tiers, single flight and invalidation that cannot be undone by a late load.
