//! F74 to F79, F85: names, keys and shared caches.
