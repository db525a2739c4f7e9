//! F72, F73: slow and hostile clients, and the stop.
