//! The worker of imports: after a crash, beside another message, and with a busy table.

use chrono::TimeDelta;
use platform::table::import::PART;
use serde_json::json;
use tests::{call::now, queue::Message, request::As, service::OPERATOR};

use crate::user_import::{IMPORTS, count, demo, file, id, import, import_shown, message_for, send};

/// The worker is cut short after each request and retried, and once more when it is done.
#[tokio::test]
async fn an_import_continues_after_a_crash_at_any_request() -> anyhow::Result<()> {
    let file = |plan: &str| file(2 * PART + 3).replace("\"basic\"", plan);
    for after in 0.. {
        let service = demo().await?;
        let karin = json!({ "id": "karin", "name": "Karin", "administrator": true });
        service.provisions("demo", [karin]).await?;
        import(&service, &file("\"basic\"")).await?;
        let users: Vec<String> =
            (0..2 * PART + 3).map(|number| format!("user-{number:05}")).collect();
        let karin = As { organisation: "demo", user: "karin" };
        karin
            .post(&service.admin, "/v1/activations", &json!({ "users": users, "active": true }))
            .await?
            .done()?;

        let sent = send(&service, &file("null")).await?.done()?;
        let body =
            service.imports.all().pop().unwrap_or(Message { body: String::new(), delay: 0 }).body;
        while service.imports.take().is_some() {}
        service.requests.end_after(Some(after));
        let ended = !service.carry_on("demo", &body, import::BUDGET).await?;
        service.requests.end_after(None);
        for _ in 0..2 {
            assert!(service.carry_on("demo", &body, import::BUDGET).await?);
        }
        let shown = import_shown(&service, &sent).await?;
        assert_eq!(
            (&shown["state"], &shown["changed"]),
            (&json!("done"), &json!(2 * PART + 3)),
            "ended after {after} requests"
        );
        assert_eq!(count(&service.results("demo", id(&sent)).await?, "changed"), 2 * PART + 3);
        for user in ["user-00000", "user-00050", "user-00098"] {
            let kinds = service.activations("demo", user).await?;
            let off = kinds.iter().filter(|(kind, _)| *kind == "deactivated").count();
            assert_eq!(off, 1, "{user} is switched off once: {kinds:?}");
        }
        if !ended {
            assert!(after >= 3 * 4, "three parts of four requests: {after}");
            return Ok(());
        }
    }
    Ok(())
}

#[tokio::test]
async fn two_concurrent_messages_import_each_part_once() -> anyhow::Result<()> {
    let service = demo().await?;
    let sent = send(&service, &file(500)).await?.done()?;
    let body = message_for(&sent);
    let work = async || service.carry_on("demo", &body, import::BUDGET).await;
    let (one, other, third) = tokio::join!(work(), work(), work());
    for _took in [one?, other?, third?] {}
    while service.imports.take().is_some() {}
    assert!(work().await?);
    let shown = import_shown(&service, &sent).await?;
    assert_eq!(
        (&shown["state"], &shown["created"], &shown["done"]),
        (&json!("done"), &json!(500), &json!(500))
    );
    let actions = service.actions("demo").await?;
    assert_eq!(
        actions.iter().filter(|event| event[1] == "provision-user").count(),
        500_usize.div_ceil(PART),
        "an event for each part"
    );
    Ok(())
}

#[tokio::test]
async fn an_import_pauses_for_a_busy_table_and_continues() -> anyhow::Result<()> {
    let service = demo().await?;
    let sent = send(&service, &file(3 * PART)).await?.done()?;
    let body = message_for(&sent);
    while service.imports.take().is_some() {}
    service.requests.throttle_after(Some(1));
    assert!(
        service.carry_on("demo", &body, import::BUDGET).await?,
        "after one part it pauses and continues"
    );
    assert_eq!(service.imports.all(), [Message { body: body.clone(), delay: 5 }]);
    service.requests.throttle_after(Some(0));
    assert!(
        !service.carry_on("demo", &body, import::BUDGET).await?,
        "without progress the message is retried"
    );
    service.requests.throttle_after(None);
    assert_eq!(import_shown(&service, &sent).await?["done"], json!(PART));
    service.work("demo").await?;
    assert_eq!(import_shown(&service, &sent).await?["created"], json!(3 * PART));
    Ok(())
}

#[tokio::test]
async fn an_invalid_message_is_poison_and_one_for_a_missing_import_is_done() -> anyhow::Result<()> {
    let service = demo().await?;
    let sent = send(&service, &file(1)).await?.done()?;
    let gone =
        json!({ "organisation": "demo", "import": "06h3dkl8g5kq2n8v1c7pj4t9r0" }).to_string();
    assert!(service.carry_on("demo", &gone, import::BUDGET).await?);
    for poison in ["", "{}", r#"{"organisation":"demo","import":"x"}"#] {
        assert!(!service.carry_on("demo", poison, import::BUDGET).await?, "{poison}");
    }
    let later = service.later(|| now() + TimeDelta::days(7));
    for path in [
        format!("{IMPORTS}/{}", id(&sent)),
        format!("{IMPORTS}/{}/results", id(&sent)),
        format!("{IMPORTS}/06h3dkl8g5kq2n8v1c7pj4t9r0"),
    ] {
        assert_eq!(
            OPERATOR.get(&later.provision, &path).await?.cause(),
            "not-found",
            "an import is there for seven days"
        );
    }
    let other = format!("/v1/organisations/other/imports/{}", id(&sent));
    assert_eq!(OPERATOR.get(&service.provision, &other).await?.cause(), "not-found");
    Ok(())
}
