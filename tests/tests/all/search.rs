//! `GET /v1/recordings` and `GET /v1/recordings/{id}`, on a table of the test's own.

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::RecordingId,
    search::{Filter, Order, Search},
};
use platform::table::Table;
use search::App;
use serde_json::{Value, json};
use tests::{
    call::now,
    people::{Person, found, organisation},
    recording::{recording, register, store},
    request::{Answer, As},
    table,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Anna's calls 0 to 9 and Omar's 10 to 14, an hour apart, with the newest first.
async fn demo() -> anyhow::Result<(Router, Table)> {
    let (table, _) = table::empty().await?;
    for name in ["demo", "other"] {
        found(&table, name).await?;
    }
    for person in
        [Person::recorded("anna"), Person::recorded("omar"), Person::administrator("karin")]
    {
        person.joins(&table, "demo").await?;
    }
    Person::administrator("karin").joins(&table, "other").await?;
    for call in 0..15 {
        let user = if call < 10 { "anna" } else { "omar" };
        register(&table, &recording("demo", user, &format!("call-{call}"), hours_ago(call)))
            .await?;
    }
    Ok((search::router(App { table: table.clone(), keys: Default::default(), now }), table))
}

fn hours_ago(hours: i64) -> DateTime<Utc> {
    now() - TimeDelta::hours(hours)
}

fn calls(answer: &Answer) -> Vec<&str> {
    let rows = answer.body["recordings"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter_map(|row| row["callId"].as_str()).collect()
}

fn numbered(numbers: impl IntoIterator<Item = i64>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("call-{number}")).collect()
}

#[tokio::test]
async fn an_administrator_lists_all_and_a_recorded_user_their_own() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    assert_eq!(calls(&KARIN.get(&router, "/v1/recordings").await?), numbered(0..15));
    assert_eq!(calls(&KARIN.get(&router, "/v1/recordings?user=omar").await?), numbered(10..15));
    assert_eq!(
        calls(&KARIN.get(&router, "/v1/recordings?user=nobody").await?),
        Vec::<String>::new()
    );
    assert_eq!(calls(&ANNA.get(&router, "/v1/recordings").await?), numbered(0..10));
    assert_eq!(calls(&ANNA.get(&router, "/v1/recordings?user=anna").await?), numbered(0..10));
    let refused = ANNA.get(&router, "/v1/recordings?user=omar").await?;
    assert_eq!((refused.status.as_u16(), refused.cause().as_str()), (403, "not-allowed"));
    let elsewhere = As { organisation: "other", user: "karin" };
    assert_eq!(calls(&elsewhere.get(&router, "/v1/recordings").await?), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_right_taken_away_is_refused_on_the_next_request() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    assert_eq!(calls(&ANNA.get(&router, "/v1/recordings").await?).len(), 10);
    Person { rights: &[], ..Person::recorded("anna") }.joins(&table, "demo").await?;
    assert_eq!(ANNA.get(&router, "/v1/recordings").await?.cause(), "not-allowed");
    Ok(())
}

#[tokio::test]
async fn pages_of_any_size_in_either_order_contain_every_row_once() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    for filter in ["", "&user=anna"] {
        for order in ["newest", "oldest"] {
            let whole = KARIN
                .get(&router, &format!("/v1/recordings?limit=1000&order={order}{filter}"))
                .await?;
            assert_eq!(whole.body["cursor"], Value::Null);
            for limit in [1, 2, 3, 5, 7, 10, 14, 15, 16] {
                let mut rows = Vec::new();
                let mut cursor = String::new();
                loop {
                    let page = KARIN
                        .get(
                            &router,
                            &format!("/v1/recordings?limit={limit}&order={order}{filter}{cursor}"),
                        )
                        .await?;
                    rows.extend(page.body["recordings"].as_array().cloned().unwrap_or_default());
                    match page.body["cursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                assert_eq!(json!(rows), whole.body["recordings"], "{order} {limit} {filter}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_time_range_includes_its_start_and_excludes_its_end() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    let range = |from: i64, to: i64| {
        let text = |hours| hours_ago(hours).format("%Y-%m-%dT%H:%M:%SZ");
        format!("/v1/recordings?from={}&to={}", text(from), text(to))
    };
    assert_eq!(calls(&KARIN.get(&router, &range(5, 2)).await?), numbered(3..6));
    assert_eq!(calls(&KARIN.get(&router, &range(2, 5)).await?), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_invalid_request_is_refused() -> anyhow::Result<()> {
    let (router, _) = demo().await?;
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "order=up",
        "from=today",
        "cursor=abc",
        "user=A",
        "colour=red",
    ] {
        let answer = KARIN.get(&router, &format!("/v1/recordings?{query}")).await?;
        assert_eq!((answer.status.as_u16(), answer.cause().as_str()), (422, "invalid"), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn an_expired_recording_is_hidden_before_its_removal() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let (old, older) =
        (now() - TimeDelta::days(180) + TimeDelta::seconds(1), now() - TimeDelta::days(180));
    register(&table, &recording("demo", "anna", "alive", old)).await?;
    for number in 0..30 {
        register(
            &table,
            &recording(
                "demo",
                "anna",
                &format!("expired-{number}"),
                older - TimeDelta::seconds(number),
            ),
        )
        .await?;
    }
    let page = KARIN.get(&router, "/v1/recordings?order=oldest&limit=7").await?;
    assert_eq!(
        calls(&page)[0],
        "alive",
        "expired rows that wait for removal do not cut the page short"
    );
    assert_eq!(calls(&page).len(), 7);
    let id = |call: &str| {
        Ok::<_, anyhow::Error>(RecordingId::of(&organisation("demo"), &call.to_owned().try_into()?))
    };
    assert_eq!(
        KARIN.get(&router, &format!("/v1/recordings/{}", id("alive")?)).await?.status.as_u16(),
        200
    );
    assert_eq!(
        KARIN.get(&router, &format!("/v1/recordings/{}", id("expired-0")?)).await?.cause(),
        "not-found"
    );
    Ok(())
}

#[tokio::test]
async fn a_recording_is_shown_to_permitted_callers_only() -> anyhow::Result<()> {
    let (router, table) = demo().await?;
    let omars = recording("demo", "omar", "call-99", hours_ago(1));
    store(&table, &omars).await?;
    let path = format!("/v1/recordings/{}", omars.id);
    let shown = KARIN.get(&router, &path).await?;
    assert_eq!((shown.status.as_u16(), &shown.body["state"]), (200, &json!("stored")));
    let refused = ANNA.get(&router, &path).await?;
    assert_eq!((refused.status.as_u16(), refused.cause().as_str()), (403, "not-allowed"));
    let elsewhere = As { organisation: "other", user: "karin" }.get(&router, &path).await?;
    let nowhere =
        KARIN.get(&router, &format!("/v1/recordings/{}", RecordingId::from_bytes([0; 16]))).await?;
    assert_eq!(elsewhere.cause(), "not-found");
    let without_id =
        |mut answer: Answer| (answer.status, answer.body["requestId"].take(), answer.body).2;
    assert_eq!(
        without_id(elsewhere),
        without_id(nowhere),
        "another organisation's recording looks like none"
    );
    assert_eq!(KARIN.get(&router, "/v1/recordings/no-id").await?.cause(), "not-found");
    Ok(())
}

#[tokio::test]
async fn rows_of_the_same_moment_have_a_stable_order() -> anyhow::Result<()> {
    let (_, table) = demo().await?;
    for number in 0..20 {
        register(&table, &recording("demo", "anna", &format!("tie-{number}"), hours_ago(-1)))
            .await?;
    }
    let organisation = organisation("demo");
    let filter = Filter { from: Some(hours_ago(-1)), to: Some(hours_ago(-2)), ..Filter::default() };
    let mut search =
        Search { filter: &filter, order: Order::Newest, limit: 3, after: None, now: now() };
    let mut ids = Vec::new();
    loop {
        let page = table.index().page(&organisation, &search).await?;
        ids.extend(page.rows.iter().map(|row| row.id));
        search.after = page.next;
        if search.after.is_none() {
            break;
        }
    }
    assert_eq!(ids.len(), 20);
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    Ok(())
}
