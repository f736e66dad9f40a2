//! Complete representations for PUT and import lines, with plain defaults for omitted members.

use serde_json::{Value, json};

use crate::call::with;

/// A user without number and plan, in Swedish, whose administrator right others decide.
pub fn user(given: Value) -> Value {
    with(json!({ "phone": null, "language": "sv", "plan": null, "administrator": null }), given)
}

/// A supervision without a period, with every right, or only with those that are given.
pub fn supervision(given: Value) -> Value {
    let mut supervision = with(
        json!({ "from": null, "to": null, "rights": { "listen": true, "download": true, "annotate": true } }),
        given.clone(),
    );
    if !given["rights"].is_null() {
        supervision["rights"] = with(
            json!({ "listen": false, "download": false, "annotate": false }),
            given["rights"].clone(),
        );
    }
    supervision
}
