//! Everything that a statement is made of, read for one organisation.

use domain::{
    billing::{self, Month, Statement, Switch, Terms, Usage, usage_from},
    ids::OrganisationId,
};

use super::{Error, Table, daily::usage};

/// What a statement is made of.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub switches: Vec<Switch>,
    /// The closed days of the month, and of the months that it puts right.
    pub usage: Usage,
    pub terms: Vec<Terms>,
}

impl Table {
    /// What the organisation's statement of `month` is made of, beside the `general` price list. 3 requests; 1 more where it puts earlier
    /// months right.
    pub async fn facts(&self, organisation: &OrganisationId, general: &[Terms], month: Month) -> Result<Facts, Error> {
        let switches = self.switches(organisation).await?;
        let mut terms = self.terms(Some(organisation)).await?;
        terms.extend_from_slice(general);
        let mut usage = usage(self.days(organisation, month.first(), month.last()).await?);
        let first = usage_from(&switches, &usage.late, &terms, month);
        if first < month.first() && !switches.is_empty() {
            usage = self::usage(self.days(organisation, first, month.last()).await?);
        }
        Ok(Facts { switches, usage, terms })
    }
}

impl Facts {
    pub fn statement(&self, month: Month) -> Statement {
        billing::month(&self.switches, &self.usage, &self.terms, month)
    }
}
