//! Writes what came of an upload: the recording stored and the storage counted, together or not at all; or the audio rejected.
//!
//! Both hold what arrived against what was registered in the condition of the write itself, so the usual case costs one request and a
//! repeated event changes nothing.

use aws_sdk_dynamodb::{
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    primitives::Blob,
    types::{AttributeValue, CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    recording::{Audio, Recording},
    search::length,
};

use super::{
    Error, Table,
    attributes::{n, s},
    key, recording,
    tombstone::is_erased,
    usage::{Change, Deed},
};

/// Audio that has come, as S3 says it is and as its bytes say how long.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    pub user: UserId,
    pub audio: Audio,
}

/// What became of a write.
#[derive(Clone, Debug)]
pub enum Outcome {
    Written,
    /// What arrived is not what is expected; this is what stands there instead.
    Otherwise(Option<Box<Recording>>),
    /// The recording was erased: nothing is expected any more.
    Erased,
}

const AS_EXPECTED: &str =
    "#state = :expected AND u = :u AND #bytes = :bytes AND sha = :sha AND #type = :type AND attribute_not_exists(erased)";

impl Table {
    /// Makes the recording stored with the measured `duration` and counts its bytes and time on the user and the day. 1 request.
    ///
    /// # Errors
    /// [`Error::Busy`] when another write of the same user's count was under way: try again.
    pub async fn store(&self, arrival: &Arrival, duration: TimeDelta, now: DateTime<Utc>) -> Result<Outcome, Error> {
        let recording = self.as_expected(arrival).update_expression("SET #state = :stored, #stored = :now, ms = :ms, l = :l");
        let recording = recording
            .expression_attribute_names("#stored", "stored")
            .expression_attribute_values(":stored", s("stored"))
            .expression_attribute_values(":now", n(now.timestamp_millis()))
            .expression_attribute_values(":ms", n(duration.num_milliseconds()))
            .expression_attribute_values(":l", s(key::recordings_lasting(&arrival.organisation, length::class(duration))));
        let usage = self.usage(&Change {
            organisation: &arrival.organisation,
            user: &arrival.user,
            deed: Deed::Stored,
            bytes: arrival.audio.length,
            duration,
            at: now,
        });
        let mut transaction = self.client.transact_write_items();
        for update in [recording, usage] {
            let update = update.build().map_err(|error| Error::Request(error.into()))?;
            transaction = transaction.transact_items(TransactWriteItem::builder().update(update).build());
        }
        match transaction.send().await {
            Ok(_) => Ok(Outcome::Written),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    otherwise(&arrival.organisation, cancelled.cancellation_reasons()).unwrap_or_else(|| Err(error.into()))
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Makes the expected recording, as it was registered at `registered_at`, rejected for `reason`. 1 request.
    ///
    /// A registration that came anew meanwhile promises other audio, and stands.
    pub async fn reject(&self, registered: &Recording, reason: &str) -> Result<Outcome, Error> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key::recording(&registered.organisation, registered.id)))
            .update_expression("SET #state = :rejected, why = :why, l = :l")
            .condition_expression("#state = :expected AND registered = :registered AND attribute_not_exists(erased)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":registered", n(registered.registered_at.timestamp_millis()))
            .expression_attribute_values(":expected", s("expected"))
            .expression_attribute_values(":rejected", s("rejected"))
            .expression_attribute_values(":why", s(reason))
            .expression_attribute_values(":l", s(key::recordings_rejected(&registered.organisation)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else { return Ok(Outcome::Written) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => stands(&registered.organisation, refused.item()),
            _ => Err(error.into()),
        }
    }

    fn as_expected(&self, arrival: &Arrival) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.name)
            .set_key(Some(key::recording(&arrival.organisation, arrival.id)))
            .condition_expression(AS_EXPECTED)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":expected", s("expected"))
            .expression_attribute_values(":u", s(key::recordings_of(&arrival.organisation, &arrival.user)))
            .expression_attribute_values(":bytes", n(arrival.audio.length))
            .expression_attribute_values(":sha", AttributeValue::B(Blob::new(arrival.audio.sha256.0)))
            .expression_attribute_values(":type", s(arrival.audio.content_type.as_str()))
    }
}

/// What a cancelled transaction says of the recording; none if it was cancelled for another cause than the condition.
fn otherwise(organisation: &OrganisationId, reasons: &[CancellationReason]) -> Option<Result<Outcome, Error>> {
    if reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
        return Some(Err(Error::Busy));
    }
    let refused = reasons.first().filter(|reason| reason.code() == Some("ConditionalCheckFailed"))?;
    Some(stands(organisation, refused.item()))
}

fn stands(organisation: &OrganisationId, item: Option<&key::Item>) -> Result<Outcome, Error> {
    if item.is_some_and(is_erased) {
        return Ok(Outcome::Erased);
    }
    let standing = item.map(|item| recording::read(organisation, item)).transpose()?.flatten();
    Ok(Outcome::Otherwise(standing.map(Box::new)))
}
