//! How administrators read the audit log: filters, pages and CSV files.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue::S, PutRequest, WriteRequest};
use chrono::{DateTime, TimeDelta, Utc};
use platform::table::{
    audit::{AuditAction, Event},
    key,
};
use serde_json::{Value, json};
use tests::{
    call::now, people::organisation, recording::recording, request::Answer, service::Service,
};

use crate::audit::{KARIN, demo, event};

async fn read(service: &Service, query: &str) -> anyhow::Result<Answer> {
    KARIN.get(&service.admin, &format!("/v1/audit?{query}")).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let events = answer.body["events"].as_array().into_iter().flatten();
    events.filter_map(|event| event["requestId"].as_str()).map(str::to_owned).collect()
}

/// A time as a query contains it.
fn text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Forty events, one a minute: every second by Karin, every third about Anna, every fifth denied,
/// and every seventh about a recording.
async fn forty(service: &Service) -> anyhow::Result<()> {
    for number in 0..40 {
        let every = |n: i64| number % n == 0;
        let base = event(now() - TimeDelta::minutes(number), &format!("r{number:02}"));
        let event = Event {
            actor: if every(2) { "user:karin" } else { "user:anna" }.to_owned(),
            action: if every(4) { AuditAction::Play } else { AuditAction::Search },
            resource: every(3).then(|| "anna".to_owned()),
            denial: every(5).then(|| "not-allowed".to_owned()),
            recording: every(7).then(|| recording("demo", "anna", "a", now()).id),
            ..base
        };
        service.table.audit_log().write(&event).await?;
    }
    Ok(())
}

#[tokio::test]
async fn filters_combine_and_pages_contain_each_event_once() -> anyhow::Result<()> {
    let service = demo().await?;
    forty(&service).await?;
    let id = recording("demo", "anna", "a", now()).id;
    let range = format!(
        "from={}&to={}",
        text(now() - TimeDelta::minutes(20)),
        text(now() - TimeDelta::minutes(10))
    );
    // Reading leaves events as well: Karin's, from the present. None of these cases match them.
    type Holds = fn(i64) -> bool;
    let cases: [(String, Holds); 9] = [
        ("actor=user:anna".to_owned(), |n| n % 2 == 1),
        ("action=play".to_owned(), |n| n % 4 == 0),
        ("resource=anna".to_owned(), |n| n % 3 == 0),
        ("denied=true".to_owned(), |n| n % 5 == 0),
        ("actor=user:anna&denied=false".to_owned(), |n| n % 2 == 1 && n % 5 != 0),
        (format!("recording={id}"), |n| n % 7 == 0),
        (range.clone(), |n| n > 10 && n <= 20),
        (format!("{range}&actor=user:karin&action=play"), |n| n > 10 && n <= 20 && n % 4 == 0),
        ("actor=client:Crm1".to_owned(), |_| false),
    ];
    for (query, holds) in cases {
        let expected: Vec<String> =
            (0..40).filter(|number| holds(*number)).map(|number| format!("r{number:02}")).collect();
        for limit in [1, 3, 10, 40] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page =
                    read(&service, &format!("{query}&limit={limit}{cursor}")).await?.done()?;
                assert!(ids(&page).len() <= limit);
                seen.extend(ids(&page));
                match page.body["cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen, expected, "{query} by {limit}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_invalid_query_is_refused_and_an_empty_range_has_no_events() -> anyhow::Result<()> {
    let service = demo().await?;
    forty(&service).await?;
    for query in [
        "limit=0",
        "limit=1001",
        "action=steal",
        "from=today",
        "recording=x",
        "denied=maybe",
        "cursor=abc",
        "colour=red",
    ] {
        assert_eq!(read(&service, query).await?.refusal(), (422, "invalid".to_owned()), "{query}");
    }
    let at = |minutes: i64| text(now() - TimeDelta::minutes(minutes));
    let cursor = |minutes: i64| {
        platform::cursor::write_text(&key::moment(
            now() - TimeDelta::minutes(minutes),
            &format!("r{minutes:02}"),
        ))
    };
    let cases = [
        (format!("from={}&to={}", at(5), at(10)), 0),
        (format!("from={}&to={}", at(5), at(5)), 0),
        (format!("from={}&to={}&cursor={}", at(20), at(10), cursor(30)), 0),
        (format!("from={}&to={}&cursor={}", at(20), at(10), cursor(15)), 5),
        (format!("from={}&to={}&cursor={}", at(20), at(10), cursor(5)), 10),
        (format!("to={}&cursor={}", at(10), platform::cursor::write_text("nonsense")), 29),
    ];
    for (query, count) in cases {
        let page = read(&service, &query).await?.done()?;
        assert_eq!((ids(&page).len(), &page.body["cursor"]), (count, &Value::Null), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn a_spreadsheet_reads_every_event_and_treats_none_as_a_formula() -> anyhow::Result<()> {
    let service = demo().await?;
    let notified = [
        "=HYPERLINK(\"http://example.com\")",
        "@SUM(1)",
        "-2+3",
        "+46701234567",
        "a; \"b\"\r\nc",
        "ärende 4411",
    ];
    for (number, reason) in notified.iter().enumerate() {
        let base = event(now() - TimeDelta::minutes(i64::try_from(number)?), &format!("r{number}"));
        let notified = Event {
            reason: Some((*reason).to_owned()),
            action: AuditAction::Play,
            recorded_user: Some(tests::people::user("anna")),
            ..base
        };
        service.table.audit_log().write(&notified).await?;
    }
    let answer = KARIN
        .send_with(
            &service.admin,
            "GET",
            "/v1/audit?action=play",
            None,
            json!({ "accept": "text/csv" }),
        )
        .await?
        .done()?;
    assert_eq!(answer.content_type, "text/csv; charset=utf-8");
    let saved = answer.headers.get("content-disposition").and_then(|value| value.to_str().ok());
    assert_eq!(
        (saved, answer.headers.get("next-cursor")),
        (Some("attachment; filename=\"audit.csv\""), None)
    );
    assert!(answer.text.ends_with("\r\n"));
    assert!(answer.text.starts_with('\u{feff}'), "a spreadsheet takes it for UTF-8");
    let rows = answer.rows()?;
    assert_eq!(
        rows[0],
        [
            "at",
            "actor",
            "action",
            "recording",
            "resource",
            "recordedUser",
            "detail",
            "reason",
            "denial",
            "address",
            "request"
        ]
    );
    let expected = [
        "'=HYPERLINK(\"http://example.com\")",
        "'@SUM(1)",
        "'-2+3",
        "…67",
        "a; \"b\"\r\nc",
        "ärende 4411",
    ];
    assert_eq!(rows[1..].iter().map(|row| row[7].as_str()).collect::<Vec<_>>(), expected);
    let first = &rows[1];
    assert_eq!(
        (first[0].as_str(), first[5].as_str(), first[10].as_str()),
        ("2026-11-24T12:00:00.000Z", "anna", "r0")
    );
    Ok(())
}

#[tokio::test]
async fn a_file_contains_ten_thousand_events_and_names_the_start_of_the_next() -> anyhow::Result<()>
{
    let service = demo().await?;
    let puts = (0..10_500).map(|number: i64| {
        let request = format!("r{number:05}");
        let mut item =
            key::audit(&organisation("demo"), now() - TimeDelta::minutes(number), &request);
        let values = [
            ("who", "user:anna"),
            ("deed", "search"),
            ("address", "192.0.2.7"),
            ("request", &request),
        ];
        item.extend(values.map(|(name, value)| (name.to_owned(), S(value.to_owned()))));
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        Ok(WriteRequest::builder().put_request(put).build())
    });
    for some in puts.collect::<anyhow::Result<Vec<_>>>()?.chunks(25) {
        service
            .table
            .client
            .batch_write_item()
            .request_items(&service.table.name, some.to_vec())
            .send()
            .await?;
    }
    let (mut seen, mut files, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let path = format!("/v1/audit?actor=user:anna{cursor}");
        let answer = KARIN
            .send_with(&service.admin, "GET", &path, None, json!({ "accept": "text/csv" }))
            .await?
            .done()?;
        let rows = answer.rows()?.split_off(1);
        files.push(rows.len());
        seen.extend(rows.iter().map(|row| row[10].to_owned()));
        match answer.headers.get("next-cursor") {
            Some(next) => cursor = format!("&cursor={}", next.to_str()?),
            None => break,
        }
    }
    assert_eq!(files, [10_000, 500]);
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (10_500, 10_500));
    assert!(seen.is_sorted(), "newest first");
    Ok(())
}
