//! `POST /v1/organisations/{organisation}/users`: many users in one file, answered line by line.

use std::time::Instant;

use serde_json::{Value, json};
use tests::{
    request::{Answer, As},
    service::{OPERATOR, Service},
};

const USERS: &str = "/v1/organisations/demo/users";

async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    let organisation = json!({ "name": "Demo", "baseService": true });
    let put = OPERATOR.put(&service.provision, "/v1/organisations/demo", &organisation).await?;
    anyhow::ensure!(put.status.is_success(), "{put:?}");
    Ok(service)
}

async fn import(service: &Service, file: &str) -> anyhow::Result<Answer> {
    let headers = json!({ "content-type": "application/x-ndjson" });
    OPERATOR.send_with(&service.provision, "POST", USERS, Some(file.to_owned()), headers).await
}

fn line(number: usize) -> String {
    let phone = format!("+4670{number:07}");
    json!({ "id": format!("user-{number:05}"), "name": format!("Användare {number}"), "phone": phone, "plan": "basic" }).to_string()
}

fn file(lines: usize) -> String {
    (0..lines).map(|number| line(number) + "\n").collect()
}

fn outcomes(answer: &Answer) -> anyhow::Result<Vec<(u64, String)>> {
    let lines = answer.lines()?;
    Ok(lines
        .iter()
        .map(|line| (line["line"].as_u64().unwrap_or_default(), line["outcome"].as_str().unwrap_or_default().to_owned()))
        .collect())
}

#[tokio::test]
async fn ten_thousand_users_come_in_one_file_and_again_without_a_write() -> anyhow::Result<()> {
    let service = demo().await?;
    let file = file(10_000);
    let (bytes, begun) = (file.len(), Instant::now());
    service.requests.take();
    let answer = import(&service, &file).await?;
    let first = begun.elapsed();
    let requests = service.requests.take();
    assert_eq!(answer.content_type, "application/x-ndjson");
    let outcomes = outcomes(&answer)?;
    assert!(outcomes.iter().map(|(line, _)| *line).eq(1..=10_000), "the answers stand in the order of the lines");
    assert!(outcomes.iter().all(|(_, outcome)| outcome == "created"));
    let begun = Instant::now();
    let again = import(&service, &file).await?;
    println!("10,000 users, {bytes} bytes: {first:.1?}, {requests:?}; again {:.1?}", begun.elapsed());
    assert!(self::outcomes(&again)?.iter().all(|(_, outcome)| outcome == "unchanged"));
    assert_eq!(service.requests.take().get("DynamoDB.TransactWriteItems"), None);
    let last = OPERATOR.get(&service.provision, &format!("{USERS}/user-09999")).await?.body;
    assert_eq!((&last["name"], &last["phone"], &last["plan"]), (&json!("Användare 9999"), &json!("+46700009999"), &json!("basic")));
    Ok(())
}

#[tokio::test]
async fn each_line_stands_for_itself() -> anyhow::Result<()> {
    let service = demo().await?;
    let cases: [(&str, &str, Value, &str); 22] = [
        (r#"{"id":"a","name":"A","phone":"+46701740601","language":"en","plan":"pro","administrator":true}"#, "created", json!("a"), ""),
        (r#"{"id":"b","name":"B"}"#, "created", json!("b"), ""),
        ("", "", Value::Null, ""),
        ("   ", "", Value::Null, ""),
        ("{", "invalid", Value::Null, "EOF while parsing an object, at column 1"),
        ("null", "invalid", Value::Null, "invalid type: null"),
        (r#"[{"id":"c"}]"#, "invalid", Value::Null, "invalid type: sequence"),
        (r#"["c","C",null,"sv",null,null]"#, "invalid", Value::Null, "expected an object with its members by name"),
        (r#"{"name":"C"}"#, "invalid", Value::Null, "missing field `id`"),
        (r#"{"id":"C","name":"C"}"#, "invalid", Value::Null, "1 to 64"),
        (r#"{"id":"..","name":"C"}"#, "invalid", Value::Null, "1 to 64"),
        (r#"{"id":7,"name":"C"}"#, "invalid", Value::Null, "string"),
        (r#"{"id":"c"}"#, "invalid", json!("c"), "missing field `name`"),
        (r#"{"id":"c","name":"C","colour":"red"}"#, "invalid", json!("c"), "unknown field `colour`"),
        (r#"{"id":"c","name":"C","phone":"070"}"#, "invalid", json!("c"), "E.164"),
        (r#"{"id":"c","name":"C","plan":"gold"}"#, "invalid", json!("c"), "unknown variant `gold`"),
        (r#"{"id":"c","name":""}"#, "invalid", json!("c"), "1 to 100 characters"),
        (r#"{"id":"b","name":"Another B"}"#, "invalid", json!("b"), "stands on line 2 already"),
        (r#"{"id":"c","name":"C"}"#, "created", json!("c"), ""),
        (r#"{"id":"b","name":"B"} {"id":"d","name":"D"}"#, "invalid", Value::Null, "trailing characters, at column 23"),
        (r#"{"id":"d","name":"D","name":"E"}"#, "invalid", json!("d"), "duplicate field `name`"),
        ("\u{0}", "invalid", Value::Null, "expected value, at column 1"),
    ];
    for (mark, end) in [("", "\n"), ("\u{feff}", "\r\n")] {
        let text: String = cases.iter().map(|(text, ..)| format!("{text}{end}")).collect();
        let answer = import(&service, &format!("{mark}{text}")).await?;
        assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
        let mut answers = answer.lines()?.into_iter();
        for (number, (text, outcome, id, detail)) in cases.iter().enumerate().filter(|(_, (_, outcome, ..))| !outcome.is_empty()) {
            let answered = answers.next().unwrap_or_default();
            let outcome = if *outcome == "created" && !mark.is_empty() { "unchanged" } else { outcome };
            assert_eq!((&answered["line"], &answered["outcome"]), (&json!(number + 1), &json!(outcome)), "{text}: {answered}");
            assert_eq!(&answered["id"], id, "{text}: {answered}");
            assert!(answered["detail"].as_str().unwrap_or_default().contains(detail), "{text}: {answered}");
        }
        assert_eq!(answers.next(), None);
    }
    let b = OPERATOR.get(&service.provision, &format!("{USERS}/b")).await?.body;
    assert_eq!(b["name"], "B", "the first line that names a user is what counts");
    Ok(())
}

#[tokio::test]
async fn bytes_that_are_no_text_harm_only_their_line() -> anyhow::Result<()> {
    let service = demo().await?;
    let lines: [&[u8]; 3] = [br#"{"id":"a","name":"A"}"#, b"\xff\xfe", br#"{"id":"b","name":"B"}"#];
    let answer = OPERATOR.send_bytes(&service.provision, "POST", USERS, &lines.join(&b'\n')).await?;
    let outcomes: Vec<_> = outcomes(&answer)?.into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, ["created", "invalid", "created"]);
    Ok(())
}

#[tokio::test]
async fn only_what_changed_is_written() -> anyhow::Result<()> {
    let service = demo().await?;
    import(&service, &file(200)).await?;
    let changed = file(200).replace("\"Användare 7\"", "\"Någon annan\"") + &line(200);
    service.requests.take();
    let answer = import(&service, &changed).await?;
    let outcomes = outcomes(&answer)?;
    let of = |wanted: &str| outcomes.iter().filter(|(_, outcome)| outcome == wanted).map(|(line, _)| *line).collect::<Vec<_>>();
    assert_eq!((of("unchanged").len(), of("changed"), of("created")), (199, vec![8], vec![201]));
    assert_eq!(service.requests.take()["DynamoDB.TransactWriteItems"], 1);
    Ok(())
}

#[tokio::test]
async fn a_plan_that_a_file_takes_away_ends_recording() -> anyhow::Result<()> {
    let service = demo().await?;
    let lines = |plan: Option<&str>| -> String {
        (0..100).map(|number| json!({ "id": format!("u{number}"), "name": "U", "plan": plan }).to_string() + "\n").collect()
    };
    import(&service, &(lines(Some("pro")) + r#"{"id":"karin","name":"K","administrator":true}"#)).await?;
    let users: Vec<String> = (0..100).map(|number| format!("u{number}")).collect();
    let karin = As { organisation: "demo", user: "karin" };
    karin.post(&service.admin, "/v1/activations", &json!({ "users": users, "active": true })).await?;
    let answer = import(&service, &lines(None)).await?;
    assert!(outcomes(&answer)?.iter().all(|(_, outcome)| outcome == "changed"));
    for user in ["u0", "u48", "u49", "u99"] {
        let kinds: Vec<_> = service.activations("demo", user).await?;
        assert!(kinds.contains(&("deactivated", "operator:provisioning".to_owned())), "{user}: {kinds:?}");
        assert_eq!(OPERATOR.get(&service.provision, &format!("{USERS}/{user}")).await?.body["recording"], "no-plan");
    }
    Ok(())
}

#[tokio::test]
async fn a_part_that_could_not_be_written_is_told_and_sent_again() -> anyhow::Result<()> {
    let service = demo().await?;
    service.requests.cut_short_after(Some(2));
    let answer = import(&service, &file(200)).await?;
    service.requests.cut_short_after(None);
    let count =
        |answer: &Answer, wanted: &str| Ok::<_, anyhow::Error>(outcomes(answer)?.iter().filter(|(_, outcome)| outcome == wanted).count());
    let created = count(&answer, "created")?;
    assert_eq!(created + count(&answer, "failed")?, 200);
    assert!((53..=98).contains(&created), "two of five parts are written: {created}");
    let again = import(&service, &file(200)).await?;
    assert_eq!((count(&again, "unchanged")?, count(&again, "created")?), (created, 200 - created));
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_whole() -> anyhow::Result<()> {
    let service = demo().await?;
    service.requests.take();
    let long = "x".repeat(4 * 1024 * 1024 + 1);
    for large in [file(10_000) + "\n" + &line(10_000), long] {
        let answer = import(&service, &large).await?;
        assert_eq!((answer.status.as_u16(), answer.cause().as_str()), (413, "too-large"));
        assert_eq!(answer.content_type, "application/problem+json");
    }
    assert_eq!(service.requests.take().get("DynamoDB.TransactWriteItems"), None);
    let nowhere = OPERATOR.send(&service.provision, "POST", "/v1/organisations/nowhere/users", Some(file(1))).await?;
    assert_eq!(nowhere.cause(), "not-found");
    assert_eq!(import(&service, "").await?.text, "", "nothing asked, nothing answered");
    Ok(())
}
