//! Storage, cost and the operator's prices: `GET /v1/usage`, `GET /v1/statements`.

use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::{Fill, midnight};
use platform::table::{daily::Closed, statement::Exported, usage::ChangeKind};
use serde_json::{Value, json};
use tests::{
    bucket,
    call::now,
    cloud::cloud,
    ledgers::{counted, switched},
    people::organisation,
    request::As,
    requests::Requests,
    service::{OPERATOR, Service},
    terms::day,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };

/// The administrator Karin, and Anna, who was activated at the start of the month.
async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let karin = json!({ "id": "karin", "name": "Karin", "administrator": true });
    service
        .provisions("demo", [karin, json!({ "id": "anna", "name": "Anna", "plan": "pro" })])
        .await?;
    switched(&service.table, "demo", "anna", true, "2026-11-02T09:00:00+01:00").await?;
    service.requests.take();
    Ok(service)
}

fn noon(text: &str) -> DateTime<Utc> {
    midnight(day(text)) + TimeDelta::hours(12)
}

async fn closes(service: &Service, text: &str) -> anyhow::Result<()> {
    let demo = organisation("demo");
    let (day, late) = service.table.days().close_users(&demo, day(text)).await?;
    service.table.days().close(&demo, &Closed { day, late, fill: Fill::Below }).await?;
    Ok(())
}

#[tokio::test]
async fn usage_shows_today_the_balance_and_when_the_allowance_is_full() -> anyhow::Result<()> {
    let service = demo().await?;
    for (at, bytes) in [
        ("2026-11-21", 2_000_000),
        ("2026-11-22", 1_000_000),
        ("2026-11-23", 3_000_000),
        ("2026-11-24", 4_000_000),
    ] {
        counted(&service.table, "demo", "anna", ChangeKind::Stored, bytes, noon(at)).await?;
    }
    counted(&service.table, "demo", "omar", ChangeKind::Removed, 500_000, noon("2026-11-24"))
        .await?;
    for text in ["2026-11-21", "2026-11-22", "2026-11-23"] {
        closes(&service, text).await?;
    }
    service.requests.take();
    let shown = KARIN.get(&service.statements, "/v1/usage").await?.done()?.body;
    let made: u64 = service.requests.take().values().sum();
    assert_eq!(made, 8, "the caller, six lists, and the event");
    assert_eq!(shown["today"], "2026-11-24");
    let of_today =
        ["recordings", "seconds", "addedBytes", "removedBytes"].map(|name| shown[name].as_i64());
    assert_eq!(of_today, [1, 60, 4_000_000, 500_000].map(Some));
    assert_eq!(
        (&shown["storedBytes"], &shown["allowanceBytes"]),
        (&json!(9_500_000), &json!(30_000_000))
    );
    // From 2 to 6 MB in two days: 2 MB a day, and 20.5 MB remain.
    assert_eq!(shown["daysUntilFull"], 11);
    let trend: Vec<_> = shown["trend"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|day| (&day["day"], &day["storedBytes"]))
        .collect();
    assert_eq!(trend.len(), 3);
    assert_eq!(trend[2], (&json!("2026-11-23"), &json!(6_000_000)));
    assert_eq!(
        (&shown["users"][0]["user"], &shown["users"][0]["storedBytes"]),
        (&json!("anna"), &json!(10_000_000))
    );
    assert_eq!(shown["users"][1]["today"]["removedBytes"], 500_000);
    Ok(())
}

#[tokio::test]
async fn a_constant_balance_never_fills_the_allowance_and_a_full_one_is_full_now()
-> anyhow::Result<()> {
    let service = demo().await?;
    let days = async || {
        anyhow::Ok(
            KARIN.get(&service.statements, "/v1/usage").await?.done()?.body["daysUntilFull"].take(),
        )
    };
    assert_eq!(days().await?, Value::Null);
    counted(&service.table, "demo", "anna", ChangeKind::Stored, 30_000_000, now()).await?;
    assert_eq!(days().await?, 0);
    Ok(())
}

#[tokio::test]
async fn the_current_month_is_marked_as_a_preview() -> anyhow::Result<()> {
    let service = demo().await?;
    let shown = KARIN.get(&service.statements, "/v1/statements/2026-11").await?.done()?.body;
    assert_eq!(
        (&shown["preview"], &shown["total"], &shown["rules"]),
        (&json!(true), &json!("148.00"), &json!("2026-11"))
    );
    let lines: Vec<_> = shown["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| (&line["rule"], &line["amount"]))
        .collect();
    assert_eq!(
        lines,
        [(&json!("start-fee"), &json!("99.00")), (&json!("user-month"), &json!("49.00"))]
    );
    let days = ["firstDay", "lastDay", "days"].map(|name| &shown["lines"][1][name]);
    assert_eq!(days, [&json!("2026-11-02"), &json!("2026-11-24"), &json!(23)]);
    let listed = KARIN.get(&service.statements, "/v1/statements").await?.done()?.body;
    assert_eq!(
        listed["preview"],
        json!({ "total": "148.00", "lines": 2 }),
        "the list tells the same"
    );
    assert_eq!(listed["billedNotRecorded"], json!([]), "her item says that she is not switched on");
    let nonsense = KARIN.get(&service.statements, "/v1/statements/november").await?;
    assert_eq!(nonsense.refusal(), (404, "not-found".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_billed_month_is_listed_as_it_was_exported() -> anyhow::Result<()> {
    let service = demo().await?;
    let exports = bucket::exports(&cloud()?, "billed-month", &Requests::default()).await?;
    let app = billing_api::App { table: service.table.clone(), exports: exports.clone(), now };
    let router = billing_api::router(app);
    let exported =
        Exported { month: "2026-10".to_owned().try_into()?, lines: 3, total: "152.25".to_owned() };
    service.table.statements().put(&organisation("demo"), &exported).await?;
    let line = |rule, facts| {
        json!({ "rule": rule, "corrects": null, "user": null, "quantity": 1, "price": null, "priceFrom": null,
        "agreed": false, "amount": "0.00", "facts": facts, "activatedAt": null, "days": null, "meanBytes": null, "allowanceBytes": null })
    };
    let lines = [
        line("user-month", "active on 3 days from 2026-10-05 to 2026-10-07"),
        line("storage", "mean of 31 days 40000000 bytes; 1 users; included 30000000 bytes"),
        line("sftp", "from 2026-10-15"),
    ];
    let file = json!({ "month": "2026-10", "preview": false, "rules": "2026-11", "total": "152.25", "lines": lines });
    let put = exports
        .client
        .put_object()
        .bucket(&exports.name)
        .key("exports/2026-10/statements/demo.json");
    put.body(file.to_string().into_bytes().into()).send().await?;
    let listed = KARIN.get(&router, "/v1/statements").await?.done()?.body;
    assert_eq!(
        listed["statements"],
        json!([{ "month": "2026-10", "total": "152.25", "lines": 3 }])
    );
    let shown = KARIN.get(&router, "/v1/statements/2026-10").await?.done()?.body;
    let values = [
        ("users", [json!(null), json!(1), json!(null)]),
        ("firstDay", [json!("2026-10-05"), json!(null), json!("2026-10-15")]),
        ("lastDay", [json!("2026-10-07"), json!(null), json!(null)]),
    ];
    let mut expected = file;
    for (index, line) in expected["lines"].as_array_mut().into_iter().flatten().enumerate() {
        for (name, values) in &values {
            line[name] = values[index].clone();
        }
    }
    expected["count"] = json!(3);
    expected["cursor"] = Value::Null;
    assert_eq!(shown, expected, "what the file has, and the values of its texts");
    let missing = KARIN.get(&router, "/v1/statements/2026-09").await?;
    assert_eq!(missing.refusal(), (404, "not-found".to_owned()));
    let actions: Vec<_> = service
        .actions("demo")
        .await?
        .into_iter()
        .map(|action| action[1].clone())
        .filter(|action| action.contains("statement"))
        .collect();
    assert_eq!(actions, ["list-statements", "see-statement", "see-statement"]);
    Ok(())
}

#[tokio::test]
async fn the_last_price_recorded_for_a_day_applies() -> anyhow::Result<()> {
    let service = demo().await?;
    let path = "/v1/organisations/demo/prices";
    let put = async |service: &Service, from: &str, start_fee: &str| {
        let body = json!({ "prices": { "startFee": start_fee }, "services": { "sftp": true, "storageAddOnMb": 500 } });
        OPERATOR.put(&service.provision, &format!("{path}/{from}"), &body).await?.done()
    };
    put(&service, "2026-12-01", "10").await?;
    put(&service, "2026-12-01", "10.00").await?;
    let shown = OPERATOR.get(&service.provision, path).await?.done()?.body;
    assert_eq!(
        shown["terms"].as_array().map(Vec::len),
        Some(2),
        "what is put twice is written once: {shown}"
    );
    let later = service.later(|| now() + TimeDelta::hours(1));
    put(&later, "2026-12-01", "20").await?;
    let shown = OPERATOR.get(&service.provision, path).await?.done()?.body;
    let fees: Vec<_> = shown["terms"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|terms| &terms["prices"]["startFee"])
        .collect();
    assert_eq!(fees, ["99.00", "10.00", "20.00"]);
    assert_eq!(shown["terms"][2]["services"], json!({ "storageAddOnMb": 500, "sftp": true }));
    let notified = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|action| action[1] == "provision-prices" && action[2] == "2026-12-01");
    assert_eq!(notified.count(), 3, "each request leaves an event");
    let general = json!({ "prices": { "sftp": "250" } });
    let shown =
        OPERATOR.put(&service.provision, "/v1/prices/2026-01-01", &general).await?.done()?.body;
    assert_eq!(
        (&shown["terms"][0]["from"], &shown["terms"][0]["prices"]["sftp"]),
        (&json!("2026-01-01"), &json!("250.00"))
    );
    Ok(())
}
