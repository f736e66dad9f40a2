//! The annotation in a request, as a JSON merge patch (RFC 7396).

use std::fmt::Display;

use domain::note::{Change, Field, Mark, Note};
use serde::{Deserialize, Deserializer, de::Error};
use utoipa::ToSchema;

/// Changes to an annotation. Absent members are unchanged; `null` or an empty text clears a member.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Patch {
    /// At most 1,000 characters.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    note: Option<Option<Note>>,
    /// The name of a mark in the organisation's legend.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "red")]
    mark: Option<Option<Mark>>,
    /// At most 128 characters on one line, as for the other two.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    field1: Option<Option<Field>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    field2: Option<Option<Field>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    field3: Option<Option<Field>>,
}

impl From<Patch> for Change {
    fn from(patch: Patch) -> Self {
        Self {
            note: patch.note,
            mark: patch.mark,
            fields: [patch.field1, patch.field2, patch.field3],
        }
    }
}

/// A member that is present: `null` or an empty text differs from an absent member.
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String, Error: Display>,
{
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    text.map(T::try_from).transpose().map(Some).map_err(D::Error::custom)
}
