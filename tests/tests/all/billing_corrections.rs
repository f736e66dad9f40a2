//! The operator's corrections of activations and lines: previewed, bounded and voidable.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    call::{now, with},
    ledgers::switched,
    people::organisation,
    request::{Answer, As},
    service::{OPERATOR, Service},
};

pub(crate) const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
pub(crate) const ANNAS: &str = "/v1/organisations/demo/users/anna/activations";
pub(crate) const VOID: &str = "/v1/organisations/demo/users/anna/activations/void";

/// "demo" with the administrator Karin, and Anna, who was activated at the start of the month.
pub(crate) async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let karin = json!({ "id": "karin", "name": "Karin", "administrator": true });
    service
        .provisions("demo", [karin, json!({ "id": "anna", "name": "Anna", "plan": "pro" })])
        .await?;
    switched(&service.table, "demo", "anna", true, "2026-11-02T09:00:00+01:00").await?;
    service.requests.take();
    Ok(service)
}

pub(crate) async fn post(service: &Service, path: &str, body: &Value) -> anyhow::Result<Answer> {
    OPERATOR.post(&service.provision, path, body).await
}

/// Previews an entry, and then enters it with the preview's total.
pub(crate) async fn enters(service: &Service, path: &str, body: &Value) -> anyhow::Result<Value> {
    let preview = post(service, path, body).await?.done()?;
    assert_eq!((preview.status.as_u16(), &preview.body["preview"]), (200, &json!(true)));
    let confirmed =
        post(service, path, &with(body.clone(), json!({ "total": preview.body["total"] })))
            .await?
            .done()?;
    assert_eq!((confirmed.status.as_u16(), &confirmed.body["preview"]), (201, &json!(false)));
    assert_eq!(
        (&confirmed.body["total"], &confirmed.body["lines"]),
        (&preview.body["total"], &preview.body["lines"])
    );
    Ok(confirmed.body)
}

pub(crate) async fn total(service: &Service, month: &str) -> anyhow::Result<Value> {
    Ok(KARIN.get(&service.statements, &format!("/v1/statements/{month}")).await?.done()?.body["total"].take())
}

pub(crate) fn late(at: &str, active: bool) -> Value {
    json!({ "at": at, "active": active, "reason": "told by telephone" })
}

#[tokio::test]
async fn a_correction_is_entered_with_its_previewed_total_and_affects_only_billing()
-> anyhow::Result<()> {
    let service = demo().await?;
    let correction = late("2026-10-30T16:00:00+01:00", true);
    let preview = post(&service, ANNAS, &correction).await?.done()?.body;
    let lines: Vec<_> = preview["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| (&line["corrects"], &line["rule"], &line["amount"]))
        .collect();
    let (october, november) = (json!("2026-10"), json!(null));
    assert_eq!(
        lines,
        [
            (&november, &json!("start-fee"), &json!("-99.00")),
            (&october, &json!("start-fee"), &json!("99.00")),
            (&october, &json!("user-month"), &json!("49.00")),
        ],
        "she had been on in October, and was not switched on in November"
    );
    assert_eq!(preview["total"], "49.00");
    assert_eq!(
        service.table.activations().all(&organisation("demo")).await?.len(),
        1,
        "a preview enters nothing"
    );
    enters(&service, ANNAS, &correction).await?;
    let again =
        post(&service, ANNAS, &with(correction, json!({ "total": "49.00" }))).await?.done()?;
    assert_eq!(
        (again.status.as_u16(), &again.body["total"]),
        (200, &json!("0.00")),
        "the same again changes nothing"
    );
    let switches = service.table.activations().all(&organisation("demo")).await?;
    let put_down = switches
        .iter()
        .find(|switch| switch.at < switch.known)
        .map(|switch| (switch.on, switch.known));
    assert_eq!((switches.len(), put_down), (2, Some((true, now()))));
    assert_eq!(
        total(&service, "2026-11").await?,
        "148.00",
        "a preview is of what was known before it"
    );
    assert_eq!(total(&service.later(|| now() + TimeDelta::minutes(1)), "2026-11").await?, "197.00");
    let anna =
        OPERATOR.get(&service.provision, "/v1/organisations/demo/users/anna").await?.done()?.body;
    assert_eq!(anna["activatedAt"], Value::Null, "whether she is recorded is another matter");
    Ok(())
}

#[tokio::test]
async fn a_correction_with_a_different_total_or_an_unbillable_day_is_refused() -> anyhow::Result<()>
{
    let service = demo().await?;
    let correction = late("2026-10-30T16:00:00+01:00", true);
    for wrong in ["0.00", "49", "-49.00", "much"] {
        let refused =
            post(&service, ANNAS, &with(correction.clone(), json!({ "total": wrong }))).await?;
        assert_eq!(refused.refusal(), (409, "changed".to_owned()), "{wrong}");
        assert!(refused.text.contains("49.00"), "it states the total");
    }
    for at in [
        "2019-11-05T08:00:00Z",
        "2025-12-31T22:59:59Z",
        "0001-01-01T00:00:00Z",
        "-262143-01-01T00:00:00Z",
        "+262142-12-31T23:59:59Z",
        "2199-12-31T00:00:00Z",
        "2026-12-01T00:00:00Z",
        "yesterday",
    ] {
        for path in [ANNAS, VOID] {
            let refused = post(&service, path, &late(at, true)).await?;
            assert!([404, 422].contains(&refused.status.as_u16()), "{at} {path}: {refused:?}");
        }
        assert_eq!(
            post(&service, ANNAS, &late(at, true)).await?.refusal(),
            (422, "invalid".to_owned()),
            "{at}"
        );
    }
    for wrong in [json!({ "reason": "" }), json!({ "active": "no" }), json!({ "total": 49 })] {
        assert_eq!(
            post(&service, ANNAS, &with(correction.clone(), wrong)).await?.refusal(),
            (422, "invalid".to_owned())
        );
    }
    assert_eq!(service.table.activations().all(&organisation("demo")).await?.len(), 1);
    Ok(())
}

/// The reason for the preview: 2019 typed for 2026 produced 87 irrevocable lines, SEK 710.
#[tokio::test]
async fn a_mistaken_entry_can_be_voided_and_costs_nothing() -> anyhow::Result<()> {
    let service = demo().await?;
    let mistaken = late("2026-01-05T08:00:00Z", true);
    let entered = enters(&service, ANNAS, &mistaken).await?;
    assert_eq!(
        entered["total"], "490.00",
        "ten months of 49.00 each; her start fee moved to January"
    );
    let later = service.later(|| now() + TimeDelta::minutes(1));
    let voided = enters(&later, VOID, &mistaken).await?;
    assert_eq!(voided["total"], "-490.00");
    let last = service.later(|| now() + TimeDelta::minutes(2));
    assert_eq!(total(&last, "2026-11").await?, "148.00");
    let again =
        post(&last, VOID, &with(mistaken.clone(), json!({ "total": "-490.00" }))).await?.done()?;
    assert_eq!((again.status.as_u16(), &again.body["total"]), (200, &json!("0.00")));
    let listed = OPERATOR.get(&last.provision, ANNAS).await?.done()?.body;
    let voids: Vec<_> = listed["activations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| entry["voidedAt"].is_string())
        .collect();
    assert_eq!(voids, [true, false], "it remains, marked as void: {listed}");
    let actions: Vec<_> = service
        .actions("demo")
        .await?
        .into_iter()
        .map(|action| action[1].clone())
        .filter(|action| action.ends_with("activation") || action.ends_with("correction"))
        .collect();
    let expected = [
        "preview-correction",
        "correct-activation",
        "preview-correction",
        "void-activation",
        "void-activation",
    ];
    assert_eq!(actions, expected, "each request leaves an event");
    assert_eq!(
        post(&last, ANNAS, &mistaken).await?.refusal(),
        (409, "changed".to_owned()),
        "the moment is taken"
    );
    let unknown = post(&last, VOID, &late("2026-01-06T08:00:00Z", true)).await?;
    assert_eq!(unknown.refusal(), (404, "not-found".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_voided_mis_click_costs_nothing() -> anyhow::Result<()> {
    let service = Service::empty().await?;
    let karin = json!({ "id": "karin", "name": "Karin", "administrator": true });
    service
        .provisions("demo", [karin, json!({ "id": "anna", "name": "Anna", "plan": "pro" })])
        .await?;
    let order = |active| json!({ "users": ["anna"], "active": active });
    KARIN.post(&service.admin, "/v1/activations", &order(true)).await?.done()?;
    let clicked = json!({ "at": now(), "active": true, "reason": "a mis-click" });
    let still = post(&service.later(|| now() + TimeDelta::minutes(1)), VOID, &clicked).await?;
    assert_eq!(
        still.refusal(),
        (422, "invalid".to_owned()),
        "she would be recorded and not billed"
    );
    let minute = service.later(|| now() + TimeDelta::minutes(1));
    KARIN.post(&minute.admin, "/v1/activations", &order(false)).await?.done()?;
    assert_eq!(total(&service.later(|| now() + TimeDelta::minutes(2)), "2026-11").await?, "148.00");
    let voided = enters(&service.later(|| now() + TimeDelta::minutes(2)), VOID, &clicked).await?;
    assert_eq!(voided["total"], "-148.00");
    assert_eq!(total(&service.later(|| now() + TimeDelta::minutes(3)), "2026-11").await?, "0.00");
    Ok(())
}

#[tokio::test]
async fn an_activation_is_corrected_for_a_removed_user_but_not_for_an_unknown_one()
-> anyhow::Result<()> {
    let service = demo().await?;
    OPERATOR.delete(&service.provision, "/v1/organisations/demo/users/anna").await?.done()?;
    enters(&service, ANNAS, &late("2026-11-10T16:00:00+01:00", false)).await?;
    let before = service.table.activations().all(&organisation("demo")).await?;
    let answer = post(
        &service,
        "/v1/organisations/demo/users/nobody/activations",
        &late("2026-11-10T16:00:00+01:00", false),
    )
    .await?;
    assert_eq!(answer.refusal(), (404, "not-found".to_owned()));
    assert_eq!(service.table.activations().all(&organisation("demo")).await?, before);
    Ok(())
}

#[tokio::test]
async fn a_billed_line_is_credited_and_the_credit_withdrawn() -> anyhow::Result<()> {
    let service = demo().await?;
    switched(&service.table, "demo", "omar", true, "2026-10-05T09:00:00+02:00").await?;
    let credits = "/v1/organisations/demo/statements/2026-10/credits";
    let of = |what: Value| with(json!({ "reason": "overcharged" }), what);
    let month = of(json!({ "rule": "user-month", "user": "omar" }));
    let credited = enters(&service, credits, &month).await?;
    assert_eq!(credited["total"], "-49.00");
    assert_eq!(
        (&credited["lines"][0]["corrects"], &credited["lines"][0]["quantity"]),
        (&json!("2026-10"), &json!(-1))
    );
    let later = service.later(|| now() + TimeDelta::minutes(1));
    assert_eq!(
        post(&later, credits, &month).await?.refusal(),
        (404, "not-found".to_owned()),
        "it is credited already"
    );
    let start =
        of(json!({ "rule": "start-fee", "user": "omar", "activatedAt": "2026-10-05T07:00:00Z" }));
    assert_eq!(enters(&later, credits, &start).await?["total"], "-99.00");
    let withdrawn = enters(
        &service.later(|| now() + TimeDelta::minutes(2)),
        credits,
        &with(month, json!({ "withdrawn": true })),
    )
    .await?;
    assert_eq!(withdrawn["total"], "49.00");
    // October was never exported here, so November contains its lines and the credit of one.
    let shown = KARIN
        .get(&service.later(|| now() + TimeDelta::minutes(3)).statements, "/v1/statements/2026-11")
        .await?
        .done()?
        .body;
    let october = shown["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|line| line["corrects"] == "2026-10");
    let october: Vec<_> = october.map(|line| (&line["rule"], &line["amount"])).collect();
    assert_eq!(
        october,
        [(&json!("start-fee"), &json!("-99.00"))],
        "what was credited and withdrawn leaves nothing: {shown}"
    );
    Ok(())
}

#[tokio::test]
async fn a_credit_names_a_line_of_a_past_month() -> anyhow::Result<()> {
    let service = demo().await?;
    for (month, what, refusal) in [
        ("2026-11", json!({ "rule": "user-month", "user": "anna" }), (422, "invalid")),
        ("2026-10", json!({ "rule": "user-month", "user": "anna" }), (404, "not-found")),
        ("2026-10", json!({ "rule": "user-month" }), (422, "invalid")),
        ("2026-10", json!({ "rule": "sftp", "user": "anna" }), (422, "invalid")),
        ("2026-10", json!({ "rule": "start-fee", "user": "anna" }), (422, "invalid")),
        ("2026-10", json!({ "rule": "rent" }), (422, "invalid")),
        ("2026-10", json!({ "rule": "storage" }), (404, "not-found")),
        ("october", json!({ "rule": "storage" }), (404, "not-found")),
        ("0001-01", json!({ "rule": "storage" }), (404, "not-found")),
        ("9999-12", json!({ "rule": "storage" }), (404, "not-found")),
    ] {
        let body = with(json!({ "reason": "overcharged" }), what);
        let path = format!("/v1/organisations/demo/statements/{month}/credits");
        let answer = post(&service, &path, &body).await?;
        assert_eq!(answer.refusal(), (refusal.0, refusal.1.to_owned()), "{month} {body}");
    }
    Ok(())
}
