//! Jobs that administrators order for many recordings: a hold, another retention, an erasure.

use crate::{ids::UserId, phone::PhoneNumber};

/// Whose recordings are erased: those with a counterpart, by any user, or those of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    Counterpart(PhoneNumber),
    User(UserId),
}

impl Person {
    /// How an erased person may still be named: a user's id, or the last two digits of a number.
    pub fn remembered(&self) -> String {
        match self {
            Self::Counterpart(number) => format!("{number:?}"),
            Self::User(user) => format!("user {user}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_of_an_erased_number_are_remembered() -> Result<(), crate::phone::InvalidNumber> {
        assert_eq!(Person::Counterpart("+46701234567".to_owned().try_into()?).remembered(), "…67");
        Ok(())
    }
}
