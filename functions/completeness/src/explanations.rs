//! The explanation of a missing call: `/v1/completeness/{day}/calls/{id}/explanation`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    completeness::CallState, delivery::Day, ids::RecordingId, phone::without_numbers,
    reason::Reason,
};
use platform::{
    http::{
        Admin, Cause, Problem,
        extract::{self, Path},
        operation::ExplainCall,
    },
    table::completeness::Explanation,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, days::compared, statement};

/// An explanation of a missing call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CallExplanation)]
pub struct Order {
    /// At least one letter, at most 500 characters. Telephone numbers in it are not stored.
    #[schema(value_type = String, example = "The phone was stolen before it had sent the call.")]
    text: Reason,
}

/// The explanation, and who gave it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explained {
    text: String,
    by: String,
    at: DateTime<Utc>,
}

/// Explains a missing call, or a gap in a phone's numbers. It replaces an earlier explanation. The
/// call remains missing, and no longer counts for the alarm. A closed statement does not change.
#[utoipa::path(
    put,
    path = "/v1/completeness/{day}/calls/{id}/explanation",
    tag = "completeness",
    params(
        ("day" = String, Path, description = "yyyy-mm-dd, in Stockholm"),
        ("id" = String, Path, description = "the id of the line"),
    ),
    request_body = Order,
    responses(
        (status = 200, description = "explained", body = Explained),
        (status = 404, description = "not-found: the day was not compared, or no such call is missing"),
    )
)]
pub async fn explain(
    State(app): State<App>,
    admin: Admin<ExplainCall>,
    Path((day, id)): Path<(Day, RecordingId)>,
    extract::Json(order): extract::Json<Order>,
) -> Result<Json<Explained>, Problem> {
    let totals = compared(&app, &admin, day).await?;
    let mut section = statement::section(&totals, Some(CallState::Missing));
    loop {
        let (lines, next) =
            statement::read(&app, &admin, &totals, section, None, usize::MAX).await?;
        if lines.iter().any(|line| line.id == id) {
            break;
        }
        let Some(next) = next else {
            return Err(Problem::because(
                Cause::NotFound,
                "no missing call of the day has this id; GET …/calls?state=missing lists them",
            ));
        };
        section.0 = next;
    }
    let text = Reason::stored(without_numbers(order.text.as_str()));
    let event = admin.event();
    let explanation = Explanation { text, by: event.actor.clone(), at: admin.now };
    admin.change(|event| event.reason = Some(explanation.text.to_string()));
    let (of, event) = (&admin.organisation.id, admin.event());
    app.table.completeness().explain(of, (day, id), &explanation, &event).await?;
    Ok(Json(explanation.into()))
}

impl From<Explanation> for Explained {
    fn from(explanation: Explanation) -> Self {
        let Explanation { text, by, at } = explanation;
        Self { text: text.into(), by, at }
    }
}
