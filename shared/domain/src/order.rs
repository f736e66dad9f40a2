//! What an administrator orders about many recordings at once: a legal hold, other retention, an erasure.

use crate::{ids::UserId, phone::PhoneNumber};

/// Whose recordings are erased: a counterpart's, whoever spoke with them, or those of one of the organisation's users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    Counterpart(PhoneNumber),
    User(UserId),
}

impl Person {
    /// What may be kept of whom an erasure was about: a user's id, or the last two digits of a number.
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
    fn of_a_number_that_was_erased_two_digits_are_remembered() -> Result<(), crate::phone::InvalidNumber> {
        assert_eq!(Person::Counterpart("+46701234567".to_owned().try_into()?).remembered(), "…67");
        Ok(())
    }
}
