//! F1 to F7: Redis is absent, dead or silent.
