//! What the gateway sends, as a function's routes take it.

use axum::Router;
use lambda_http::{Adapter, Error, LambdaEvent, lambda_runtime, request::LambdaRequest, tower::ServiceExt};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a query may not hold as it is (RFC 3986, 3.4), and `lambda_http` panics at.
const UNSPELT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Answers the gateway's requests for as long as the process lives.
///
/// # Errors
/// When Lambda's runtime does not answer.
pub async fn run(router: Router) -> Result<(), Error> {
    let spelt = |event: LambdaEvent<_>| LambdaEvent { payload: spelt(event.payload), context: event.context };
    lambda_runtime::run(Adapter::from(router).map_request(spelt)).await
}

/// The request, with its query spelt as a URI's where a client did not: it says the same then.
pub fn spelt(mut request: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(request) = &mut request
        && let Some(query) = &mut request.raw_query_string
    {
        *query = utf8_percent_encode(query, UNSPELT).to_string();
    }
    request
}

#[cfg(test)]
mod tests {
    use lambda_http::{Request, RequestExt};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_that_is_no_uris_says_the_same_spelt_as_one() {
        let spelt_by = |query: &str| {
            let event = json!({
                "version": "2.0", "rawPath": "/v1/recordings", "rawQueryString": query, "headers": {}, "isBase64Encoded": false,
                "requestContext": { "stage": "$default", "http": { "method": "GET" } },
            });
            let request: LambdaRequest = serde_json::from_value(event).expect("an event");
            Request::from(spelt(request))
        };
        for note in [r#"<a b> "c"#, "d#e", "åäö\u{7f}\0\t", "50%", ""] {
            let request = spelt_by(&format!("note={note}&limit=5"));
            assert_eq!(request.query_string_parameters().first("note"), Some(note));
            assert_eq!(request.query_string_parameters().first("limit"), Some("5"));
        }
        assert_eq!(spelt_by("note=%C3%A5+b&x=%zz~").uri().query(), Some("note=%C3%A5+b&x=%zz~"));
    }
}
