//! The facts from which an organisation's statements are calculated, and the operator's additions.
//!
//! | item         | attribute | what |
//! |--------------|-----------|------|
//! | base service | `on`      | whether it began or ended |
//! | credit       | `month`, `rule`, `user`, `activated` | the credited line; `activated` in Unix milliseconds |
//! |              | `waived`  | whether it is waived, or billed again |
//! | both         | `by`      | who recorded it |

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    billing::{BaseChange, BaseService, Credit, Ledger, Month, Named, Terms, Used, usage_from},
    ids::OrganisationId,
};

use super::{
    BadItem, Error, Ledgers,
    attributes::{flag, n, named, number, optional_instant, optional_parsed, parsed, s, text},
    audit::Event,
    claim::Claim,
    commit::Committed,
    daily::usage,
    key::{self, Item},
    write::Write,
};

impl Ledgers<'_> {
    /// When the organisation had the base service. 1 request for each MB.
    pub async fn base_service(self, organisation: &OrganisationId) -> Result<BaseService, Error> {
        Ok(read(&self.0.all(key::of_organisation(organisation), "").await?)?.0)
    }

    /// The facts of the organisation's statement of `month`, with the `general` price list. 4
    /// requests; 1 more if the statement corrects earlier months.
    pub async fn of_month(
        self,
        organisation: &OrganisationId,
        general: &[Terms],
        month: Month,
    ) -> Result<Ledger, Error> {
        let (mut ledger, _) = self.agreements(organisation, general).await?;
        self.fill(organisation, &mut ledger, month).await?;
        Ok(ledger)
    }

    /// The ledger without storage, and the services in use except SFTP. 3 requests.
    pub async fn agreements(
        self,
        organisation: &OrganisationId,
        general: &[Terms],
    ) -> Result<(Ledger, Used), Error> {
        let (switches, acknowledged) =
            self.0.activations().with_acknowledgements(organisation).await?;
        let mut terms = self.0.prices().all(Some(organisation)).await?;
        terms.extend_from_slice(general);
        let items = self.0.all(key::of_organisation(organisation), "").await?;
        let (base, credits, used) = read(&items)?;
        Ok((
            Ledger { switches, terms, base, credits, ..Ledger::default() },
            Used { acknowledged, ..used },
        ))
    }

    /// Adds the storage of `month` and of the months that it corrects. 1 request, or 2.
    pub async fn fill(
        self,
        organisation: &OrganisationId,
        ledger: &mut Ledger,
        month: Month,
    ) -> Result<(), Error> {
        ledger.usage =
            usage(self.0.days().between(organisation, month.first(), month.last()).await?);
        let first = usage_from(ledger, month);
        if first < month.first() && !ledger.switches.is_empty() {
            ledger.usage = usage(self.0.days().between(organisation, first, month.last()).await?);
        }
        Ok(())
    }

    /// Waives a line or bills it again, with the audit event. 1 request.
    pub async fn put_credit(
        self,
        organisation: &OrganisationId,
        credit: &Credit,
        event: &Event,
        claim: Option<&Claim>,
    ) -> Result<Committed, Error> {
        let Credit { line: Named { month, rule, user, activated_at }, waived, known } = credit;
        let mut item = key::credit(organisation, *known, &event.request);
        item.insert("month".to_owned(), s(month));
        item.insert("rule".to_owned(), s(rule));
        item.extend(user.iter().map(|user| ("user".to_owned(), s(user))));
        item.extend(
            activated_at.iter().map(|at| ("activated".to_owned(), n(at.timestamp_millis()))),
        );
        item.insert("waived".to_owned(), AttributeValue::Bool(*waived));
        item.insert("by".to_owned(), s(&event.actor));
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item));
        writes.audit(event);
        writes.claim(claim);
        writes.commit().await
    }
}

fn read(items: &[Item]) -> Result<(BaseService, Vec<Credit>, Used), BadItem> {
    let (mut on, mut changes, mut credits, mut used) =
        (true, Vec::new(), Vec::new(), Used::default());
    for item in items {
        let place = text(item, "sk")?;
        if let Some(at) = place.strip_prefix(key::BASE_CHANGE) {
            let at = at
                .parse()
                .ok()
                .and_then(chrono::DateTime::from_timestamp_millis)
                .ok_or(BadItem { attribute: "sk" })?;
            changes.push(BaseChange { at, on: flag(item, "on")? });
        } else if let Some(moment) = place.strip_prefix(key::CREDIT) {
            credits.push(read_credit(moment, item)?);
        } else if place == "organisation" {
            on = flag(item, "base_service")?;
            (used.retention_days, used.longer_retention) =
                (number(item, "retention_days")?, flag(item, "storage_add_on")?);
        }
    }
    Ok((BaseService::of(on, changes), credits, used))
}

fn read_credit(moment: &str, item: &Item) -> Result<Credit, BadItem> {
    let line = Named {
        month: parsed(item, "month")?,
        rule: named(item, "rule")?,
        user: optional_parsed(item, "user")?,
        activated_at: optional_instant(item, "activated")?,
    };
    Ok(Credit {
        line,
        waived: flag(item, "waived")?,
        known: key::started_at(moment).ok_or(BadItem { attribute: "sk" })?,
    })
}
