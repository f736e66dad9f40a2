//! The template's routes equal those of the API. A missing one would be a 404 in the cloud only.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

#[test]
fn the_template_routes_exactly_the_operations_of_the_document() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let template = fs::read_to_string(folder.join("../infra/template.yaml"))?;
    let routed: BTreeSet<String> = template
        .split("RouteKey: \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    let document: Value = serde_json::from_slice(&fs::read(folder.join("openapi.json"))?)?;
    let mut documented = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        documented.extend(
            operations
                .as_object()
                .into_iter()
                .flatten()
                .map(|(method, _)| format!("{} {path}", method.to_uppercase())),
        );
    }
    assert_eq!(routed, documented);
    let routes: Vec<&str> = template.lines().filter(|line| line.contains("RouteKey:")).collect();
    assert_eq!(routes.len(), routed.len());
    for route in routes {
        assert!(
            route.contains("AuthorizationType: CUSTOM, AuthorizerId: !Ref ApiAuthorizer"),
            "nobody asks whose the token is: {route}"
        );
    }
    Ok(())
}

/// The captured requests under `events/` are documentation and input of `make invoke`: a renamed
/// route or parameter would make them fail.
#[test]
fn every_captured_request_uses_a_documented_route_and_parameters() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document: Value = serde_json::from_slice(&fs::read(folder.join("openapi.json"))?)?;
    let mut requests = 0;
    for file in fs::read_dir(folder.join("../events"))? {
        let path = file?.path();
        let event: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let Some((method, route)) =
            event["routeKey"].as_str().and_then(|route| route.split_once(' '))
        else {
            continue;
        };
        let operation = &document["paths"][route][method.to_lowercase()];
        assert!(operation.is_object(), "{}: no operation {method} {route}", path.display());
        let documented = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query");
        let documented: BTreeSet<&str> =
            documented.filter_map(|parameter| parameter["name"].as_str()).collect();
        let query = event["rawQueryString"]
            .as_str()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        for name in query.filter_map(|pair| pair.split('=').next()) {
            assert!(
                documented.contains(name),
                "{}: {route} has no parameter {name}",
                path.display()
            );
        }
        requests += 1;
    }
    assert!(requests >= 10, "{requests}");
    Ok(())
}
