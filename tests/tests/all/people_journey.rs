//! People through the local cloud's front door: permission to listen, its removal, its audit.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{
    call::{call, sha256, silence, with},
    door::{Door, answer},
    whole,
};

/// The audio of the recording by `playback` or `download`, or the status of the refusal.
async fn fetched(
    door: &Door,
    id: &str,
    way: &str,
    token: &str,
) -> anyhow::Result<Result<Vec<u8>, u16>> {
    let (status, link) =
        answer(door.post(&format!("/v1/recordings/{id}/{way}"), &Value::Null), token).await?;
    if status != 200 {
        return Ok(Err(status));
    }
    let audio = door
        .client
        .get(link["url"].as_str().unwrap_or_default())
        .send()
        .await?
        .error_for_status()?;
    Ok(Ok(audio.bytes().await?.to_vec()))
}

fn ids(page: &Value) -> Vec<&str> {
    page["recordings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["id"].as_str())
        .collect()
}

#[tokio::test]
async fn a_supervisor_and_an_application_listen_and_the_recorded_user_sees_it() -> anyhow::Result<()>
{
    let door = Door::open()?;
    let (anna, omar) = (door.cloud.token("anna").await?, door.cloud.token("omar").await?);
    let (sara, karin) = (door.cloud.token("sara").await?, door.cloud.token("karin").await?);
    let audio = silence(2);
    let annas = door.record(call("people-anna", "audio/wav", &audio), &audio, &anna).await?;
    let omars = door.record(call("people-omar", "audio/wav", &audio), &audio, &omar).await?;

    // Sara supervises the sellers. Anna is one of them; Omar is not.
    let (_, page) = answer(door.get("/v1/recordings?limit=1000"), &sara).await?;
    assert!(
        ids(&page).contains(&annas.as_str()) && !ids(&page).contains(&omars.as_str()),
        "{page}"
    );
    assert_eq!(answer(door.get(&format!("/v1/recordings/{annas}")), &sara).await?.0, 200);
    assert_eq!(fetched(&door, &annas, "playback", &sara).await?, Ok(audio.clone()));
    assert_eq!(fetched(&door, &omars, "playback", &sara).await?, Err(403));
    assert_eq!(answer(door.get("/v1/recordings?user=omar"), &sara).await?.0, 403);

    // Her supervision ends, and so does her access through it.
    let ended = whole::supervision(json!({ "to": Utc::now() - TimeDelta::seconds(1) }));
    assert_eq!(
        answer(door.put("/v1/groups/saljare/supervisors/sara", &ended), &karin).await?.0,
        204
    );
    assert_eq!(fetched(&door, &annas, "playback", &sara).await?, Err(403));
    assert_eq!(answer(door.get("/v1/recordings"), &sara).await?.0, 403);
    assert_eq!(
        answer(
            door.put("/v1/groups/saljare/supervisors/sara", &whole::supervision(json!({}))),
            &karin
        )
        .await?
        .0,
        204
    );

    // The CRM may do what its token's scope permits. The operator's system reaches no recording.
    let (export, read) = (
        door.cloud.application_token("crm", "demo:export").await?,
        door.cloud.application_token("crm", "demo:read").await?,
    );
    assert_eq!(fetched(&door, &annas, "download", &export).await?, Ok(audio.clone()));
    assert_eq!(answer(door.get("/v1/recordings"), &export).await?.0, 403);
    assert_eq!(answer(door.get("/v1/recordings"), &read).await?.0, 200);
    assert_eq!(fetched(&door, &annas, "download", &read).await?, Err(403));
    let operator = door.cloud.application_token("operator", "operator").await?;
    for request in [
        door.get("/v1/recordings"),
        door.get(&format!("/v1/recordings/{annas}")),
        door.get("/v1/audit"),
        door.get("/v1/users"),
    ] {
        assert_eq!(answer(request, &operator).await?.0, 403);
    }
    assert_eq!(fetched(&door, &annas, "playback", &operator).await?, Err(403));

    // Karin listens too. Anna sees everyone who listened, and nobody who was refused.
    assert_eq!(
        sha256(&fetched(&door, &annas, "playback", &karin).await?.unwrap_or_default()),
        sha256(&audio)
    );
    let (_, heard) = answer(door.get("/v1/me/listeners"), &anna).await?;
    let of_this = heard["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|event| event["recording"] == *annas);
    let who: Vec<_> = of_this
        .map(|event| (event["actor"].as_str().unwrap_or_default(), event["action"].clone()))
        .collect();
    let crm = format!("client:{}", door.cloud.client_of("crm")?);
    assert_eq!(
        who,
        [("user:karin", json!("play")), (&crm, json!("download")), ("user:sara", json!("play"))]
    );

    // The audit log also contains the refusals, and downloads as a file for a spreadsheet.
    let file = door
        .get(&format!("/v1/audit?recording={annas}"))
        .header("accept", "text/csv")
        .bearer_auth(&karin)
        .send()
        .await?;
    assert_eq!(file.headers()["content-type"], "text/csv; charset=utf-8");
    let file = String::from_utf8(file.bytes().await?.into())?;
    assert!(file.starts_with('\u{feff}'), "the byte order mark passes the gateway");
    let refused = file.lines().filter(|line| {
        line.contains(&annas) && line.contains("user:sara") && line.contains("not-allowed")
    });
    assert_eq!((file.lines().count() > 5, refused.count()), (true, 1), "{file}");
    Ok(())
}

#[tokio::test]
async fn a_removed_right_is_refused_on_the_very_next_request() -> anyhow::Result<()> {
    let door = Door::open()?;
    let (nils, karin) = (door.cloud.token("nils").await?, door.cloud.token("karin").await?);
    let operator = door.cloud.application_token("operator", "operator").await?;
    let audio = silence(1);
    let id = door.record(call("people-nils", "audio/wav", &audio), &audio, &nils).await?;
    assert_eq!(fetched(&door, &id, "playback", &nils).await?, Ok(audio.clone()));

    // Karin removes the right to listen. The token remains valid, but opens nothing.
    let rights = |listen| json!({ "rights": { "listen": listen, "download": true } });
    assert_eq!(answer(door.patch("/v1/users/nils", &rights(false)), &karin).await?.0, 200);
    assert_eq!(fetched(&door, &id, "playback", &nils).await?, Err(403));
    assert_eq!(fetched(&door, &id, "download", &nils).await?, Ok(audio.clone()));
    assert_eq!(answer(door.patch("/v1/users/nils", &rights(true)), &karin).await?.0, 200);
    assert_eq!(fetched(&door, &id, "playback", &nils).await?, Ok(audio.clone()));

    // Recording is switched off. The next call is refused; existing recordings remain.
    let off = json!({ "users": ["nils"], "active": false });
    assert_eq!(answer(door.post("/v1/activations", &off), &karin).await?.1["changes"], 1);
    let started = json!({ "startedAt": Utc::now() });
    let next = with(call("people-nils-2", "audio/wav", &audio), started);
    let (status, refused) = answer(door.post("/v1/recordings", &next), &nils).await?;
    assert_eq!(
        (status, &refused["type"]),
        (403, &json!("urn:kontinuerlig-inspelning:problem:recording-not-active"))
    );
    let (_, events) = answer(door.get("/v1/me/activations"), &nils).await?;
    let kinds: Vec<_> = events["activations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| event["kind"].clone())
        .collect();
    assert_eq!(kinds, ["activated", "acknowledged", "deactivated"]);

    // Nils leaves. He reaches nothing; his recordings remain for those with access.
    assert_eq!(answer(door.delete("/v1/organisations/demo/users/nils"), &operator).await?.0, 204);
    for request in
        [door.get("/v1/me"), door.get("/v1/recordings"), door.get(&format!("/v1/recordings/{id}"))]
    {
        let (status, refused) = answer(request, &nils).await?;
        assert_eq!(
            (status, &refused["type"]),
            (403, &json!("urn:kontinuerlig-inspelning:problem:unknown-user"))
        );
    }
    assert_eq!(fetched(&door, &id, "playback", &nils).await?, Err(403));
    assert_eq!(fetched(&door, &id, "playback", &karin).await?, Ok(audio));
    let (_, members) = answer(door.get("/v1/groups/vaxel/members"), &karin).await?;
    assert!(!members.to_string().contains("nils"), "{members}");
    Ok(())
}
