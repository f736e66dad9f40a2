//! Imports of users who exist: only changes are written, and removing a plan ends recording.

use serde_json::json;
use tests::{request::As, service::OPERATOR, whole};

use crate::user_import::{USERS, demo, file, import, line, outcomes};

#[tokio::test]
async fn only_what_changed_is_written() -> anyhow::Result<()> {
    let service = demo().await?;
    import(&service, &file(200)).await?;
    let changed = file(200).replace("\"Användare 7\"", "\"Någon annan\"") + &line(200);
    service.requests.take();
    let outcomes = outcomes(&import(&service, &changed).await?);
    let of = |wanted: &str| {
        outcomes
            .iter()
            .filter(|(_, outcome)| outcome == wanted)
            .map(|(line, _)| *line)
            .collect::<Vec<_>>()
    };
    assert_eq!((of("unchanged").len(), of("changed"), of("created")), (199, vec![8], vec![201]));
    let actions = service.actions("demo").await?;
    let recorded: Vec<_> = actions
        .iter()
        .filter(|event| event[1] == "provision-user")
        .map(|event| event[2].as_str())
        .collect();
    assert_eq!(
        &recorded[recorded.len() - 2..],
        ["1 users", "1 users"],
        "only changes are recorded"
    );
    Ok(())
}

#[tokio::test]
async fn removing_a_plan_by_file_ends_recording() -> anyhow::Result<()> {
    let service = demo().await?;
    let lines = |plan: Option<&str>| -> String {
        (0..100)
            .map(|number| {
                whole::user(json!({ "id": format!("u{number}"), "name": "U", "plan": plan }))
                    .to_string()
                    + "\n"
            })
            .collect()
    };
    import(
        &service,
        &(lines(Some("pro"))
            + &whole::user(json!({ "id": "karin", "name": "K", "administrator": true }))
                .to_string()),
    )
    .await?;
    let users: Vec<String> = (0..100).map(|number| format!("u{number}")).collect();
    let karin = As { organisation: "demo", user: "karin" };
    karin
        .post(&service.admin, "/v1/activations", &json!({ "users": users, "active": true }))
        .await?;
    let results = import(&service, &lines(None)).await?;
    assert!(outcomes(&results).iter().all(|(_, outcome)| outcome == "changed"));
    for user in ["u0", "u48", "u49", "u99"] {
        let kinds: Vec<_> = service.activations("demo", user).await?;
        assert!(
            kinds.contains(&("deactivated", "operator:provisioning".to_owned())),
            "{user}: {kinds:?}"
        );
        assert_eq!(
            OPERATOR.get(&service.provision, &format!("{USERS}/{user}")).await?.body["recording"],
            "no-plan"
        );
    }
    Ok(())
}

/// A line without the plan ends no recording.
#[tokio::test]
async fn an_omitted_member_never_ends_recording() -> anyhow::Result<()> {
    let service = demo().await?;
    let lines = [
        json!({ "id": "anna", "name": "Anna", "plan": "pro" }),
        json!({ "id": "karin", "name": "K", "administrator": true }),
    ];
    service.provisions("demo", lines).await?;
    let karin = As { organisation: "demo", user: "karin" };
    karin
        .post(&service.admin, "/v1/activations", &json!({ "users": ["anna"], "active": true }))
        .await?
        .done()?;
    let results = import(
        &service,
        r#"{"id":"anna","name":"Anna Ny","phone":null,"language":"sv","administrator":null}"#,
    )
    .await?;
    assert_eq!((&results[0]["outcome"], &results[0]["id"]), (&json!("invalid"), &json!("anna")));
    assert!(
        results[0]["detail"].as_str().unwrap_or_default().starts_with("missing member: `plan`"),
        "{results:?}"
    );
    let anna = OPERATOR.get(&service.provision, &format!("{USERS}/anna")).await?.body;
    assert_eq!((&anna["name"], &anna["recording"]), (&json!("Anna"), &json!("not-acknowledged")));
    Ok(())
}
