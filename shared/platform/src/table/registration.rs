//! Writes a registration onto its call's item.

use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, primitives::Blob, types::ReturnValuesOnConditionCheckFailure};
use domain::recording::Recording;

use super::{
    Error, Table,
    attributes::{n, s},
    key, recording,
};

/// What a registration may be written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A call that is not registered; the user, or a system, may have annotated it already.
    Unregistered,
    /// The same, when another user has annotated it: what they said of it goes.
    AnnotatedByAnother,
    /// A call whose audio was rejected, to be sent anew.
    Rejected,
}

impl Table {
    /// Registers `recording` as expected. 1 request; 2 where another user has annotated the call.
    ///
    /// Answers with what is there instead, unchanged, when it isn't what the registration may be written over. A note or mark that came
    /// before the registration stays unless the registration brings its own.
    pub async fn register(&self, recording: &Recording, over: Over) -> Result<Option<Recording>, Error> {
        let (condition, must_be) = match over {
            Over::Unregistered => ("attribute_not_exists(#state) AND (attribute_not_exists(early) OR early = :user)", None),
            Over::AnnotatedByAnother => ("attribute_not_exists(#state)", None),
            Over::Rejected => ("#state = :rejected", Some(s("rejected"))),
        };
        let mut set = "SET #state = :expected, #at = :at, by_user = :by_user, #call = :call, #dir = :dir, peer = :peer, ms = :ms, \
                       #type = :type, #bytes = :bytes, sha = :sha, registered = :registered, expires_at = :expires_at"
            .to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key::recording(&recording.organisation, recording.id)))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_expression_attribute_values(Some(values(recording)));
        for name in ["state", "at", "call", "dir", "type", "bytes"] {
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
        if let Some(rejected) = must_be {
            update = update.expression_attribute_values(":rejected", rejected);
        }
        if over == Over::Unregistered {
            update = update.expression_attribute_values(":user", s(&recording.user));
        }
        let mut remove = vec!["why", "early"];
        if let Some(note) = &recording.annotation.note {
            set.push_str(", note = :note");
            update = update.expression_attribute_values(":note", s(String::from(note.clone())));
        } else if over == Over::AnnotatedByAnother {
            remove.push("note");
        }
        if let Some(mark) = &recording.annotation.mark {
            set.push_str(", mark = :mark");
            update = update.expression_attribute_values(":mark", s(String::from(mark.clone())));
        } else if over == Over::AnnotatedByAnother {
            remove.push("mark");
        }
        match update.update_expression(format!("{set} REMOVE {}", remove.join(", "))).send().await {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    let standing = recording::read(&recording.organisation, refused.item().unwrap_or(&key::Item::new()))?;
                    if standing.is_none() && over == Over::Unregistered {
                        return Box::pin(self.register(recording, Over::AnnotatedByAnother)).await;
                    }
                    Ok(standing)
                }
                _ => Err(error.into()),
            },
        }
    }
}

fn values(recording: &Recording) -> key::Item {
    let audio = &recording.audio;
    [
        (":expected", s("expected")),
        (":at", s(key::at(recording.started_at, recording.id))),
        (":by_user", s(key::recordings_of(&recording.organisation, &recording.user))),
        (":call", s(&recording.call)),
        (":dir", s(recording.direction)),
        (":peer", s(&recording.counterpart)),
        (":ms", n(recording.duration.num_milliseconds())),
        (":type", s(audio.content_type.as_str())),
        (":bytes", n(audio.length)),
        (":sha", aws_sdk_dynamodb::types::AttributeValue::B(Blob::new(audio.sha256.0))),
        (":registered", n(recording.registered_at.timestamp_millis())),
        (":expires_at", n(recording.expires_at.timestamp())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
