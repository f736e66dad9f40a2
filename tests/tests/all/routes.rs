//! The template's routes equal those of the API. A missing one would be a 404 in the cloud only.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

#[test]
fn the_template_routes_exactly_the_operations_of_the_document() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let template = fs::read_to_string(folder.join("../infra/template.yaml"))?;
    let routed: BTreeSet<String> =
        template.split("RouteKey: \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    let document: Value = serde_json::from_slice(&fs::read(folder.join("openapi.json"))?)?;
    let mut documented = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        documented.extend(operations.as_object().into_iter().flatten().map(|(method, _)| format!("{} {path}", method.to_uppercase())));
    }
    assert_eq!(routed, documented);
    let routes: Vec<&str> = template.lines().filter(|line| line.contains("RouteKey:")).collect();
    assert_eq!(routes.len(), routed.len());
    for route in routes {
        assert!(route.contains("AuthorizationType: CUSTOM, AuthorizerId: !Ref ApiAuthorizer"), "nobody asks whose the token is: {route}");
    }
    Ok(())
}
