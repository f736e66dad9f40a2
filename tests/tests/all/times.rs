//! Times and days in requests: every route accepts the years 2000 to 2199 only.

use std::collections::BTreeMap;

use anyhow::ensure;
use axum::Router;
use data_encoding::BASE64URL_NOPAD;
use domain::ids::OrderId;
use platform::table::job::{JobKind, Kind, RetentionJob, State};
use serde_json::{Value, json};
use tests::{
    call::{call, now, silence, with},
    contract::Failed,
    groups,
    people::{Person, found, organisation, user},
    recording::{recording, register},
    request::{Answer, As},
    retention_jobs, table, whole,
};

const KARIN: As<'_> = As { organisation: "demo", user: "karin" };
const ANNA: As<'_> = As { organisation: "demo", user: "anna" };

/// Well-formed times outside the bounds.
const OUTSIDE: [&str; 7] = [
    "-262143-01-01T00:00:00Z",
    "+262142-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z",
    "2569-11-24T10:00:00Z",
];
/// Texts that are not times.
const NO_TIMES: [&str; 6] = [
    "",
    "2026-11-24",
    "2026-11-24T10:00:00",
    "2026-02-30T10:00:00Z",
    "٢٠٢٦-١١-٢٤T١٠:٠٠:٠٠Z",
    "24/11/2026 10:00",
];

/// The functions that read times, with Karin, who administers, and Anna, who is in a group.
struct World {
    table: platform::table::Table,
    search: Router,
    admin: Router,
    retention: Router,
    completeness: Router,
    upload: Router,
    me: Router,
}

impl World {
    async fn new() -> anyhow::Result<Self> {
        let (table, _) = table::empty().await?;
        found(&table, "demo").await?;
        for person in [Person::administrator("karin"), Person::recorded("anna")] {
            person.joins(&table, "demo").await?;
        }
        groups::group(&table, "demo", "g1", &["anna"]).await?;
        let objects = tests::bucket::unreached();
        Ok(Self {
            search: search::router(search::App {
                table: table.clone(),
                keys: Default::default(),
                now,
            }),
            admin: admin::router(admin::App { table: table.clone(), now }),
            retention: retention_api::router(retention_api::App {
                table: table.clone(),
                jobs: retention_jobs::unreached(),
                now,
            }),
            completeness: completeness::router(completeness::App {
                table: table.clone(),
                calls: objects.clone(),
                now,
            }),
            upload: upload::router(upload::App { table: table.clone(), objects, now }),
            me: me::router(me::App { table: table.clone(), now }),
            table,
        })
    }

    /// The responses to a time in every member that is one, by route and member.
    async fn all_given(&self, time: &str) -> anyhow::Result<BTreeMap<String, Answer>> {
        let mut answers = BTreeMap::new();
        let written =
            percent_encoding::utf8_percent_encode(time, percent_encoding::NON_ALPHANUMERIC);
        for name in ["from", "to"] {
            for (router, path) in [
                (&self.search, "/v1/recordings"),
                (&self.search, "/v1/recordings/count"),
                (&self.admin, "/v1/audit"),
            ] {
                answers.insert(
                    format!("{path} {name}"),
                    KARIN.get(router, &format!("{path}?{name}={written}")).await?,
                );
            }
            let hold = json!({ "reason": "tvist", "filter": { name: time } });
            let held = match KARIN.post(&self.retention, "/v1/holds", &hold).await {
                Err(failed) => failed.downcast::<Failed>()?.0, // the test's queue does not exist
                Ok(answer) => answer,
            };
            answers.insert(format!("hold {name}"), held);
            let supervision = KARIN
                .put(
                    &self.admin,
                    "/v1/groups/g1/supervisors/anna",
                    &whole::supervision(json!({ name: time })),
                )
                .await?;
            answers.insert(format!("supervision {name}"), supervision);
        }
        let started = with(call("call-1", "audio/wav", &silence(1)), json!({ "startedAt": time }));
        answers.insert(
            "upload startedAt".to_owned(),
            ANNA.post(&self.upload, "/v1/recordings", &started).await?,
        );
        Ok(answers)
    }
}

#[tokio::test]
async fn a_time_outside_the_bounds_is_refused_by_every_route_with_its_name() -> anyhow::Result<()> {
    let world = World::new().await?;
    for time in OUTSIDE.into_iter().chain(NO_TIMES) {
        for (what, answer) in world.all_given(time).await? {
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            let member = what.rsplit(' ').next().unwrap_or_default();
            let says = if NO_TIMES.contains(&time) {
                "is written with its offset, as in 2026-11-24"
            } else {
                "from 2000-01-01"
            };
            if what == "upload startedAt" && ["1970", "1999"].contains(&&time[..time.len().min(4)])
            {
                ensure!(answer.status.is_success(), "a clock that was never set: {answer:?}");
                continue;
            }
            ensure!(
                answer.refusal() == (422, "invalid".to_owned()),
                "{what} took {time:?}: {answer:?}"
            );
            ensure!(detail.contains(member) && detail.contains(says), "{what} {time:?}: {detail}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_route_accepts_the_ends_of_the_bounds() -> anyhow::Result<()> {
    let world = World::new().await?;
    for time in ["2000-01-01T00:00:00Z", "2199-12-31T23:59:59.999999999Z"] {
        for (what, answer) in world.all_given(time).await? {
            let is_taken = match what.as_str() {
                "hold from" | "hold to" => answer.cause() == "internal",
                _ => answer.status.is_success(),
            };
            ensure!(is_taken, "{what} {time}: {answer:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_offset_whose_plus_became_a_space_is_refused_with_the_right_encoding()
-> anyhow::Result<()> {
    let world = World::new().await?;
    for (router, path) in [
        (&world.search, "/v1/recordings"),
        (&world.search, "/v1/recordings/count"),
        (&world.admin, "/v1/audit"),
    ] {
        for name in ["from", "to"] {
            let answer =
                KARIN.get(router, &format!("{path}?{name}=2026-11-24T11:00:00+01:00")).await?;
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            assert_eq!(answer.refusal(), (422, "invalid".to_owned()), "{path} {name}");
            assert!(detail.contains("%2B") && detail.contains(name), "{path} {name}: {detail}");
            KARIN
                .get(router, &format!("{path}?{name}=2026-11-24T11:00:00%2B01:00"))
                .await?
                .done()?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_leap_second_is_read_as_the_second_after_it() -> anyhow::Result<()> {
    let world = World::new().await?;
    for status in [201, 200] {
        let started = with(
            call("call-1", "audio/wav", &silence(1)),
            json!({ "startedAt": "2026-11-23T23:59:60Z" }),
        );
        let answer = ANNA.post(&world.upload, "/v1/recordings", &started).await?.done()?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["recording"]["startedAt"]),
            (status, &json!("2026-11-24T00:00:00Z"))
        );
    }
    let other_form = with(
        call("call-1", "audio/wav", &silence(1)),
        json!({ "startedAt": "2026-11-24 01:00:00 +0100" }),
    );
    assert_eq!(ANNA.post(&world.upload, "/v1/recordings", &other_form).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn an_invented_cursor_never_breaks_a_list() -> anyhow::Result<()> {
    let world = World::new().await?;
    register(&world.table, &recording("demo", "anna", "call-1", now())).await?;
    let hold = OrderId::of(&organisation("demo"), "hold", now());
    world
        .table
        .jobs()
        .create(&stored_hold(hold, json!({})), &groups::event("demo", "hold"), None)
        .await?;
    let place = |milliseconds: i64, id: u8| {
        BASE64URL_NOPAD.encode(&[&[1], &milliseconds.to_be_bytes()[..], &[id; 16]].concat())
    };
    let text = |text: &str| BASE64URL_NOPAD.encode(&[&[2], text.as_bytes()].concat());
    let times = [
        i64::MIN,
        -8_334_601_228_800_000,
        -1,
        0,
        946_684_800_000,
        7_258_118_399_999,
        8_210_266_876_799_999,
        i64::MAX,
    ];
    let mut cursors: Vec<String> =
        times.into_iter().flat_map(|time| [place(time, 0), place(time, 255)]).collect();
    let texts = [
        "-",
        "#",
        "##",
        "x",
        "anna#",
        "#anna",
        "9999999999999#x",
        "-0000000000001#x",
        "\u{0}",
        "å#\u{10ffff}",
        &"z".repeat(600),
    ];
    cursors.extend(texts.map(text));
    let shown = format!("/v1/holds/{hold}");
    for cursor in &cursors {
        for (by, router, path) in [
            (KARIN, &world.search, "/v1/recordings"),
            (KARIN, &world.search, "/v1/recordings?order=oldest"),
            (
                KARIN,
                &world.search,
                "/v1/recordings?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",
            ),
            (KARIN, &world.search, "/v1/recordings/count"),
            (KARIN, &world.admin, "/v1/audit"),
            (KARIN, &world.admin, "/v1/audit?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z"),
            (KARIN, &world.admin, "/v1/users"),
            (KARIN, &world.admin, "/v1/groups"),
            (KARIN, &world.admin, "/v1/groups/g1/members"),
            (KARIN, &world.retention, "/v1/holds"),
            (KARIN, &world.retention, "/v1/erasures"),
            (KARIN, &world.retention, "/v1/retention"),
            (KARIN, &world.completeness, "/v1/missing"),
            (KARIN, &world.retention, &shown),
            (ANNA, &world.me, "/v1/me/listeners"),
        ] {
            let joined = if path.contains('?') { '&' } else { '?' };
            let answer = by.get(router, &format!("{path}{joined}cursor={cursor}")).await?;
            let refused = answer.refusal() == (422, "invalid".to_owned());
            ensure!(answer.status == 200 || refused, "{path} {cursor}: {answer:?}");
        }
    }
    Ok(())
}

/// A hold that remains to be placed on the recordings of the filter.
fn stored_hold(id: OrderId, filter: Value) -> RetentionJob {
    RetentionJob {
        id,
        organisation: organisation("demo"),
        what: JobKind::Hold {
            criteria: Some(json!({ "filter": { "filter": filter, "users": null } }).to_string()),
        },
        state: State::Placing,
        by: "user:karin".to_owned(),
        at: now(),
        reason: domain::reason::Reason::stored("tvist".to_owned()),
        preview: Default::default(),
        progress: Default::default(),
        lifted: None,
        checkpoint: None,
    }
}

#[tokio::test]
async fn a_hold_from_before_times_had_bounds_is_placed() -> anyhow::Result<()> {
    let world = World::new().await?;
    let of = recording("demo", "anna", "call-1", now());
    register(&world.table, &of).await?;
    let extremes = [
        (json!({ "to": "-262143-01-01T00:00:00Z" }), 0),
        (json!({ "from": "-262143-01-01T00:00:00Z" }), 1),
        (json!({ "to": "+262142-12-31T23:59:59.999999999Z" }), 1),
        (json!({ "from": "+262142-12-31T23:59:59Z" }), 0),
        (
            json!({ "from": "-262143-01-01T00:00:00Z", "to": "+262142-12-31T23:59:59Z", "user": "anna" }),
            1,
        ),
        (json!({ "from": "0001-01-01T00:00:00Z", "user": user("anna") }), 1),
    ];
    for (number, (filter, held)) in extremes.into_iter().enumerate() {
        let id = OrderId::of(&organisation("demo"), &format!("hold-{number}"), now());
        world
            .table
            .jobs()
            .create(
                &stored_hold(id, filter.clone()),
                &groups::event("demo", &format!("hold-{number}")),
                None,
            )
            .await?;
        ensure!(
            retention_jobs::notified(&world.table, Kind::Hold, id).await?,
            "the worker failed at {filter}"
        );
        let hold = world.table.jobs().get(&organisation("demo"), Kind::Hold, id, now()).await?;
        let placed = hold.map(|hold| (hold.state, hold.progress.done));
        assert_eq!(placed, Some((State::Held, held)), "{filter}");
    }
    Ok(())
}
