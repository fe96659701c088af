//! The result of the work on one stage.

use crate::connection::report::{Ending, Phase};

/// The largest number of reads from a server or proxy in one turn. (`MAX_HEAD` limits the whole response.)
pub(super) const READS_A_TURN: usize = 8;

/// The result of the work on a stage.
pub(in crate::connection) enum Outcome<T> {
    /// Nothing more can be done now.
    Wait,
    /// The budget of the turn is used up.
    Again,
    /// The stage has reached its end.
    Done(T),
    Failed(Ending, Phase),
}
