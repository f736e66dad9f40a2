//! The supervisors of groups: their number, periods and rights, and the groups that they see.

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use platform::table::key;
use serde_json::json;
use tests::{
    call::now,
    people::{group, organisation, user},
    service::OPERATOR,
};

use crate::groups::{KARIN, MAJA, all, change, create, demo, supervise, users};

#[tokio::test]
async fn a_group_has_ninety_supervisors_at_most_and_is_removed_with_them() -> anyhow::Result<()> {
    let service = demo(91).await?;
    create(&service, "sales", "Sälj").await?;
    for user in users(0..90) {
        supervise(&service, "sales", &user, &json!({})).await?.done()?;
    }
    assert_eq!(
        supervise(&service, "sales", "user-090", &json!({})).await?.refusal(),
        (422, "invalid".to_owned())
    );
    supervise(&service, "sales", "user-000", &json!({ "to": "2027-01-01T00:00:00Z" }))
        .await?
        .done()
        .context("a change of cover")?;
    KARIN.delete(&service.admin, "/v1/groups/sales").await?.done()?;
    for user in ["user-000", "user-089"] {
        assert_eq!(
            KARIN.get(&service.admin, &format!("/v1/users/{user}")).await?.body["supervises"],
            json!([]),
            "{user}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_supervision_has_a_period_and_rights() -> anyhow::Result<()> {
    let service = demo(1).await?;
    create(&service, "sales", "Sälj").await?;
    let day = |days: i64| now() + TimeDelta::days(days);
    type End = Option<DateTime<Utc>>;
    let cases: [(End, End, bool); 7] = [
        (None, None, true),
        (Some(day(-1)), None, true),
        (None, Some(day(1)), true),
        (Some(day(-1)), Some(day(1)), true),
        (Some(day(-2)), Some(day(-1)), false),
        (Some(day(1)), None, false),
        (Some(now()), Some(day(1)), true),
    ];
    for (from, to, holds) in cases {
        let rights = json!({ "listen": true, "download": false, "annotate": false });
        let supervision = json!({ "from": from, "to": to, "rights": { "listen": true } });
        for _ in 0..2 {
            supervise(&service, "sales", "maja", &supervision).await?.done()?;
        }
        let expected =
            json!({ "user": "maja", "from": from, "to": to, "rights": rights, "holds": holds });
        assert_eq!(
            KARIN.get(&service.admin, "/v1/groups/sales").await?.body["supervisors"],
            json!([expected])
        );
        let of_maja =
            json!({ "group": "sales", "from": from, "to": to, "rights": rights, "holds": holds });
        assert_eq!(
            MAJA.get(&service.me, "/v1/me").await?.body["user"]["supervises"],
            json!([of_maja])
        );
    }
    for (supervision, cause) in [
        (json!({ "from": day(1), "to": day(1) }), "invalid"),
        (json!({ "from": day(2), "to": day(1) }), "invalid"),
        (json!({ "rights": {} }), "invalid"),
        (json!({ "rights": { "hold": true } }), "invalid"),
        (json!({ "until": day(1) }), "invalid"),
        (json!({ "from": "today" }), "invalid"),
    ] {
        assert_eq!(
            supervise(&service, "sales", "maja", &supervision).await?.cause(),
            cause,
            "{supervision}"
        );
    }
    let unknown = supervise(&service, "sales", "nobody", &json!({})).await?;
    assert_eq!(
        (unknown.status.as_u16(), &unknown.body["detail"]),
        (422, &json!("there are no such users: nobody"))
    );
    assert_eq!(supervise(&service, "nothing", "maja", &json!({})).await?.cause(), "not-found");

    let supervisor = "/v1/groups/sales/supervisors/maja";
    for _ in 0..2 {
        assert_eq!(
            KARIN.delete(&service.admin, supervisor).await?.status.as_u16(),
            204,
            "again without harm"
        );
    }
    assert_eq!(MAJA.get(&service.me, "/v1/me").await?.body["user"]["supervises"], json!([]));
    assert_eq!(
        KARIN.delete(&service.admin, "/v1/groups/sales/supervisors/nobody").await?.cause(),
        "not-found"
    );
    Ok(())
}

#[tokio::test]
async fn a_supervisor_sees_their_current_groups_and_members() -> anyhow::Result<()> {
    let service = demo(3).await?;
    let cases = [
        ("a", "Östersund", json!({})),
        ("b", "Borås", json!({ "to": now() + TimeDelta::days(1) })),
        ("c", "Lapsed", json!({ "to": now() - TimeDelta::days(1) })),
        ("d", "Alingsås", json!({})),
    ];
    for (id, name, supervision) in cases {
        create(&service, id, name).await?;
        change(&service, id, "add", &users(0..3)).await?.done()?;
        supervise(&service, id, "maja", &supervision).await?.done()?;
    }
    create(&service, "e", "Not hers").await?;
    for limit in 1..=4 {
        assert_eq!(
            all(&service, MAJA, &format!("/v1/groups?limit={limit}"), "groups").await?,
            ["d", "b", "a"],
            "{limit}"
        );
    }
    assert_eq!(all(&service, MAJA, "/v1/groups?q=%C3%85S", "groups").await?, ["d", "b"]);
    assert_eq!(MAJA.get(&service.admin, "/v1/groups?limit=0").await?.cause(), "invalid");
    assert_eq!(all(&service, MAJA, "/v1/groups/b/members?limit=2", "members").await?, users(0..3));
    MAJA.get(&service.admin, "/v1/groups/b").await?.done()?;
    for path in
        ["/v1/groups/c", "/v1/groups/c/members", "/v1/groups/e", "/v1/groups/nothing", "/v1/users"]
    {
        assert_eq!(
            MAJA.get(&service.admin, path).await?.refusal(),
            (403, "not-allowed".to_owned()),
            "{path}"
        );
    }
    let add = json!({ "add": ["user-000"] });
    assert_eq!(
        MAJA.post(&service.admin, "/v1/groups/a/members", &add).await?.cause(),
        "not-allowed",
        "reads and changes nothing"
    );
    Ok(())
}

/// A removed group left its name with a supervisor. The supervisor can be removed and return.
#[tokio::test]
async fn a_removed_supervisor_is_cleared_from_a_removed_group() -> anyhow::Result<()> {
    let service = demo(0).await?;
    create(&service, "sales", "Sales").await?;
    supervise(&service, "sales", "maja", &json!({})).await?.done()?;
    let delete = service.table.client.delete_item().table_name(&service.table.name);
    delete.set_key(Some(key::group(&organisation("demo"), &group("sales")))).send().await?;
    let path = "/v1/organisations/demo/users/maja";
    OPERATOR.delete(&service.provision, path).await?.done()?;
    let item = service.table.client.get_item().table_name(&service.table.name);
    let item = item
        .set_key(Some(key::user(&organisation("demo"), &user("maja"))))
        .send()
        .await?
        .item
        .unwrap_or_default();
    assert_eq!(item.get("supervises"), Some(&AttributeValue::M(Default::default())));
    Ok(())
}
