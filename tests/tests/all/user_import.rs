//! `POST /v1/organisations/{organisation}/users`: many users in one file, accepted at once,
//! imported by a worker, with a result for each line.

use std::{collections::BTreeSet, time::Instant};

use chrono::TimeDelta;
use platform::table::import::PART;
use serde_json::{Value, json};
use tests::{
    call::now,
    queue::Message,
    request::Answer,
    service::{OPERATOR, Service},
    whole,
};

pub(crate) const USERS: &str = "/v1/organisations/demo/users";
pub(crate) const IMPORTS: &str = "/v1/organisations/demo/imports";

pub(crate) async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let organisation = json!({ "name": "Demo", "baseService": true, "storageAddOn": false });
    let put = OPERATOR.put(&service.provision, "/v1/organisations/demo", &organisation).await?;
    anyhow::ensure!(put.status.is_success(), "{put:?}");
    Ok(service)
}

/// Sends a file, without running the worker.
pub(crate) async fn send(service: &Service, file: &str) -> anyhow::Result<Answer> {
    let headers = json!({ "content-type": "application/x-ndjson" });
    OPERATOR.send_with(&service.provision, "POST", USERS, Some(file.to_owned()), headers).await
}

/// Sends a file, and returns the result of each line.
pub(crate) async fn import(service: &Service, file: &str) -> anyhow::Result<Vec<Value>> {
    let sent = send(service, file).await?.done()?;
    service.work("demo").await?;
    service.results("demo", id(&sent)).await
}

pub(crate) fn id(sent: &Answer) -> &str {
    sent.body["id"].as_str().unwrap_or_default()
}

/// The worker's message for an import.
pub(crate) fn message_for(sent: &Answer) -> String {
    format!(r#"{{"organisation":"demo","import":"{}"}}"#, id(sent))
}

/// The import in its current state, without its id.
pub(crate) async fn import_shown(service: &Service, sent: &Answer) -> anyhow::Result<Value> {
    let mut shown =
        OPERATOR.get(&service.provision, &format!("{IMPORTS}/{}", id(sent))).await?.done()?.body;
    if let Some(members) = shown.as_object_mut() {
        members.remove("id");
    }
    Ok(shown)
}

pub(crate) fn line(number: usize) -> String {
    let phone = format!("+4670{number:07}");
    whole::user(json!({ "id": format!("user-{number:05}"), "name": format!("Användare {number}"), "phone": phone, "plan": "basic" }))
        .to_string()
}

pub(crate) fn file(lines: usize) -> String {
    (0..lines).map(|number| line(number) + "\n").collect()
}

pub(crate) fn outcomes(results: &[Value]) -> Vec<(u64, String)> {
    let outcome = |line: &Value| {
        (
            line["line"].as_u64().unwrap_or_default(),
            line["outcome"].as_str().unwrap_or_default().to_owned(),
        )
    };
    results.iter().map(outcome).collect()
}

pub(crate) fn count(results: &[Value], wanted: &str) -> usize {
    outcomes(results).iter().filter(|(_, outcome)| outcome == wanted).count()
}

#[tokio::test]
async fn an_import_is_accepted_at_once_and_carried_out_later() -> anyhow::Result<()> {
    let service = demo().await?;
    let sent = send(&service, &file(100)).await?;
    assert_eq!(
        (sent.status.as_u16(), sent.headers["location"].to_str()?),
        (202, format!("{IMPORTS}/{}", id(&sent)).as_str())
    );
    let waits = json!({
        "state": "waiting", "at": now(), "lines": 100, "done": 0, "created": 0, "changed": 0, "unchanged": 0, "invalid": 0, "refused": 0
    });
    assert_eq!(import_shown(&service, &sent).await?, waits);
    assert_eq!(
        OPERATOR.get(&service.provision, &format!("{USERS}/user-00000")).await?.cause(),
        "not-found"
    );
    let empty = OPERATOR
        .get(&service.provision, &format!("{IMPORTS}/{}/results", id(&sent)))
        .await?
        .done()?
        .body;
    assert_eq!(empty["results"], json!([]));
    assert_ne!(empty["cursor"], Value::Null, "there is more to come");

    // One message precedes the import, with a delay that outlasts the request; one follows it.
    let messages = service.imports.all();
    assert_eq!(messages.iter().map(|message| message.delay).collect::<Vec<_>>(), [30, 0]);
    assert!(messages.iter().all(|message| message.body == message_for(&sent)), "{messages:?}");

    let Some(Message { body, .. }) = service.imports.take() else {
        anyhow::bail!("no message was sent")
    };
    assert!(
        service.carry_on("demo", &body, TimeDelta::zero()).await?,
        "one part, and a message of the rest"
    );
    let runs = import_shown(&service, &sent).await?;
    assert_eq!(
        (&runs["state"], &runs["done"], &runs["created"]),
        (&json!("running"), &json!(PART), &json!(PART))
    );
    assert_eq!(service.results("demo", id(&sent)).await?.len(), PART);
    assert_eq!(service.imports.all().len(), 2, "the second message, and that of the rest");
    service.work("demo").await?;
    let done = import_shown(&service, &sent).await?;
    assert_eq!(
        (&done["state"], &done["done"], &done["created"]),
        (&json!("done"), &json!(100), &json!(100))
    );
    let actions = service.actions("demo").await?;
    let of = |action: &str| {
        actions
            .iter()
            .filter(|event| event[0] == "operator:provisioning" && event[1] == action)
            .count()
    };
    assert_eq!((of("import-users"), of("provision-user")), (1, 3), "{actions:?}");
    Ok(())
}

#[tokio::test]
async fn a_file_of_ten_thousand_users_is_imported_and_repeated_without_a_write()
-> anyhow::Result<()> {
    let service = demo().await?;
    let file = file(10_000);
    let (bytes, begun) = (file.len(), Instant::now());
    service.requests.take();
    let sent = send(&service, &file).await?.done()?;
    let (taken, requests) = (begun.elapsed(), service.requests.take());
    let begun = Instant::now();
    assert_eq!(service.work("demo").await?, 2, "one message does it; the other finds it done");
    println!(
        "10,000 users, {bytes} bytes: taken in {taken:.1?}, {requests:?}; done in {:.1?}, {:?}",
        begun.elapsed(),
        service.requests.take()
    );
    let outcomes = outcomes(&service.results("demo", id(&sent)).await?);
    assert!(
        outcomes.iter().map(|(line, _)| *line).eq(1..=10_000),
        "the results are in the order of the lines"
    );
    assert!(outcomes.iter().all(|(_, outcome)| outcome == "created"));
    service.requests.take();
    let again = import(&service, &file).await?;
    assert_eq!(count(&again, "unchanged"), 10_000);
    assert_eq!(
        service.requests.take()["DynamoDB.TransactWriteItems"],
        1 + 10_000_u64.div_ceil(PART as u64),
        "the job, and the results of each part"
    );
    let last = OPERATOR.get(&service.provision, &format!("{USERS}/user-09999")).await?.body;
    assert_eq!(
        (&last["name"], &last["phone"], &last["plan"]),
        (&json!("Användare 9999"), &json!("+46700009999"), &json!("basic"))
    );
    Ok(())
}

#[tokio::test]
async fn each_line_succeeds_or_fails_on_its_own() -> anyhow::Result<()> {
    let service = demo().await?;
    let whole = |id: &str, more: &str| {
        format!(
            r#"{{"id":"{id}","name":"{}","phone":null,"language":"sv","plan":null,"administrator":null{more}}}"#,
            id.to_uppercase()
        )
    };
    let other = |member: &str, value: &str| {
        whole("c", "").replacen(
            &format!(r#""{member}":null"#),
            &format!(r#""{member}":{value}"#),
            1,
        )
    };
    let cases: [(String, &str, Value, &str); 25] = [
        (
            r#"{"id":"a","name":"A","phone":"+46701740601","language":"en","plan":"pro","administrator":true}"#.to_owned(),
            "created",
            json!("a"),
            "",
        ),
        (whole("b", ""), "created", json!("b"), ""),
        (String::new(), "", Value::Null, ""),
        ("   ".to_owned(), "", Value::Null, ""),
        ("{".to_owned(), "invalid", Value::Null, "the text ends within an object, at column 1"),
        ("null".to_owned(), "invalid", Value::Null, "wrong type: null"),
        (r#"[{"id":"c"}]"#.to_owned(), "invalid", Value::Null, "wrong type: array"),
        (r#"["c","C",null,"sv",null,null]"#.to_owned(), "invalid", Value::Null, "expected an object with its members by name"),
        (r#"{"name":"C"}"#.to_owned(), "invalid", Value::Null, "`id`, `phone`, `language`, `plan`, `administrator`"),
        (whole("C", ""), "invalid", Value::Null, "1 to 64"),
        (whole("..", ""), "invalid", Value::Null, "1 to 64"),
        (whole("c", "").replace(r#""c""#, "7"), "invalid", Value::Null, "expected text"),
        (r#"{"id":"c"}"#.to_owned(), "invalid", json!("c"), "`name`, `phone`, `language`, `plan`, `administrator`"),
        (whole("b", "").replace(r#","plan":null"#, ""), "invalid", json!("b"), "missing member: `plan`"),
        (whole("c", r#","colour":"red""#), "invalid", json!("c"), "unknown member `colour`"),
        (other("phone", r#""070""#), "invalid", json!("c"), "E.164"),
        (other("plan", r#""gold""#), "invalid", json!("c"), "unknown value `gold`"),
        (whole("c", "").replace(r#""sv""#, "null"), "invalid", json!("c"), "null"),
        (whole("c", "").replace(r#""C""#, r#""""#), "invalid", json!("c"), "1 to 100 characters"),
        (whole("b", "").replace(r#""B""#, r#""Another B""#), "invalid", json!("b"), "is on line 2 already"),
        (whole("c", ""), "created", json!("c"), ""),
        (whole("b", "") + " " + &whole("d", ""), "invalid", Value::Null, "there is more after the JSON value, at column 85"),
        (whole("d", r#","name":"E""#), "invalid", json!("d"), "duplicate member `name`"),
        ("\u{0}".to_owned(), "invalid", Value::Null, "expected value, at column 1"),
        (whole("d", r#","plan":"pro""#), "invalid", json!("d"), "duplicate member `plan`"),
    ];
    for (mark, end) in [("", "\n"), ("\u{feff}", "\r\n")] {
        let text: String = cases.iter().map(|(text, ..)| text.clone() + end).collect();
        let mut answers = import(&service, &format!("{mark}{text}")).await?.into_iter();
        for (number, (text, outcome, id, detail)) in
            cases.iter().enumerate().filter(|(_, (_, outcome, ..))| !outcome.is_empty())
        {
            let answered = answers.next().unwrap_or_default();
            let outcome =
                if *outcome == "created" && !mark.is_empty() { "unchanged" } else { outcome };
            assert_eq!(
                (&answered["line"], &answered["outcome"]),
                (&json!(number + 1), &json!(outcome)),
                "{text}: {answered}"
            );
            assert_eq!(&answered["id"], id, "{text}: {answered}");
            assert!(
                answered["detail"].as_str().unwrap_or_default().contains(detail),
                "{text}: {answered}"
            );
        }
        assert_eq!(answers.next(), None);
    }
    let b = OPERATOR.get(&service.provision, &format!("{USERS}/b")).await?.body;
    assert_eq!(b["name"], "B", "the first line that names a user is what counts");
    Ok(())
}

#[tokio::test]
async fn bytes_that_are_not_text_affect_only_their_line() -> anyhow::Result<()> {
    let service = demo().await?;
    let (first, last) = (line(1), line(2));
    let lines: [&[u8]; 3] = [first.as_bytes(), b"\xff\xfe", last.as_bytes()];
    let sent = OPERATOR
        .send_bytes(&service.provision, "POST", USERS, &lines.join(&b'\n'))
        .await?
        .done()?;
    service.work("demo").await?;
    let outcomes: Vec<_> = outcomes(&service.results("demo", id(&sent)).await?)
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect();
    assert_eq!(outcomes, ["created", "invalid", "created"]);
    Ok(())
}

#[tokio::test]
async fn results_are_paged_and_short_whatever_was_sent() -> anyhow::Result<()> {
    let service = demo().await?;
    let lines: Vec<String> = (0..2 * PART + 5)
        .map(|number| match number % 3 {
            0 => line(number),
            1 => format!(r#"{{"id":"user-{number:05}","{}":1}}"#, "x".repeat(3000)),
            _ => "y".repeat(5000),
        })
        .collect();
    let sent = send(&service, &lines.join("\n")).await?.done()?;
    service.work("demo").await?;
    let whole = service.results("demo", id(&sent)).await?;
    assert!(outcomes(&whole).iter().map(|(line, _)| *line).eq(1..=lines.len() as u64));
    assert!(
        whole
            .iter()
            .all(|line| line["detail"].as_str().is_none_or(|detail| detail.chars().count() <= 200)),
        "{whole:?}"
    );
    for limit in [1, 7, PART, PART + 1, 1000] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{IMPORTS}/{}/results?limit={limit}{cursor}", id(&sent));
            let page = OPERATOR.get(&service.provision, &path).await?.done()?.body;
            seen.extend(page["results"].as_array().cloned().unwrap_or_default());
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, whole, "{limit}");
    }
    for query in ["limit=0", "limit=1001", "cursor=abc", "cursor=AmFiYw", "x=1"] {
        let answer = OPERATOR
            .get(&service.provision, &format!("{IMPORTS}/{}/results?{query}", id(&sent)))
            .await?;
        assert_eq!(answer.refusal(), (422, "invalid".to_owned()), "{query}");
    }
    let ids: BTreeSet<_> = whole
        .iter()
        .filter(|line| line["outcome"] == "created")
        .map(|line| line["id"].to_string())
        .collect();
    assert_eq!(ids.len(), lines.len().div_ceil(3));
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_completely() -> anyhow::Result<()> {
    let service = demo().await?;
    service.requests.take();
    let long = "x".repeat(4 * 1024 * 1024 + 1);
    for large in [file(10_000) + "\n" + &line(10_000), long] {
        let answer = send(&service, &large).await?;
        assert_eq!((answer.status.as_u16(), answer.cause().as_str()), (413, "too-large"));
        assert_eq!(answer.content_type, "application/problem+json");
    }
    assert_eq!(service.requests.take().get("DynamoDB.TransactWriteItems"), None);
    let nowhere = OPERATOR
        .send(&service.provision, "POST", "/v1/organisations/nowhere/users", Some(file(1)))
        .await?;
    assert_eq!(nowhere.cause(), "not-found");
    let nothing = send(&service, "").await?.done()?;
    assert_eq!(
        (&nothing.body["state"], &nothing.body["lines"]),
        (&json!("done"), &json!(0)),
        "nothing asked, nothing to do"
    );
    Ok(())
}
