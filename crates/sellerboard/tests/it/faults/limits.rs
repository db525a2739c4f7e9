//! F71, F86 to F90: bounds and what operators see.
