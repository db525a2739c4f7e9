//! F8 to F14, F26: the network between us and Redis fails.
