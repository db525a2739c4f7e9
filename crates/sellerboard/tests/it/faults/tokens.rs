//! F80 to F84: tokens and key sets.
