//! What the real code takes from `parking_lot` and `arc_swap`, on shuttle's primitives.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use shuttle::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

/// A mutex that shuttle schedules.
#[derive(Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// A free mutex.
    pub fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    /// Waits until it is free.
    ///
    /// # Panics
    ///
    /// If a thread panicked while it held the mutex.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("no thread panics with a lock held")
    }
}

/// A lock for one writer or several readers, that shuttle schedules.
#[derive(Default)]
pub struct RwLock<T>(shuttle::sync::RwLock<T>);

impl<T> RwLock<T> {
    /// A free lock.
    pub fn new(value: T) -> Self {
        Self(shuttle::sync::RwLock::new(value))
    }

    /// Waits until nobody writes.
    ///
    /// # Panics
    ///
    /// If a thread panicked while it held the lock.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().expect("no thread panics with a lock held")
    }

    /// Waits until it is free.
    ///
    /// # Panics
    ///
    /// If a thread panicked while it held the lock.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().expect("no thread panics with a lock held")
    }
}

/// What a load gives: here a plain copy.
pub struct Guard<T>(T);

impl<T> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A value that is replaced as a whole.
pub struct ArcSwap<T>(Mutex<Arc<T>>);

impl<T> ArcSwap<T> {
    /// Holds this value first.
    pub fn from_pointee(value: T) -> Self {
        Self(Mutex::new(Arc::new(value)))
    }

    /// The value as it is.
    pub fn load(&self) -> Guard<Arc<T>> {
        Guard(self.load_full())
    }

    /// The value as it is.
    pub fn load_full(&self) -> Arc<T> {
        Arc::clone(&self.0.lock())
    }

    /// Replaces the value.
    pub fn store(&self, value: Arc<T>) {
        *self.0.lock() = value;
    }
}

/// A value that may be missing, replaced as a whole.
pub struct ArcSwapOption<T>(Mutex<Option<Arc<T>>>);

impl<T> ArcSwapOption<T> {
    /// Holds nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self(Mutex::new(None))
    }

    /// The value as it is.
    pub fn load(&self) -> Guard<Option<Arc<T>>> {
        Guard(self.load_full())
    }

    /// The value as it is.
    pub fn load_full(&self) -> Option<Arc<T>> {
        self.0.lock().clone()
    }

    /// Replaces the value.
    pub fn store(&self, value: Option<Arc<T>>) {
        *self.0.lock() = value;
    }
}

macro_rules! opaque {
    ($($name:ident),*) => {$(
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque!(ArcSwap, ArcSwapOption, Guard, Mutex, RwLock);
