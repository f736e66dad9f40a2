//! An import through the front door: accepted at once, and carried out by the worker's own role.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{
    door::{Door, answer},
    whole,
};

const ORGANISATION: &str = "/v1/organisations/imported";

#[tokio::test]
async fn users_are_imported_from_the_queue() -> anyhow::Result<()> {
    let door = Door::open()?;
    let operator = door.cloud.application_token("operator", "operator").await?;
    let organisation =
        json!({ "name": "Importerad AB", "baseService": true, "storageAddOn": false });
    assert_eq!(answer(door.put(ORGANISATION, &organisation), &operator).await?.0, 200);
    let mut lines: Vec<String> = (0..120)
        .map(|number| {
            whole::user(
                json!({ "id": format!("user-{number:03}"), "name": "Användare", "plan": "pro" }),
            )
            .to_string()
        })
        .collect();
    lines.push(r#"{"id":"short","name":"Kort"}"#.to_owned());
    lines.push(
        whole::user(json!({ "id": "karin", "name": "Karin", "administrator": true })).to_string(),
    );
    let import = async || {
        let post = door
            .client
            .post(format!("{}{ORGANISATION}/users", door.cloud.api))
            .header("content-type", "application/x-ndjson");
        let (status, taken) = answer(post.body(lines.join("\n")), &operator).await?;
        anyhow::ensure!(status == 202, "{status}: {taken}");
        done(&door, &operator, taken["id"].as_str().unwrap_or_default()).await
    };
    let first = import().await?;
    assert_eq!(
        (&first["lines"], &first["created"], &first["invalid"]),
        (&json!(122), &json!(121), &json!(1))
    );
    let again = import().await?;
    assert_eq!(
        (&again["unchanged"], &again["created"], &again["invalid"]),
        (&json!(121), &json!(0), &json!(1))
    );

    let path = format!(
        "{ORGANISATION}/imports/{}/results?limit=1000",
        first["id"].as_str().unwrap_or_default()
    );
    let (_, results) = answer(door.get(&path), &operator).await?;
    let short = &results["results"][120];
    assert_eq!(
        (&short["line"], &short["id"], &short["outcome"]),
        (&json!(121), &json!("short"), &json!("invalid")),
        "{short}"
    );
    assert!(short["detail"].as_str().unwrap_or_default().contains("`plan`"), "{short}");
    let (_, users) =
        answer(door.get(&format!("{ORGANISATION}/users?limit=1000")), &operator).await?;
    assert_eq!(users["users"].as_array().map(Vec::len), Some(121));

    // The last administrator remains.
    let (status, refused) =
        answer(door.delete(&format!("{ORGANISATION}/users/karin")), &operator).await?;
    assert_eq!(
        (status, &refused["type"]),
        (409, &json!("urn:kontinuerlig-inspelning:problem:last-administrator"))
    );
    Ok(())
}

/// Repeats the request until the import is done.
async fn done(door: &Door, operator: &str, import: &str) -> anyhow::Result<Value> {
    let mut refresh = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..1200 {
        refresh.tick().await;
        let (status, shown) =
            answer(door.get(&format!("{ORGANISATION}/imports/{import}")), operator).await?;
        anyhow::ensure!(status == 200, "{status}: {shown}");
        if shown["state"] == "done" {
            return Ok(shown);
        }
    }
    anyhow::bail!("the import {import} was not done after 1,200 looks")
}
