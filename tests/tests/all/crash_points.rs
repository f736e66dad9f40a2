//! Crashes after every request of every worker. The retried message reaches the right state.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::recording::Recording;
use platform::{clock, table::audit::AuditAction};
use serde_json::{Value, json};
use tests::{
    call::{now, silence},
    people::organisation,
    reconciliation::{call, noted, yesterday},
    recording::register,
    retention_jobs::{KARIN, World, days_later},
};

use crate::expiry::receipts;

/// A scenario, and the number of requests in its first run.
struct Point {
    name: &'static str,
    /// Requests of an uninterrupted run.
    requests: u64,
}

/// Runs a scenario to its end, and once cut short after each request. The end must be the same.
async fn at_every_point<S, F>(name: &'static str, scenario: S) -> anyhow::Result<Point>
where
    S: Fn(World, Option<u64>) -> F,
    F: Future<Output = anyhow::Result<Value>>,
{
    let whole = World::new(&format!("crash-{name}")).await?;
    let expected = scenario(whole.clone(), None).await?;
    let requests: u64 = expected["requests"].as_u64().unwrap_or_default();
    anyhow::ensure!(requests > 1, "{name} makes {requests} requests");
    for point in 0..requests {
        let world = World::new(&format!("crash-{name}-{point}")).await?;
        let found = scenario(world, Some(point)).await?;
        anyhow::ensure!(
            found["state"] == expected["state"],
            "{name}, ended after {point} requests: {found}\nnot {expected}"
        );
    }
    println!("{name}: a crash after each of 0 to {} requests, 0 differences", requests - 1);
    Ok(Point { name, requests })
}

/// The requests since the last call.
fn counted(world: &World) -> u64 {
    let made: BTreeMap<String, u64> = world.requests.take();
    made.iter().filter(|(name, _)| name.contains('.')).map(|(_, count)| count).sum()
}

/// The final state that a crash must not change: copies, counts, receipts, edits and holds.
async fn state(world: &World, recordings: &[Recording]) -> anyhow::Result<Value> {
    let (mut copies, mut items, mut held, mut days) = (0, 0, 0, Vec::new());
    let buried = world
        .table()
        .tombstones()
        .buried(&organisation("demo"), &recordings.iter().map(|of| of.id).collect::<Vec<_>>())
        .await?
        .len();
    let remembered = world.stores.erasures.erased_subjects(None, 1000).await?.0.len();
    for of in recordings {
        copies += world.copies(of).await?;
        for seen in world.table().retention().seen(&of.organisation, &[of.id]).await? {
            items += 1;
            held += usize::from(seen.retained.is_held());
            days.push(seen.retained.day.timestamp());
        }
    }
    let (expired, erased) =
        (receipts(world, AuditAction::Expire).await?, receipts(world, AuditAction::Erase).await?);
    let of_copies: Vec<Value> = expired
        .iter()
        .chain(&erased)
        .map(|receipt| {
            serde_json::from_str::<Value>(receipt.detail.as_deref().unwrap_or_default())
                .map(|detail| detail["copies"].clone())
        })
        .collect::<Result<_, _>>()?;
    Ok(json!({
        "copies": copies, "items": items, "buried": buried, "remembered": remembered, "held": held, "days": days, "usage": world.usage("anna").await?,
        "receipts": of_copies, "edits": world.count("edit").await?, "notes": world.count("removal").await?,
        "ends": receipts(world, AuditAction::EndErasure).await?.len(), "members": world.count("held").await?,
    }))
}

/// Adds edits to a recording, so that there are some to remove.
async fn annotated(world: &World, of: &Recording) -> anyhow::Result<()> {
    let annotate = annotate::router(annotate::App { table: world.table().clone(), now });
    for note in ["ring", "ring igen"] {
        let body = Some(json!({ "note": note }).to_string());
        let path = format!("/v1/recordings/{}", of.id);
        KARIN
            .send_with(&annotate, "PATCH", &path, body, json!({ "if-match": "*" }))
            .await?
            .done()?;
    }
    Ok(())
}

/// The job as the API shows it.
async fn job_shown(world: &World, path: &str, at: fn() -> DateTime<Utc>) -> anyhow::Result<Value> {
    Ok(KARIN.get(&world.retention(at), path).await?.done()?.body)
}

#[tokio::test]
async fn expire_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    let late = || days_later(190);
    let point = at_every_point("expire", |world, ends_after| async move {
        world.stored("anna", "another", now()).await?;
        let of = world.stored("anna", "call-1", now()).await?;
        world.put(&of, "a second version").await?;
        annotated(&world, &of).await?;
        let event = world.expire(&of, days_later(181)).await?.unwrap_or_default();
        world.requests.take();
        world.requests.end_after(ends_after);
        let first = world.removals(&event, late).await?;
        world.requests.end_after(None);
        let requests = counted(&world);
        anyhow::ensure!(
            ends_after.is_none() == first,
            "the first run ended otherwise than it was to"
        );
        for _ in 0..2 {
            anyhow::ensure!(world.removals(&event, late).await?, "the retry failed");
        }
        Ok(json!({ "requests": requests, "state": state(&world, &[of]).await? }))
    })
    .await?;
    assert!(point.requests >= 8, "{} makes {} requests", point.name, point.requests);
    Ok(())
}

#[tokio::test]
async fn a_hold_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    at_every_point("hold", |world, ends_after| async move {
        let recordings = world.many("anna", 50).await?;
        let body = json!({ "reason": "tvist", "filter": { "user": "anna" } });
        let hold = KARIN.post(&world.retention(now), "/v1/holds", &body).await?.done()?.body;
        let id = hold["id"].as_str().unwrap_or_default().to_owned();
        let requests = pages(&world, "hold", &id, now, ends_after).await?;
        let placed = job_shown(&world, &format!("/v1/holds/{id}"), now).await?["hold"].clone();
        Ok(json!({ "requests": requests, "state": {
            "hold": [placed["state"], placed["recordings"]], "rest": state(&world, &recordings[..5]).await?,
        } }))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_lift_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    at_every_point("lift", |world, ends_after| async move {
        let recordings = world.many("anna", 100).await?;
        let id = world.holds(json!({ "filter": {} })).await?;
        let late = || days_later(300);
        KARIN.delete(&world.retention(late), &format!("/v1/holds/{id}?reason=klart")).await?.done()?;
        let requests = pages(&world, "hold", &id, late, ends_after).await?;
        let lifted = job_shown(&world, &format!("/v1/holds/{id}"), late).await?["hold"]["state"].clone();
        let (found, _) = world.table().retention().seen_by_id(&recordings[0].organisation, None, 200).await?;
        let held = found.iter().filter(|seen| seen.retained.is_held()).count();
        Ok(json!({ "requests": requests, "state": [lifted, held, state(&world, &recordings[..5]).await?] }))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_retention_change_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    at_every_point("retention", |world, ends_after| async move {
        let recordings = world.many("anna", 100).await?;
        let provision = provision::router(provision::App {
            table: world.table().clone(),
            imports: tests::queue::untold(),
            now,
        });
        let body = json!({ "name": "Demo", "baseService": true, "storageAddOn": true });
        tests::service::OPERATOR.put(&provision, "/v1/organisations/demo", &body).await?.done()?;
        let router = world.retention(now);
        let change = KARIN
            .post(&router, "/v1/retention", &json!({ "days": 365, "reason": "x" }))
            .await?
            .done()?
            .body;
        let id = change["id"].as_str().unwrap_or_default().to_owned();
        KARIN
            .post(&router, &format!("/v1/retention/{id}/confirm"), &json!({ "recordings": 100 }))
            .await?
            .done()?;
        let requests = pages(&world, "retention", &id, now, ends_after).await?;
        let done = job_shown(&world, &format!("/v1/retention/{id}"), now).await?;
        let (found, _) =
            world.table().retention().seen_by_id(&recordings[0].organisation, None, 200).await?;
        let moved = found
            .iter()
            .filter(|seen| {
                seen.retained.day == seen.retained.begins_at + chrono::TimeDelta::days(365)
            })
            .count();
        Ok(json!({ "requests": requests, "state": [done["state"], done["moved"], moved] }))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn an_erasure_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    at_every_point("erasure", |world, ends_after| async move {
        let recordings = [
            world.stored("anna", "call-1", now()).await?,
            world.stored("anna", "call-2", now()).await?,
            world.stored("anna", "call-3", now()).await?,
        ];
        world.put(&recordings[0], "a second version").await?;
        annotated(&world, &recordings[0]).await?;
        world.holds(json!({ "recordings": [recordings[2].id] })).await?;
        let router = world.retention(now);
        let erasure = KARIN.post(&router, "/v1/erasures", &json!({ "user": "anna", "reason": "x" })).await?.done()?.body;
        let id = erasure["id"].as_str().unwrap_or_default().to_owned();
        KARIN.post(&router, &format!("/v1/erasures/{id}/confirm"), &json!({ "recordings": 3 })).await?.done()?;
        let requests = pages(&world, "erasure", &id, now, ends_after).await?;
        let done = job_shown(&world, &format!("/v1/erasures/{id}"), now).await?;
        Ok(json!({ "requests": requests, "state": [done["state"], done["erased"], done["left"], state(&world, &recordings).await?] }))
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_reconciliation_ends_right_after_a_crash_at_any_request() -> anyhow::Result<()> {
    let point = at_every_point("sweep", |world, ends_after| async move {
        let recordings = with_discrepancies(&world).await?;
        let night = clock::now();
        world.requests.take();
        world.requests.end_after(ends_after);
        let first = world.reconciliations(night).await?;
        world.requests.end_after(None);
        let requests = counted(&world);
        anyhow::ensure!(ends_after.is_none() == first, "the first run ended otherwise than it was to");
        for _ in 0..2 {
            anyhow::ensure!(world.reconciliations(night).await?, "the retry failed");
        }
        world.takes_in().await?;
        let mut found = Vec::new();
        for finding in world.missing().await?.1 {
            found.push(["kind", "recording", "key", "user", "repaired"].map(|name| finding[name].clone()));
        }
        let (ring, loose) = (world.posted("ring").await?, world.posted("loose").await?);
        let state = state(&world, &recordings).await?;
        Ok(json!({ "requests": requests, "state": { "found": found, "postings": [ring, loose], "rest": state } }))
    })
    .await?;
    assert!(point.requests >= 20, "{} makes {} requests", point.name, point.requests);
    Ok(())
}

/// Recordings with each kind of discrepancy that is repaired, and some that are not.
async fn with_discrepancies(world: &World) -> anyhow::Result<[Recording; 8]> {
    let of = |name: &str, minutes| call(name, yesterday(minutes));
    let [untold, never, refused] = ["untold", "never", "refused"].map(|name| of(name, 1));
    for registered in [&untold, &never, &refused] {
        register(world.table(), registered).await?;
    }
    world.put_object(&untold, &silence(1)).await?;
    world.put_object(&refused, b"no audio").await?;
    world.table().recordings().reject(&refused, "no audio").await?;
    let removed = world.has(of("removed", 2)).await?;
    world.delete_object(&removed).await?;
    let replaced = world.has(of("replaced", 3)).await?;
    world.put_object(&replaced, b"something else").await?;
    let doubled = world.has(of("doubled", 4)).await?;
    world.put_object(&doubled, &silence(1)).await?;
    let unfound = world.has(noted(of("unfound", 5), "ring")).await?;
    let nobodys = noted(of("nobodys", 6), "loose");
    world.index_words(&nobodys).await?;
    world.put_object(&nobodys, &silence(1)).await?;
    world.put_object_at("recordings/demo/stray", &nobodys, b"whatever").await?;
    world.counts("omar", 1, 1).await?;
    Ok([untold, never, refused, removed, replaced, doubled, unfound, nobodys])
}

/// Processes all pages of a job, cut short after `ends_after` requests and then retried, with one
/// more message at the end. Returns the number of requests.
async fn pages(
    world: &World,
    kind: &str,
    order: &str,
    at: fn() -> DateTime<Utc>,
    ends_after: Option<u64>,
) -> anyhow::Result<u64> {
    while world.message().await?.is_some() {} // only this function sends the pages
    world.requests.take();
    world.requests.end_after(ends_after);
    // The messages of each page. A message whose run was cut short is sent again, as SQS does.
    let mut cut_short = false;
    for _ in 0..6 {
        if !world.tell(kind, order, at).await? {
            cut_short = true;
            world.requests.end_after(None);
        }
    }
    let made = counted(world);
    world.requests.end_after(None);
    anyhow::ensure!(ends_after.is_none() || cut_short, "nothing was interrupted");
    while world.message().await?.is_some() {}
    anyhow::ensure!(world.tell(kind, order, at).await?);
    Ok(made)
}
