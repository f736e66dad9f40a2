//! Records of the table's stream, and the items in them: DynamoDB's JSON, in which binary is base64.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use data_encoding::BASE64;
use serde_json::Value;

use super::key::Item;

/// Whether the record reports that TTL removed the item.
pub fn is_expiry(record: &Value) -> bool {
    record["eventName"] == "REMOVE"
        && record["userIdentity"]["principalId"] == "dynamodb.amazonaws.com"
}

/// The item in an image; `None` if the JSON is no image.
pub fn read(image: &Value) -> Option<Item> {
    image.as_object()?.iter().map(|(name, value)| Some((name.clone(), attribute(value)?))).collect()
}

fn attribute(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object()?.iter().next()?;
    let texts = || {
        value
            .as_array()?
            .iter()
            .map(|text| text.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    };
    Some(match kind.as_str() {
        "S" => AttributeValue::S(value.as_str()?.to_owned()),
        "N" => AttributeValue::N(value.as_str()?.to_owned()),
        "B" => AttributeValue::B(Blob::new(BASE64.decode(value.as_str()?.as_bytes()).ok()?)),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(value.as_bool()?),
        "SS" => AttributeValue::Ss(texts()?),
        "NS" => AttributeValue::Ns(texts()?),
        "M" => AttributeValue::M(read(value)?),
        "L" => AttributeValue::L(value.as_array()?.iter().map(attribute).collect::<Option<_>>()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_is_read_as_an_item() {
        let image = json!({ "pk": { "S": "demo#recording" }, "bytes": { "N": "44" }, "sha": { "B": "BwcH" }, "holds": { "SS": ["a", "b"] } });
        let item = read(&image).expect("it is an image");
        assert_eq!(item["pk"], AttributeValue::S("demo#recording".to_owned()));
        assert_eq!(item["bytes"], AttributeValue::N("44".to_owned()));
        assert_eq!(item["sha"], AttributeValue::B(Blob::new([7, 7, 7])));
        assert_eq!(item["holds"], AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn other_json_is_not_an_image() {
        for value in [
            json!(null),
            json!({ "pk": "demo" }),
            json!({ "pk": { "S": 1 } }),
            json!({ "sha": { "B": "?" } }),
            json!({ "x": { "Z": "1" } }),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }
}
