//! Requests of API Gateway, prepared for a function's router.

use axum::Router;
use lambda_http::{
    Adapter, Error, LambdaEvent, lambda_runtime, request::LambdaRequest, tower::ServiceExt,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::Limits;

/// Characters that a query must encode (RFC 3986, 3.4). `lambda_http` panics on them.
const NOT_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Serves API Gateway's requests within budgets, as long as the process lives.
///
/// # Errors
/// A setting of the budgets is missing, or Lambda's runtime API does not respond.
pub async fn run(router: Router) -> Result<(), Error> {
    Limits::read()?.apply();
    let encoded = |event: LambdaEvent<_>| LambdaEvent {
        payload: encode_query(event.payload),
        context: event.context,
    };
    lambda_runtime::run(Adapter::from(router).map_request(encoded)).await
}

/// Percent-encodes the query where the client did not. Its meaning does not change.
pub fn encode_query(mut request: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(request) = &mut request
        && let Some(query) = &mut request.raw_query_string
    {
        *query = utf8_percent_encode(query, NOT_IN_A_QUERY).to_string();
    }
    request
}

#[cfg(test)]
mod tests {
    use lambda_http::{Request, RequestExt};
    use serde_json::json;

    use super::*;

    #[test]
    fn encoding_a_query_does_not_change_its_meaning() {
        let written_by = |query: &str| {
            let event = json!({
                "version": "2.0", "rawPath": "/v1/recordings", "rawQueryString": query, "headers": {}, "isBase64Encoded": false,
                "requestContext": { "stage": "$default", "http": { "method": "GET" } },
            });
            let request: LambdaRequest = serde_json::from_value(event).expect("an event");
            Request::from(encode_query(request))
        };
        for note in [r#"<a b> "c"#, "d#e", "åäö\u{7f}\0\t", "50%", ""] {
            let request = written_by(&format!("note={note}&limit=5"));
            assert_eq!(request.query_string_parameters().first("note"), Some(note));
            assert_eq!(request.query_string_parameters().first("limit"), Some("5"));
        }
        assert_eq!(written_by("note=%C3%A5+b&x=%zz~").uri().query(), Some("note=%C3%A5+b&x=%zz~"));
    }
}
