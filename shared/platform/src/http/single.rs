//! A response with one resource.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// Bytes of the hash in an entity tag.
const TAG: usize = 8;

/// One resource as JSON, with an entity tag of its representation (RFC 9110, 8.8.3).
#[derive(Debug)]
pub struct Single<T>(pub T);

impl<T: Serialize> IntoResponse for Single<T> {
    fn into_response(self) -> Response {
        let body = match serde_json::to_vec(&self.0) {
            Ok(body) => body,
            Err(error) => return Problem::internal(error).into_response(),
        };
        let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(&body)[..TAG]));
        ([(header::CONTENT_TYPE, "application/json".to_owned()), (header::ETAG, tag)], body)
            .into_response()
    }
}
