//! Canonical JSON (RFC 8785), so that equal values have equal bytes.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use thiserror::Error;

/// The largest integer that every reader of JSON has exactly (RFC 7493).
const EXACT: u64 = (1 << 53) - 1;

/// Why a value has no canonical form, or bytes are not the canonical form of one.
#[derive(Debug, Error)]
pub enum Error {
    #[error("it is not JSON of the expected kind")]
    Json(#[from] serde_json::Error),
    #[error("{0} is not an integer below 2^53")]
    Number(serde_json::Number),
    #[error("its members are not sorted, or it has other whitespace than canonical JSON")]
    NotCanonical,
}

/// The canonical bytes of a value, whose numbers are all integers.
pub fn canonical(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let value = serde_json::to_value(value)?;
    only_integers(&value)?;
    Ok(serde_json_canonicalizer::to_vec(&value)?)
}

/// Reads a value from its canonical bytes.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let value: Value = serde_json::from_slice(bytes)?;
    if canonical(&value)? != bytes {
        return Err(Error::NotCanonical);
    }
    Ok(serde_json::from_value(value)?)
}

fn only_integers(value: &Value) -> Result<(), Error> {
    match value {
        Value::Number(number) => {
            let is_exact = |number: u64| number <= EXACT;
            let exact = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            match exact.is_some_and(is_exact) {
                true => Ok(()),
                false => Err(Error::Number(number.clone())),
            }
        }
        Value::Array(values) => values.iter().try_for_each(only_integers),
        Value::Object(members) => members.values().try_for_each(only_integers),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_sorted_by_utf_16_without_whitespace() {
        let value =
            json!({ "b": 1, "a": [true, null], "å": "é\n\u{1}\"", "\u{1F600}": 1, "\u{FB33}": 2 });
        let expected =
            "{\"a\":[true,null],\"b\":1,\"å\":\"é\\n\\u0001\\\"\",\"\u{1F600}\":1,\"\u{FB33}\":2}";
        let bytes = canonical(&value).expect("canonical");
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
        assert_eq!(read::<Value>(&bytes).expect("it reads"), value);
    }

    #[test]
    fn only_exact_integers_have_a_form() {
        for good in [json!(0), json!(-9_007_199_254_740_991_i64), json!(9_007_199_254_740_991_u64)]
        {
            assert!(canonical(&good).is_ok(), "{good}");
        }
        for bad in [json!(1.5), json!(9_007_199_254_740_992_u64), json!([{ "a": 1e300 }])] {
            assert!(matches!(canonical(&bad), Err(Error::Number(_))), "{bad}");
        }
    }

    #[test]
    fn other_bytes_of_the_same_value_are_not_canonical() {
        for other in
            [&b"{\"b\":1,\"a\":2}"[..], b"{ }", b"{}\n", b"\"\\u0061\"", b"{\"a\":1,\"a\":1}"]
        {
            assert!(matches!(read::<Value>(other), Err(Error::NotCanonical)), "{other:?}");
        }
    }
}
