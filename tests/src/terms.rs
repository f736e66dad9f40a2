//! Prices for tests.

use chrono::{DateTime, NaiveDate};
use domain::billing::{Price, Prices, Terms, Whose};
use platform::table::{Table, commit::Conflict};

use crate::people::organisation;

/// A price, from a valid text.
pub fn price(sek: &str) -> Price {
    Price::try_from(sek.to_owned()).expect("the test names a valid price")
}

/// A day, from a valid text.
pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("the test names a valid day")
}

/// Terms agreed long ago: a start fee, a monthly price, and 4.25 for each 100 MB.
pub fn agreed(start_fee: &str, user_month: &str) -> Terms {
    let [start_fee, user_month, storage] =
        [start_fee, user_month, "4.25"].map(|sek| Some(price(sek)));
    let prices = Prices { start_fee, user_month, storage, add_on: None, sftp: None };
    Terms {
        whose: Whose::Agreed,
        from: day("2026-01-01"),
        known: DateTime::UNIX_EPOCH,
        voided: None,
        prices,
        add_on: None,
        sftp: false,
    }
}

pub async fn agree(
    table: &Table,
    with: &str,
    start_fee: &str,
    user_month: &str,
) -> anyhow::Result<()> {
    match table
        .prices()
        .put(Some(&organisation(with)), &agreed(start_fee, user_month), "operator:test", None)
        .await?
    {
        Ok(()) | Err(Conflict::Exists) => Ok(()), // they were agreed before
        Err(conflict) => Err(conflict.into()),
    }
}
