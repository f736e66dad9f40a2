//! The units that callers and organisations consumed in a minute, added up over all processes.
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `units`      | N    | the units that processes have added |
//! | `expires_at` | N    | Unix seconds: some minutes later |

use domain::ids::OrganisationId;

use super::{
    Budgets, Error,
    attributes::{n, number},
    key,
    write::Write,
};

/// Minutes that an item is of use, and some more.
const MINUTES: i64 = 10;

impl Budgets<'_> {
    /// Adds units that `payer` consumed in a minute, or pays back some, and returns their sum so far. 1
    /// request.
    pub async fn add(
        self,
        organisation: &OrganisationId,
        minute: i64,
        payer: &str,
        units: i64,
    ) -> Result<u64, Error> {
        let write = Write::update(key::budget(organisation, minute, payer))
            .add("units", n(units))
            .set("expires_at", n((minute + MINUTES) * 60))
            .returning();
        let item = self.0.write(write).await?.unwrap_or_else(|refused| refused.found);
        let sum: i64 = number(&item, "units")?;
        Ok(u64::try_from(sum).unwrap_or_default())
    }
}
