//! Jobs that administrators order for many recordings: a hold, another retention, an erasure.

use crate::{counterpart::Counterpart, ids::UserId, recording::Recording};

/// Whose recordings are erased: those with a counterpart, by any user, or those of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    Counterpart(Counterpart),
    User(UserId),
}

impl Person {
    /// Whether the recording is theirs: of the user, or with the counterpart, who may be one of several.
    pub fn concerns(&self, recording: &Recording) -> bool {
        match self {
            Self::User(user) => recording.user == *user,
            Self::Counterpart(counterpart) => {
                recording.counterpart == *counterpart
                    || recording.leg.participants.contains(counterpart)
            }
        }
    }

    /// How an erased person may still be named: a user's id, the last two digits of a number, or the
    /// kind of another counterpart.
    pub fn remembered(&self) -> String {
        match self {
            Self::Counterpart(Counterpart::Number(number)) => format!("{number:?}"),
            Self::Counterpart(other) => format!("{other:?}"),
            Self::User(user) => format!("user {user}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_of_an_erased_number_are_remembered() {
        for (counterpart, remembered) in [
            ("+46701234567", "…67"),
            ("4411", "dialled"),
            ("sip:anna@bolaget.se", "sip"),
            ("Anna", "text"),
        ] {
            assert_eq!(Person::Counterpart(counterpart.to_owned().into()).remembered(), remembered);
        }
    }
}
