//! Writes the outcome of an upload: recording and usage in one transaction, or the rejection.
//!
//! The condition of the write compares the audio with the registration. So the usual case costs one
//! request, and a repeated event changes nothing.

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
    usage::{Change, ChangeKind},
};

/// Uploaded audio, as S3 describes it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    pub user: UserId,
    pub audio: Audio,
}

/// The outcome of a write.
#[derive(Clone, Debug)]
pub enum Outcome {
    Written,
    /// The upload is not the expected one. Contains the current recording, if there is one.
    Otherwise(Option<Box<Recording>>),
    /// The recording was erased, so that no audio is expected.
    Erased,
}

const AS_EXPECTED: &str =
    "#state = :expected AND u = :u AND #bytes = :bytes AND sha = :sha AND #type = :type AND attribute_not_exists(erased)";

impl Table {
    /// Stores the recording with the measured `duration` and counts the user's usage. 1 request.
    ///
    /// # Errors
    /// [`Error::Busy`] if another write changes the user's usage at the same time: try again.
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
            kind: ChangeKind::Stored,
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

    /// Rejects the expected recording, as registered at `registered_at`, for `reason`. 1 request.
    ///
    /// A newer registration promises other audio and is left unchanged.
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
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => outcome_of(&registered.organisation, refused.item()),
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

/// The outcome of a cancelled transaction; `None` if neither conflict nor condition caused it.
fn otherwise(organisation: &OrganisationId, reasons: &[CancellationReason]) -> Option<Result<Outcome, Error>> {
    if reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
        return Some(Err(Error::Busy));
    }
    let refused = reasons.first().filter(|reason| reason.code() == Some("ConditionalCheckFailed"))?;
    Some(outcome_of(organisation, refused.item()))
}

fn outcome_of(organisation: &OrganisationId, item: Option<&key::Item>) -> Result<Outcome, Error> {
    if item.is_some_and(is_erased) {
        return Ok(Outcome::Erased);
    }
    let current = item.map(|item| recording::read(organisation, item)).transpose()?.flatten();
    Ok(Outcome::Otherwise(current.map(Box::new)))
}
