//! The troubles of a request.

use super::{Aws, Operation, Process, Service, locked};

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fate {
    Done,
    Throttled,
    /// Another request writes the same. The number chooses among the items and the reasons.
    Conflicted(usize),
    /// Only some of its parts are processed.
    Partial,
    Failed,
    Unreachable,
    /// It has its effect, and the response is an error or never comes.
    FailedAfter,
    Lost,
    /// Nothing comes, no error either: before it has an effect, or after that.
    Hung,
    HungAfter,
    CrashBefore,
    CrashAfter,
}

impl Aws {
    /// Whether a write can meet a transaction: it is one, or there was one of its item.
    fn may_conflict(&self, operation: &Operation) -> bool {
        if operation.service != Service::Table {
            return true;
        }
        let keys = operation.keys();
        let mut transacted = locked(&self.transacted);
        if operation.name != "TransactWriteItems" {
            return keys.iter().any(|key| transacted.contains(key));
        }
        transacted.extend(keys);
        true
    }

    /// Draws the fate of a request.
    pub(super) fn fate(&self, process: Option<&Process>, operation: &Operation) -> Fate {
        let weather = self.weather();
        let either = |one, other| if self.number(2) == 0 { one } else { other };
        if process.is_some_and(Process::dies_now) {
            return either(Fate::CrashBefore, Fate::CrashAfter);
        }
        // The last attempt has all of a partition's units: a share may never suffice.
        let is_undisturbed = process.is_some_and(Process::is_undisturbed);
        let units = if is_undisturbed { 1.0 } else { weather.units };
        if operation.service == Service::Table
            && self.tables().is_exhausted(&operation.name, &operation.body, units)
        {
            self.count("exhausted");
            return Fate::Throttled;
        }
        if is_undisturbed {
            return Fate::Done;
        }
        if self.happens("throttled", weather.throttled) {
            return Fate::Throttled;
        }
        if let Some(conflict) = operation.conflict()
            && self.may_conflict(operation)
            && self.happens(conflict, weather.conflicted)
        {
            return Fate::Conflicted(self.number(usize::MAX));
        }
        if let Some(partial) = operation.partial()
            && self.happens(partial, weather.partial)
        {
            return Fate::Partial;
        }
        if self.happens("failed", weather.failed) {
            return either(Fate::Failed, Fate::Unreachable);
        }
        if self.happens("lost", weather.lost) {
            return either(Fate::FailedAfter, Fate::Lost);
        }
        if self.happens("hung", weather.hung) {
            return either(Fate::Hung, Fate::HungAfter);
        }
        Fate::Done
    }
}
