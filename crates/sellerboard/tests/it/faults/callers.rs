//! F64, F66 to F70: callers, loaders and flights.
