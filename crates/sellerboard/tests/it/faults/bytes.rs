//! F28 to F33: bytes and values that are wrong.
