//! Events as AWS sends them.

use serde_json::json;

/// The event that S3 sends for an object at `key`, which S3 percent-encodes.
pub fn created(key: &str) -> String {
    let key = key.replace('/', "%2F");
    json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-north-1", "eventTime": "2026-11-24T12:00:00.000Z",
        "eventName": "ObjectCreated:Put", "userIdentity": {}, "requestParameters": {}, "responseElements": {},
        "s3": { "s3SchemaVersion": "1.0", "bucket": { "name": "b" }, "object": { "key": key, "size": 1, "eTag": "e", "sequencer": "0" } }
    }] })
    .to_string()
}
