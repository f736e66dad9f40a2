//! Uploads long audio in parts, which continue after an interruption: `PUT /v1/recordings/{id}/parts`.
//!
//! The app sends the SHA-256 of every part. The response has a link for each part that S3 does not
//! have. Once S3 has all, the same request joins them. So one request begins, continues and ends an
//! upload, and may be repeated at any time.

use axum::{Json, extract::State};
use domain::{
    ids::RecordingId,
    recording::{self, Recording, Sha256},
};
use platform::{
    http::{
        Cause, Person, Problem,
        extract::{self, Path},
        operation::UploadParts,
        recording::Recording as Shown,
    },
    upload_parts::{Part, StoredPart},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, Upload};

/// The parts of the recording's audio.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UploadPartsOrder)]
pub struct Order {
    /// Bytes of every part but the last: 5 MiB to 64 MiB.
    #[schema(example = 8_388_608)]
    part_length: u64,
    /// The SHA-256 of each part, in their order: as many as the audio has parts of this length.
    #[schema(value_type = Vec<String>, max_items = 205)]
    sha256: Vec<Sha256>,
}

/// How far the upload has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UploadProgress)]
pub struct Progress {
    recording: Shown,
    /// The parts that are still missing, each with a link. Send the request again once they are
    /// uploaded. Empty when the audio is there, and the service verifies it.
    #[schema(max_items = 205)]
    missing: Vec<MissingPart>,
    /// Parts that are uploaded.
    uploaded: usize,
}

/// A part to upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingPart {
    /// Counted from 1.
    number: i32,
    /// The first byte of the part in the audio.
    offset: u64,
    upload: Upload,
}

const PART_AT_LEAST: u64 = 5 << 20;
const PART_AT_MOST: u64 = 64 << 20;

/// Begins, continues and completes the upload of a registered recording's audio in parts.
#[utoipa::path(
    put,
    path = "/v1/recordings/{id}/parts",
    tag = "upload",
    params(("id" = String, Path, description = "the recording's id")),
    request_body = Order,
    responses(
        (status = 200, description = "the parts that are missing, or none", body = Progress),
        (status = 404, description = "not-found: there is no such recording"),
        (status = 422, description = "invalid: the parts do not add up to the registered length"),
    )
)]
pub async fn put(
    State(app): State<App>,
    person: Person<UploadParts>,
    Path(id): Path<RecordingId>,
    extract::Json(order): extract::Json<Order>,
) -> Result<Json<Progress>, Problem> {
    let recording = app
        .table
        .recordings()
        .get(&person.organisation.id, id, person.now)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    if recording.user != person.user.id {
        return Err(Problem::because(Cause::NotAllowed, "only the recorded user sends the audio"));
    }
    let parts = order.parts(recording.audio.length)?;
    let all = parts.len();
    if recording.state != recording::State::Expected {
        return Ok(Json(Progress { recording: recording.into(), missing: vec![], uploaded: all }));
    }
    let Some(upload) = in_progress(&app, &recording).await? else {
        return Ok(Json(Progress { recording: recording.into(), missing: vec![], uploaded: all }));
    };
    let objects = &app.objects;
    let stored = objects.stored_parts(&recording, &upload).await.map_err(Problem::internal)?;
    let is_stored = |part: &Part| stored.get(&part.number).is_some_and(|found| is(part, found));
    let mut missing = Vec::new();
    for part in parts.iter().filter(|part| !is_stored(part)) {
        let link = objects.part_link(&recording, &upload, part, person.now).await?;
        let offset = u64::from(part.number.unsigned_abs() - 1) * order.part_length;
        missing.push(MissingPart { number: part.number, offset, upload: link.into() });
    }
    if missing.is_empty() {
        let complete = stored.into_iter().filter(|(number, _)| *number as usize <= all).collect();
        let is_joined = objects.complete_upload(&recording, &upload, &complete).await;
        if is_joined.map_err(Problem::internal)? {
            tracing::info!(recording = %recording.id, parts = all, "joined");
        } else if !objects.has_audio(&recording).await.map_err(Problem::internal)? {
            return Err(Problem::new(Cause::Busy)); // the parts have gone, or the object is going
        }
    }
    let uploaded = all - missing.len();
    Ok(Json(Progress { recording: recording.into(), missing, uploaded }))
}

/// The upload in progress, which is begun if there is none; `None` if the audio is there. 1 to 3
/// requests.
async fn in_progress(app: &App, recording: &Recording) -> Result<Option<String>, Problem> {
    let objects = &app.objects;
    if let Some(upload) = objects.upload_in_progress(recording).await.map_err(Problem::internal)? {
        return Ok(Some(upload));
    }
    if objects.has_audio(recording).await.map_err(Problem::internal)? {
        return Ok(None);
    }
    objects.begin_upload(recording).await.map(Some).map_err(Problem::internal)
}

fn is(part: &Part, stored: &StoredPart) -> bool {
    stored.length == part.length && stored.sha256 == Some(part.sha256)
}

impl Order {
    /// The parts of audio of this length.
    fn parts(&self, length: u64) -> Result<Vec<Part>, Problem> {
        if !(PART_AT_LEAST..=PART_AT_MOST).contains(&self.part_length) {
            return Err(Problem::because(
                Cause::Invalid,
                "partLength: a part has 5242880 to 67108864 bytes",
            ));
        }
        let count = length.div_ceil(self.part_length);
        if self.sha256.len() as u64 != count {
            return Err(Problem::because(
                Cause::Invalid,
                format!("sha256: audio of {length} bytes has {count} parts of this length"),
            ));
        }
        let parts = self.sha256.iter().zip(1..).map(|(sha256, number): (_, i32)| {
            let before = u64::from(number.unsigned_abs() - 1) * self.part_length;
            let length = (length - before).min(self.part_length);
            Part { number, length, sha256: *sha256 }
        });
        Ok(parts.collect())
    }
}
