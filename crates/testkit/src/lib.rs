//! Clocks, process control and checkers for the tests of tenantcache and sellerboard.
