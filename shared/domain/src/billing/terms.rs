//! Prices, and the day from which they hold: the general list, and an organisation's agreement.
//!
//! Terms are never altered. Those with the latest start on or before a day hold, and of these the
//! last entered. Voided terms never held. A price that an agreement leaves out is the general one.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Rule, ledger};

/// The prices and services that hold from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub whose: Whose,
    pub from: NaiveDate,
    /// When they were entered.
    pub known: DateTime<Utc>,
    /// When the operator voided them, if so.
    pub voided: Option<DateTime<Utc>>,
    pub prices: Prices,
    /// The megabytes of the storage add-on for all users together, if there is one (P23).
    pub add_on: Option<u32>,
    /// Whether the organisation has the SFTP service (P15).
    pub sftp: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The operator's general list. Its services are ignored.
    General,
    Agreed,
}

/// The price by rule, where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    pub start_fee: Option<Price>,
    pub user_month: Option<Price>,
    pub storage: Option<Price>,
    pub add_on: Option<Price>,
    pub sftp: Option<Price>,
}

/// SEK without VAT: 0 to 1,000,000 with up to 4 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Price(Decimal);

/// The text is not a price.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a price is SEK from 0 to 1000000 with up to 4 decimals after a point, as in 49.00")]
pub struct InvalidPrice;

/// A price, and the terms that contain it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub price: Price,
    pub from: NaiveDate,
    pub whose: Whose,
}

/// The terms of `whose` that hold on `day`, from those entered before `known`.
pub fn in_force(
    terms: &[Terms],
    whose: Whose,
    day: NaiveDate,
    known: DateTime<Utc>,
) -> Option<&Terms> {
    let counts = |terms: &Terms| {
        ledger::in_force(terms.known, terms.voided, known) && ledger::counts(terms.from)
    };
    let holds = |terms: &&Terms| terms.whose == whose && terms.from <= day && counts(terms);
    terms.iter().filter(holds).max_by_key(|terms| (terms.from, terms.known))
}

/// The price of `rule` on `day`, if there is one.
pub fn price(terms: &[Terms], rule: Rule, day: NaiveDate) -> Option<Price> {
    found(terms, rule, day, DateTime::<Utc>::MAX_UTC).map(|found| found.price)
}

/// The same from terms entered before `known`, with the terms that contain it.
pub(super) fn found(
    terms: &[Terms],
    rule: Rule,
    day: NaiveDate,
    known: DateTime<Utc>,
) -> Option<Found> {
    [Whose::Agreed, Whose::General].into_iter().find_map(|whose| {
        let found = in_force(terms, whose, day, known)?;
        Some(Found { price: found.prices.of(rule)?, from: found.from, whose })
    })
}

impl Prices {
    pub fn of(&self, rule: Rule) -> Option<Price> {
        match rule {
            Rule::StartFee => self.start_fee,
            Rule::UserMonth => self.user_month,
            Rule::Storage => self.storage,
            Rule::StorageAddOn => self.add_on,
            Rule::Sftp => self.sftp,
        }
    }
}

impl Price {
    const AT_MOST: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

    pub fn sek(self) -> Decimal {
        self.0
    }

    /// `quantity` times the price, rounded to the öre, halves away from zero.
    pub fn times(self, quantity: i64) -> Decimal {
        let exact = self.0.saturating_mul(Decimal::from(quantity)); // a price has 11 digits and a quantity 19, of the 28 that fit
        let mut rounded =
            exact.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(2);
        rounded
    }

    /// The same in whole öre.
    pub fn ore(self, quantity: i64) -> i64 {
        self.times(quantity).saturating_mul(Decimal::ONE_HUNDRED).to_i64().unwrap_or(i64::MAX)
    }
}

impl TryFrom<String> for Price {
    type Error = InvalidPrice;
    fn try_from(text: String) -> Result<Self, InvalidPrice> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && text.starts_with(|first: char| first.is_ascii_digit());
        let price: Decimal = text.parse().map_err(|_| InvalidPrice)?;
        if plain && price <= Self::AT_MOST && price.scale() <= 4 {
            Ok(Self(price))
        } else {
            Err(InvalidPrice)
        }
    }
}

impl From<Price> for String {
    fn from(price: Price) -> Self {
        price.to_string()
    }
}

/// At least two decimals: `49` reads `49.00`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.normalize();
        if shown.scale() < 2 {
            shown.rescale(2);
        }
        write!(f, "{shown}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Result<Price, InvalidPrice> {
        Price::try_from(text.to_owned())
    }

    #[test]
    fn an_amount_is_rounded_once_halves_away_from_zero() -> Result<(), InvalidPrice> {
        assert_eq!(price("0.125")?.times(1).to_string(), "0.13");
        assert_eq!(price("0.125")?.times(3).to_string(), "0.38");
        assert_eq!(price("0.125")?.times(-1).to_string(), "-0.13");
        assert_eq!(price("49")?.times(2).to_string(), "98.00");
        Ok(())
    }

    #[test]
    fn a_price_reads_back_and_nonsense_is_refused() -> Result<(), InvalidPrice> {
        assert_eq!(price("49")?.to_string(), "49.00");
        assert_eq!(price("0.1250")?.to_string(), "0.125");
        for text in ["", "-1", "1e3", "1,50", "0.00001", "1000001", ".5", "+1", "1_000"] {
            assert_eq!(price(text), Err(InvalidPrice), "{text}");
        }
        Ok(())
    }
}
