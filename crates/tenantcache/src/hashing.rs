use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::{FoldHasher, SeedableRandomState};

static SHARED_SEED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(random_u64()));

/// How this process hashes keys and tenants: with a secret seed, so that nobody outside can choose some that meet. Where
/// they meet all the same, whole keys are compared.
///
/// foldhash takes a quarter of the time of SipHash. It does not withstand somebody who sees hashes or can tell from times
/// of single look-ups which keys meet. Nobody outside sees either: hashes leave the process nowhere, and a look-up takes
/// less than a thousandth of what a network adds at random. What meets is bounded by the tier's size, and costs time only.
#[derive(Clone, Debug)]
pub(crate) struct Hashing {
    random: SeedableRandomState,
    /// What is kept of a hash.
    mask: u64,
}

impl Hashing {
    /// All hashes are equal. Everything is slow, and nothing may be wrong.
    pub(crate) fn equal() -> Self {
        Self {
            mask: 0,
            ..Self::default()
        }
    }
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            random: SeedableRandomState::with_seed(random_u64(), &SHARED_SEED),
            mask: u64::MAX,
        }
    }
}

impl BuildHasher for Hashing {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher {
            inner: self.random.build_hasher(),
            mask: self.mask,
        }
    }
}

/// What [`Hashing`] builds.
#[derive(Clone)]
pub(crate) struct KeyHasher {
    inner: FoldHasher<'static>,
    mask: u64,
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.inner.write(bytes);
    }

    fn write_u8(&mut self, byte: u8) {
        self.inner.write_u8(byte);
    }

    fn write_usize(&mut self, number: usize) {
        self.inner.write_usize(number);
    }

    fn finish(&self) -> u64 {
        self.inner.finish() & self.mask
    }
}

/// From the system's cryptographic generator.
fn random_u64() -> u64 {
    getrandom::u64().expect("the system has a source of randomness")
}
