//! Reasons: every route that takes one requires at least one letter.

use anyhow::ensure;
use domain::ids::OrderId;
use serde_json::json;
use tests::{
    call::now,
    people::{Person, found, organisation},
    recording::{recording, store},
    request::As,
    retention_jobs,
    service::{OPERATOR, Service},
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Texts without a letter that fill the place of a reason.
const EMPTY: [&str; 9] =
    [".", "-", "4411", "\u{200b}", "\u{200b}\u{200d}", "\u{feff}", "\u{3164}", "\u{301}", "🦀"];

#[tokio::test]
async fn a_reason_without_a_letter_is_refused_by_every_route() -> anyhow::Result<()> {
    let service = Service::empty().await?;
    found(&service.table, "demo").await?;
    for person in [Person::administrator("karin"), Person::recorded("anna")] {
        person.joins(&service.table, "demo").await?;
    }
    let of = recording("demo", "anna", "call-1", now());
    store(&service.table, &of).await?;
    let retention = retention_api::router(retention_api::App {
        table: service.table.clone(),
        jobs: retention_jobs::unreached(),
        now,
    });
    let hold = OrderId::of(&organisation("demo"), "hold", now());
    for reason in EMPTY {
        let written =
            percent_encoding::utf8_percent_encode(reason, percent_encoding::NON_ALPHANUMERIC);
        let playback = format!("/v1/recordings/{}/playback", of.id);
        let download = format!("/v1/recordings/{}/download", of.id);
        let activations = "/v1/organisations/demo/users/anna/activations";
        let answers = [
            KARIN.post(&retention, "/v1/holds", &json!({ "reason": reason, "filter": {} })).await?,
            KARIN.delete(&retention, &format!("/v1/holds/{hold}?reason={written}")).await?,
            KARIN
                .post(&retention, "/v1/retention", &json!({ "reason": reason, "days": 180 }))
                .await?,
            KARIN
                .post(&retention, "/v1/erasures", &json!({ "reason": reason, "user": "anna" }))
                .await?,
            ANNA.post(&service.playback, &playback, &json!({ "reason": reason })).await?,
            ANNA.post(&service.playback, &download, &json!({ "reason": reason })).await?,
            OPERATOR
                .post(
                    &service.provision,
                    activations,
                    &json!({ "reason": reason, "at": "2026-11-23T12:00:00Z", "active": true }),
                )
                .await?,
            OPERATOR
                .post(
                    &service.provision,
                    &format!("{activations}/void"),
                    &json!({ "reason": reason, "at": now(), "active": true }),
                )
                .await?,
            OPERATOR
                .post(
                    &service.provision,
                    "/v1/organisations/demo/statements/2026-10/credits",
                    &json!({ "reason": reason, "rule": "sftp" }),
                )
                .await?,
            OPERATOR
                .delete(&service.provision, &format!("/v1/prices/2026-01-01?reason={written}"))
                .await?,
            OPERATOR
                .delete(
                    &service.provision,
                    &format!("/v1/organisations/demo/prices/2026-01-01?reason={written}"),
                )
                .await?,
        ];
        for (number, answer) in answers.into_iter().enumerate() {
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            ensure!(
                answer.refusal() == (422, "invalid".to_owned()),
                "{number} took {reason:?}: {answer:?}"
            );
            ensure!(
                detail.contains("reason") && detail.contains("at least one letter"),
                "{number} {reason:?}: {detail}"
            );
        }
    }
    ANNA.post(
        &service.playback,
        &format!("/v1/recordings/{}/playback", of.id),
        &json!({ "reason": "å" }),
    )
    .await?
    .done()?;
    Ok(())
}
