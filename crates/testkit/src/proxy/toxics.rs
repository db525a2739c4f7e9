//! All faults of the moment.

use super::gate::Gate;
use super::limits::Limits;
use super::pace::Paces;
use super::pushes::Pushes;
use super::replies::Rules;

/// How the network fails at the moment.
#[derive(Debug, Default)]
pub(super) struct Toxics {
    pub(super) gate: Gate,
    pub(super) paces: Paces,
    pub(super) limits: Limits,
    pub(super) rules: Rules,
    pub(super) pushes: Pushes,
}
