//! Warns at 80 % and 100 % of an organisation's storage allowance, by an event on the bus for each.
//!
//! The event precedes the closing of the day: after a crash it may be repeated, with the same `id`.

use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};
use domain::{billing::Fill, ids::OrganisationId};
use platform::table::daily::Closed;
use serde_json::json;

use crate::Error;

/// The event bus.
#[derive(Clone, Debug)]
pub struct Warnings {
    pub client: Client,
    pub bus: String,
}

const SOURCE: &str = "kontinuerlig-inspelning";
const KIND: &str = "Storage allowance";

impl Warnings {
    /// Sends an event for each level that `closed` reaches and `before` did not. At most 1 request.
    pub async fn tell(
        &self,
        organisation: &OrganisationId,
        before: Fill,
        closed: &Closed,
        allowance: u64,
    ) -> Result<(), Error> {
        let crossed: Vec<u8> = [(Fill::Nearly, 80), (Fill::Full, 100)]
            .into_iter()
            .filter(|(level, _)| before < *level && *level <= closed.fill)
            .map(|(_, percent)| percent)
            .collect();
        if crossed.is_empty() {
            return Ok(());
        }
        let entry = |percent| {
            let detail = json!({
                "id": format!("{organisation}/{}/{percent}", closed.day.day),
                "organisation": organisation,
                "day": closed.day.day,
                "percent": percent,
                "storedBytes": closed.day.balance,
                "allowanceBytes": allowance,
            });
            let entry = PutEventsRequestEntry::builder()
                .event_bus_name(&self.bus)
                .source(SOURCE)
                .detail_type(KIND);
            entry.detail(detail.to_string()).build()
        };
        let failed = |why: Box<dyn std::error::Error + Send + Sync>| {
            Error::Warning(organisation.to_string(), why)
        };
        let put =
            self.client.put_events().set_entries(Some(crossed.into_iter().map(entry).collect()));
        let response = put.send().await.map_err(|error| failed(error.into()))?;
        match response.entries().iter().find_map(|entry| entry.error_code()) {
            Some(code) => Err(failed(code.into())),
            None => Ok(()),
        }
    }
}
