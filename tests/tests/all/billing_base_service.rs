//! Billing without the base service, and users who are billed and not recorded.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    call::now,
    ledgers::moment,
    service::{OPERATOR, Service},
};

use crate::billing_corrections::{KARIN, demo, total};

#[tokio::test]
async fn billed_users_who_are_not_recorded_are_listed_before_and_after_activation()
-> anyhow::Result<()> {
    let service = Service::empty().await?;
    let karin = json!({ "id": "karin", "name": "Karin", "administrator": true });
    service
        .provisions("demo", [karin, json!({ "id": "anna", "name": "Anna", "plan": "pro" })])
        .await?;
    let order = |preview| json!({ "users": ["anna"], "active": true, "preview": preview });
    let preview = KARIN.post(&service.admin, "/v1/activations", &order(true)).await?.done()?.body;
    assert_eq!(
        (&preview["billedNotRecorded"], &preview["cost"]["startFeesOre"]),
        (&json!(1), &json!(9900))
    );
    KARIN.post(&service.admin, "/v1/activations", &order(false)).await?.done()?;
    let later = service.later(|| now() + TimeDelta::minutes(1));
    let shown = KARIN.get(&later.admin, "/v1/users/anna").await?.done()?.body;
    assert_eq!(
        (&shown["recording"], &shown["billedNotRecorded"]),
        (&json!("not-acknowledged"), &json!("not-acknowledged"))
    );
    let listed = KARIN.get(&later.statements, "/v1/statements").await?.done()?.body;
    let expected = json!([{ "user": "anna", "since": now(), "reason": "not-acknowledged" }]);
    assert_eq!(
        (&listed["billedNotRecorded"], &listed["preview"]["total"]),
        (&expected, &json!("148.00"))
    );
    // The base service ends: nothing can be delivered, billing stops, and Anna is not listed.
    let body = json!({ "name": "demo", "baseService": false, "storageAddOn": false });
    OPERATOR.put(&later.provision, "/v1/organisations/demo", &body).await?.done()?;
    let last = service.later(|| now() + TimeDelta::minutes(2));
    assert_eq!(
        KARIN.get(&last.admin, "/v1/users/anna").await?.done()?.body["billedNotRecorded"],
        Value::Null
    );
    assert_eq!(
        KARIN.get(&last.statements, "/v1/statements").await?.done()?.body["billedNotRecorded"],
        json!([])
    );
    Ok(())
}

#[tokio::test]
async fn nothing_is_billed_while_the_base_service_is_missing() -> anyhow::Result<()> {
    let service = demo().await?;
    let services = json!({ "prices": { "startFee": "99.00", "userMonth": "49.00", "sftp": "250" }, "services": { "sftp": true } });
    OPERATOR
        .put(&service.provision, "/v1/organisations/demo/prices/2026-11-01", &services)
        .await?
        .done()?;
    let base = |on: bool| json!({ "name": "demo", "baseService": on, "storageAddOn": false });
    let at = |later| service.later(later);
    OPERATOR
        .put(
            &at(|| moment("2026-12-10T12:00:00+01:00")).provision,
            "/v1/organisations/demo",
            &base(false),
        )
        .await?
        .done()?;
    assert_eq!(
        total(&at(|| moment("2026-12-31T12:00:00+01:00")), "2026-12").await?,
        "299.00",
        "it was there in December"
    );
    let january = at(|| moment("2027-01-31T12:00:00+01:00"));
    assert_eq!(total(&january, "2027-01").await?, "0.00", "no user, and no SFTP");
    OPERATOR
        .put(
            &at(|| moment("2027-02-03T12:00:00+01:00")).provision,
            "/v1/organisations/demo",
            &base(true),
        )
        .await?
        .done()?;
    let february = at(|| moment("2027-02-28T12:00:00+01:00"));
    assert_eq!(
        total(&february, "2027-02").await?,
        "299.00",
        "Anna is still active, so there is no second start fee"
    );
    Ok(())
}
