use std::time::Duration;

use crate::nanos::Nanos;

/// How the mirror is known to be current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is the only table there is.
    Own,
    /// It is not, but the best there is in an outage.
    Provisional,
    /// It was when a read of the shared table was sent at that time; zero: there is no such read.
    ReadAt(Duration),
}

impl Proof {
    const OWN: u64 = u64::MAX;
    const PROVISIONAL: u64 = u64::MAX - 1;

    pub(super) fn to_bits(self) -> u64 {
        match self {
            Self::Own => Self::OWN,
            Self::Provisional => Self::PROVISIONAL,
            Self::ReadAt(at) => Nanos::from(at).get().min(Self::PROVISIONAL - 1),
        }
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        match bits {
            Self::OWN => Self::Own,
            Self::PROVISIONAL => Self::Provisional,
            nanos => Self::ReadAt(Duration::from_nanos(nanos)),
        }
    }
}
