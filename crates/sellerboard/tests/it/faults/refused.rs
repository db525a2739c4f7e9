//! F15 to F27: Redis answers, but says no.
