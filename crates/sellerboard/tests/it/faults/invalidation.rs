//! F45 to F57: invalidation and coherence.
