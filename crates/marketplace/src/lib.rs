//! A mock marketplace API: slow on purpose, faults on demand.
