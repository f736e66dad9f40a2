//! Whole representations, as a PUT and an imported line need them: what a test does not mention has the plainest value.

use serde_json::{Value, json};

use crate::call::with;

/// A user: no number, Swedish, no plan, administrator as decided by others.
pub fn user(given: Value) -> Value {
    with(json!({ "phone": null, "language": "sv", "plan": null, "administrator": null }), given)
}

/// A cover: without ends, with every right; of rights that are given, those that are not mentioned are not granted.
pub fn cover(given: Value) -> Value {
    let mut cover =
        with(json!({ "from": null, "to": null, "rights": { "listen": true, "download": true, "annotate": true } }), given.clone());
    if !given["rights"].is_null() {
        cover["rights"] = with(json!({ "listen": false, "download": false, "annotate": false }), given["rights"].clone());
    }
    cover
}
