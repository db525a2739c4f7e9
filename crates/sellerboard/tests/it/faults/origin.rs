//! F58 to F63, F65: the origin fails.
