//! An organisation with an administrator always retains one, even under concurrent changes.

use serde_json::{Value, json};
use tests::{
    people::{Person, found},
    request::{Answer, As},
    service::{OPERATOR, Service},
    whole,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const OMAR: As<'_> = As { organisation: "demo", user: "omar" };
const USERS: &str = "/v1/organisations/demo/users";

/// An organisation with these administrators, and Anna, who is none. Its items predate the rule.
async fn demo(administrators: &[&'static str]) -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    found(&service.table, "demo").await?;
    Person::recorded("anna").joins(&service.table, "demo").await?;
    for name in administrators {
        Person::administrator(name).joins(&service.table, "demo").await?;
    }
    Ok(service)
}

async fn administrators(service: &Service) -> anyhow::Result<Vec<String>> {
    let users =
        OPERATOR.get(&service.provision, &format!("{USERS}?limit=1000")).await?.done()?.body;
    let users = users["users"].as_array().cloned().unwrap_or_default().into_iter();
    Ok(users
        .filter(|user| user["administrator"] == true)
        .filter_map(|user| user["id"].as_str().map(str::to_owned))
        .collect())
}

fn last() -> (u16, String) {
    (409, "last-administrator".to_owned())
}

#[tokio::test]
async fn two_administrators_who_remove_each_other_concurrently_leave_one() -> anyhow::Result<()> {
    for _ in 0..20 {
        let service = demo(&["karin", "omar"]).await?;
        let ends = async |by: As<'_>, whom: &str| {
            by.patch(
                &service.admin,
                &format!("/v1/users/{whom}"),
                &json!({ "administrator": false }),
            )
            .await
        };
        let (one, other) = tokio::join!(ends(KARIN, "omar"), ends(OMAR, "karin"));
        let (one, other) = (one?, other?);
        let done = [&one, &other].into_iter().filter(|answer| answer.status.is_success()).count();
        assert_eq!(done, 1, "{one:?} {other:?}");
        assert!(
            [&one, &other]
                .into_iter()
                .any(|answer| answer.refusal() == (403, "not-allowed".to_owned())),
            "{one:?} {other:?}"
        );
        assert_eq!(administrators(&service).await?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn the_operator_names_another_administrator_before_the_last_is_removed() -> anyhow::Result<()>
{
    let service = demo(&["karin"]).await?;
    let karins = format!("{USERS}/karin");
    let demoted = whole::user(json!({ "name": "karin", "plan": "pro", "administrator": false }));
    let imported = async |users: Vec<Value>| {
        anyhow::Ok(
            service
                .imports("demo", users)
                .await?
                .iter()
                .map(|line| line["outcome"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let with_id = |id: &str, administrator: bool| {
        whole::user(json!({ "id": id, "name": id, "plan": "pro", "administrator": administrator }))
    };
    for answer in [
        OPERATOR.put(&service.provision, &karins, &demoted).await?,
        OPERATOR.patch(&service.provision, &karins, &json!({ "administrator": false })).await?,
        OPERATOR.delete(&service.provision, &karins).await?,
    ] {
        assert_eq!(answer.refusal(), last());
        assert!(
            answer.body["detail"].as_str().unwrap_or_default().contains("name another one first"),
            "{answer:?}"
        );
    }
    assert_eq!(
        imported(vec![with_id("karin", false), with_id("anna", false)]).await?,
        ["last-administrator", "unchanged"]
    );
    assert_eq!(administrators(&service).await?, ["karin"]);
    let retained =
        service.actions("demo").await?.into_iter().filter(|event| event[3] == "last-administrator");
    assert_eq!(retained.count(), 3, "the attempts are audited");

    assert_eq!(
        imported(vec![with_id("karin", false), with_id("anna", true)]).await?,
        ["changed", "changed"],
        "one for another at once"
    );
    assert_eq!(administrators(&service).await?, ["anna"]);
    OPERATOR.patch(&service.provision, &karins, &json!({ "administrator": true })).await?.done()?;
    OPERATOR.delete(&service.provision, &format!("{USERS}/anna")).await?.done()?;
    assert_eq!(administrators(&service).await?, ["karin"]);
    Ok(())
}

#[tokio::test]
async fn concurrent_removals_of_all_administrators_leave_one() -> anyhow::Result<()> {
    let names = ["karin", "omar", "lars", "siv"];
    for round in 0..5 {
        let service = demo(&names).await?;
        let (mut ends, mut answers) = (tokio::task::JoinSet::new(), Vec::new());
        for (place, name) in names.into_iter().enumerate() {
            let (provision, path) = (service.provision.clone(), format!("{USERS}/{name}"));
            ends.spawn(async move {
                loop {
                    let answer = match (place + round) % 3 {
                        0 => OPERATOR.delete(&provision, &path).await?,
                        1 => {
                            OPERATOR
                                .patch(&provision, &path, &json!({ "administrator": false }))
                                .await?
                        }
                        _ => {
                            OPERATOR
                                .put(
                                    &provision,
                                    &path,
                                    &whole::user(json!({ "name": name, "administrator": false })),
                                )
                                .await?
                        }
                    };
                    if answer.status != 429 {
                        return anyhow::Ok::<Answer>(answer);
                    }
                }
            });
        }
        while let Some(answer) = ends.join_next().await {
            answers.push(answer??);
        }
        let refused: Vec<_> = answers
            .iter()
            .filter(|answer| !answer.status.is_success())
            .map(Answer::refusal)
            .collect();
        assert_eq!(refused, [last()]);
        assert_eq!(administrators(&service).await?.len(), 1);
    }
    Ok(())
}

/// Karin makes Anna administrator and steps down. Meanwhile the operator, who still saw Anna
/// without the right, writes her without it.
#[tokio::test]
async fn a_stale_put_does_not_remove_the_only_administrator() -> anyhow::Result<()> {
    for _ in 0..10 {
        let service = demo(&["karin"]).await?;
        let annas =
            whole::user(json!({ "name": "Anna Ek", "plan": "pro", "administrator": false }));
        let named = async {
            KARIN
                .patch(&service.admin, "/v1/users/anna", &json!({ "administrator": true }))
                .await?;
            OPERATOR
                .patch(
                    &service.provision,
                    &format!("{USERS}/karin"),
                    &json!({ "administrator": false }),
                )
                .await
        };
        let path = format!("{USERS}/anna");
        let (put, _) = tokio::join!(OPERATOR.put(&service.provision, &path, &annas), named);
        put?;
        assert!(!administrators(&service).await?.is_empty());
    }
    Ok(())
}
