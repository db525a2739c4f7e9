//! F34 to F44: state is lost, or clocks are wrong.
