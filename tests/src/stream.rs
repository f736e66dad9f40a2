//! The table's stream records of removed items, as DynamoDB writes them.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use platform::table::{Table, key::Item};
use serde_json::{Map, Value, json};

/// Removes the item if it has expired at `now`, and returns the record of the removal.
pub async fn expire(table: &Table, key: Item, now: DateTime<Utc>) -> anyhow::Result<Option<Value>> {
    let delete = table
        .client
        .delete_item()
        .table_name(&table.name)
        .set_key(Some(key))
        .return_values(ReturnValue::AllOld);
    let delete = delete.condition_expression("expires_at <= :now");
    match delete
        .expression_attribute_values(":now", AttributeValue::N(now.timestamp().to_string()))
        .send()
        .await
    {
        Ok(answer) => Ok(Some(removed(&answer.attributes.unwrap_or_default()))),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The record of an item that the table has removed.
pub fn removed(item: &Item) -> Value {
    let keys: Item = item
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "pk" | "sk"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": "REMOVE", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-north-1", "userIdentity": { "type": "Service", "principalId": "dynamodb.amazonaws.com" },
        "dynamodb": {
            "ApproximateCreationDateTime": 1_811_160_000.0, "SequenceNumber": "4421584500000000017450439091", "SizeBytes": 520,
            "StreamViewType": "NEW_AND_OLD_IMAGES", "Keys": written(&keys), "OldImage": written(item),
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-north-1:123456789012:table/inspelning/stream/2026-11-24T12:00:00.000",
    })
}

/// An item in DynamoDB's JSON.
fn written(item: &Item) -> Value {
    Value::Object(
        item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>(),
    )
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": BASE64.encode(bytes.as_ref()) }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        other => panic!("no item of a recording holds {other:?}"),
    }
}
