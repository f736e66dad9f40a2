//! The operator's prices: bounded and voidable, and those that an older version accepted.

use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::{Terms, Whose};
use platform::table::key;
use serde_json::json;
use tests::{
    call::now,
    ledgers::moment,
    people::organisation,
    service::OPERATOR,
    terms::{agreed, day},
};

use crate::billing_corrections::{ANNAS, KARIN, VOID, demo, enters, late, post, total};

#[tokio::test]
async fn prices_are_bounded_and_can_be_voided() -> anyhow::Result<()> {
    let service = demo().await?;
    let body = json!({ "prices": { "startFee": "10", "userMonth": "5" } });
    for of in ["/v1/prices", "/v1/organisations/demo/prices"] {
        for from in [
            "0001-01-01",
            "-262143-01-01",
            "+262142-12-31",
            "2019-01-01",
            "2025-12-31",
            "2028-01-01",
            "9999-12-31",
        ] {
            let answer = OPERATOR.put(&service.provision, &format!("{of}/{from}"), &body).await?;
            assert_eq!(answer.refusal(), (422, "invalid".to_owned()), "{from}");
            assert!(answer.text.contains("2027-12-31"), "it states the last day: {}", answer.text);
        }
        for from in ["2026-01-01", "2027-12-31"] {
            let answer = OPERATOR.put(&service.provision, &format!("{of}/{from}"), &body).await?;
            answer.done()?;
        }
    }
    assert_eq!(
        total(&service.later(|| now() + TimeDelta::minutes(1)), "2026-11").await?,
        "15.00",
        "the last that was recorded for the day holds"
    );
    let minute = service.later(|| now() + TimeDelta::minutes(1));
    let void = "/v1/organisations/demo/prices/2026-01-01";
    assert_eq!(
        OPERATOR.delete(&minute.provision, void).await?.refusal(),
        (422, "invalid".to_owned()),
        "say why"
    );
    assert_eq!(
        OPERATOR
            .delete(&minute.provision, &format!("{void}?reason=typed+wrong"))
            .await?
            .done()?
            .status
            .as_u16(),
        204
    );
    assert_eq!(
        OPERATOR.delete(&minute.provision, &format!("{void}?reason=typed+wrong")).await?.refusal(),
        (404, "not-found".to_owned())
    );
    let last = service.later(|| now() + TimeDelta::minutes(2));
    assert_eq!(
        total(&last, "2026-11").await?,
        "15.00",
        "both agreed ones of the day are void, and the general list holds"
    );
    OPERATOR.delete(&minute.provision, "/v1/prices/2026-01-01?reason=typed+wrong").await?.done()?;
    assert_eq!(total(&last, "2026-11").await?, "0.00", "nothing has a price");
    OPERATOR.put(&last.provision, void, &body).await?.done()?;
    let restored = service.later(|| now() + TimeDelta::minutes(3));
    assert_eq!(total(&restored, "2026-11").await?, "15.00", "a voided price can be recorded again");
    let shown =
        OPERATOR.get(&restored.provision, "/v1/organisations/demo/prices").await?.done()?.body;
    let voided = shown["terms"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|terms| terms["voidedAt"].is_string())
        .count();
    assert_eq!(voided, 2, "they stay in the list: {shown}");
    let voids: Vec<_> = service
        .actions("demo")
        .await?
        .into_iter()
        .filter(|action| action[1] == "void-prices" && action[3].is_empty())
        .map(|action| action[2].clone())
        .collect();
    assert_eq!(voids, ["2026-01-01", "2026-01-01"], "an event for each");
    Ok(())
}

/// Facts that an older version accepted: prices of the year 1, and an activation as early.
#[tokio::test]
async fn stored_facts_of_unbillable_days_break_no_statement_and_can_be_voided() -> anyhow::Result<()>
{
    let service = demo().await?;
    let year_one = Terms {
        from: day("0001-01-01"),
        known: moment("2026-11-20T12:00:00Z"),
        ..agreed("1", "1")
    };
    service
        .table
        .prices()
        .put(None, &Terms { whose: Whose::General, ..year_one.clone() }, "operator:test", None)
        .await??;
    service
        .table
        .prices()
        .put(Some(&organisation("demo")), &year_one, "operator:test", None)
        .await??;
    for at in [
        DateTime::<Utc>::MIN_UTC,
        moment("0001-01-01T00:00:00Z"),
        moment("2019-11-05T08:00:00Z"),
        moment("9999-01-01T00:00:00Z"),
    ] {
        let mut item =
            key::activation(&organisation("demo"), &tests::people::user("anna"), at, "activated");
        item.insert(
            "by".to_owned(),
            aws_sdk_dynamodb::types::AttributeValue::S("operator:test".to_owned()),
        );
        item.insert(
            "known".to_owned(),
            aws_sdk_dynamodb::types::AttributeValue::N(now().timestamp_millis().to_string()),
        );
        service
            .table
            .client
            .put_item()
            .table_name(&service.table.name)
            .set_item(Some(item))
            .send()
            .await?;
    }
    let later = service.later(|| now() + TimeDelta::minutes(1));
    assert_eq!(total(&later, "2026-11").await?, "148.00");
    KARIN.get(&later.statements, "/v1/statements").await?.done()?;
    KARIN.get(&later.statements, "/v1/usage").await?.done()?;
    OPERATOR.get(&later.provision, ANNAS).await?.done()?;
    post(&later, ANNAS, &late("2026-10-30T16:00:00+01:00", true)).await?.done()?;
    enters(&later, VOID, &late("2019-11-05T08:00:00Z", true)).await?;
    for prices in ["/v1/prices", "/v1/organisations/demo/prices"] {
        OPERATOR
            .delete(&later.provision, &format!("{prices}/0001-01-01?reason=typed+wrong"))
            .await?
            .done()?;
    }
    Ok(())
}
