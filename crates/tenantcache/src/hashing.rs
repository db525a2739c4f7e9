use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

/// How this process hashes keys and tenants: with a random seed, so that nobody outside can choose some that meet. Where
/// they meet all the same, whole keys are compared.
#[derive(Clone, Debug)]
pub(crate) struct Hashing {
    random: RandomState,
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
            random: RandomState::new(),
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
#[derive(Clone, Debug)]
pub(crate) struct KeyHasher {
    inner: DefaultHasher,
    mask: u64,
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.inner.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.inner.finish() & self.mask
    }
}
