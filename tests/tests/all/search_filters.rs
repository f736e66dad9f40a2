//! `GET /v1/recordings` with any mix of filters: the paged response compared with filtering every
//! recording.
//!
//! World and searches are random, from a printed seed. `SEED=` in the environment repeats one.

use std::collections::BTreeSet;

use axum::Router;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    counterpart::Counterpart,
    note::{Annotation, Field, Mark, Note},
    recording::{Direction, Recording},
};
use platform::table::Table;
use search::App;
use serde_json::Value;
use tests::{
    call::now,
    groups, indexed,
    people::{Person, found, legend, user},
    recording::{recording, register, store},
    request::As,
    table,
};

const NUMBERS: [&str; 6] =
    ["+46701234567", "+46701234999", "+4684650012", "+4531390012", "+46735550101", "withheld"];
const WORDS: [&str; 8] =
    ["Faktura", "åter", "offert", "Örjan", "café", "4411", "reklamation", "fakturan"];
const MARKS: [&str; 3] = ["red", "green", "blue"];
const CONVERSATIONS: [&str; 3] = ["conv/1", "conv/2", "CONV/2"];
const SEARCHES: usize = 150;

/// Random numbers from a seed (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn seldom(&mut self) -> bool {
        self.below(5) == 0
    }

    fn words(&mut self, at_most: usize) -> String {
        let count = self.below(at_most) + 1;
        (0..count).map(|_| self.one(&WORDS)).collect::<Vec<_>>().join(" ")
    }
}

fn ids() -> [&'static str; 4] {
    ["anna", "omar", "maja", "ake"]
}

/// A recording of a random user in the last ten days, with a random annotation.
fn drawn(draw: &mut Draw, number: usize) -> Recording {
    let owner = ids()[draw.below(4)];
    let started_at = now() - TimeDelta::minutes(draw.below(14_400) as i64); // some begin in the same minute
    let mut made = recording("demo", owner, &format!("call-{number}"), started_at);
    made.counterpart = Counterpart::from(draw.one(&NUMBERS).to_owned());
    made.direction = [Direction::In, Direction::Out][draw.below(2)];
    made.duration = TimeDelta::seconds(draw.below(900) as i64);
    if draw.below(2) == 0 {
        made.annotation.note = Note::try_from(draw.words(4)).ok();
    }
    if draw.below(3) == 0 {
        made.annotation.mark = Mark::try_from(draw.one(&MARKS).to_owned()).ok();
    }
    if draw.below(3) == 0 {
        made.leg.conversation = draw.one(&CONVERSATIONS).to_owned().try_into().ok();
        made.leg.participants = vec![Counterpart::from(draw.one(&NUMBERS).to_owned())];
    }
    made
}

struct World {
    router: Router,
    recordings: Vec<Recording>,
}

async fn world(draw: &mut Draw) -> anyhow::Result<World> {
    let mut watched = table::watched().await?;
    let table = watched.table.clone();
    found(&table, "demo").await?;
    legend(&table, "demo").await?;
    for id in ids() {
        Person::recorded(id).joins(&table, "demo").await?;
    }
    Person::administrator("karin").joins(&table, "demo").await?;
    Person { rights: &[], ..Person::recorded("sara") }.joins(&table, "demo").await?;
    groups::group(&table, "demo", "g1", &["anna", "maja"]).await?;
    groups::supervise(&table, "demo", "g1", "sara", None).await?;
    let mut recordings = Vec::new();
    for number in 0..300 {
        let made = drawn(draw, number);
        if draw.below(3) == 0 {
            register(&table, &made).await?
        } else {
            store(&table, &made).await?
        }
        if draw.below(3) == 0 {
            fields(&table, &made, draw).await?;
        }
        recordings.extend(table.recordings().get(&made.organisation, made.id, now()).await?);
    }
    anyhow::ensure!(recordings.len() == 300, "all are there");
    indexed::take_in_all(&mut watched).await?;
    Ok(World { router: search::router(App { table, keys: Default::default(), now }), recordings })
}

async fn fields(table: &Table, made: &Recording, draw: &mut Draw) -> anyhow::Result<()> {
    let standing = table.annotations().of_call(&made.organisation, made.id, now()).await?;
    let mut field = || Field::try_from(draw.words(2)).ok();
    let annotation = Annotation { fields: [field(), None, field()], ..standing.annotation.clone() };
    let event = groups::event("demo", &format!("fields-{}", made.id));
    table.annotations().edit(&standing, &annotation, None, 180, &event).await??;
    Ok(())
}

/// A search as the pairs of its query string.
fn asked(draw: &mut Draw) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    let moment = |draw: &mut Draw| {
        (now() - TimeDelta::minutes(draw.below(14_400) as i64))
            .to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    let mut add = |draw: &mut Draw, name, value: &dyn Fn(&mut Draw) -> String| {
        if draw.seldom() {
            query.push((name, value(draw)));
        }
    };
    add(draw, "from", &|draw| moment(draw));
    add(draw, "to", &|draw| moment(draw));
    add(draw, "user", &|draw| ids()[draw.below(4)].to_owned());
    add(draw, "name", &|draw| draw.one(&["a", "AN", "ma", "x", "omar"]).to_owned());
    add(draw, "minSeconds", &|draw| draw.below(900).to_string());
    add(draw, "maxSeconds", &|draw| draw.below(900).to_string());
    add(draw, "counterpart", &|draw| draw.one(&NUMBERS).to_owned());
    add(draw, "number", &|draw| {
        draw.one(&["070-123", "4567", "+45", "0012", "46735550101", "0101"]).to_owned()
    });
    add(draw, "conversation", &|draw| draw.one(&CONVERSATIONS).to_owned());
    add(draw, "participant", &|draw| draw.one(&NUMBERS).to_owned());
    add(draw, "direction", &|draw| draw.one(&["in", "out"]).to_owned());
    add(draw, "mark", &|draw| draw.one(&["red", "green", "blue", "none"]).to_owned());
    add(draw, "note", &|draw| {
        draw.one(&["fakt", "faktura", "FAKTURA 44", "cafe", "ater", "örj", "offert åt"]).to_owned()
    });
    add(draw, "field1", &|draw| draw.one(&["rekl", "4411", "café"]).to_owned());
    add(draw, "field2", &|draw| draw.one(&["rekl", "4411"]).to_owned());
    add(draw, "fields", &|draw| draw.one(&["offert", "faktura åter", "ö"]).to_owned());
    add(draw, "held", &|draw| draw.one(&["true", "false"]).to_owned());
    add(draw, "state", &|draw| draw.one(&["expected", "stored", "rejected"]).to_owned());
    query
}

/// Whether a search finds the recording, decided from its query without the code of the search.
fn plainly(recording: &Recording, query: &[(&'static str, String)]) -> bool {
    let annotation = &recording.annotation;
    let text = |field: usize| {
        annotation.fields[field].as_ref().map(|field| plain(field.as_str())).unwrap_or_default()
    };
    let number = recording.counterpart.to_string();
    query.iter().all(|(name, value)| match *name {
        "from" => recording.started_at >= parsed(value),
        "to" => recording.started_at < parsed(value),
        "user" => recording.user.as_str() == value,
        "name" => recording.user.as_str().contains(&value.to_lowercase()),
        "minSeconds" => {
            is_stored(recording)
                && recording.duration.num_seconds() >= value.parse().unwrap_or_default()
        }
        "maxSeconds" => {
            is_stored(recording)
                && recording.duration.num_seconds() <= value.parse().unwrap_or_default()
        }
        "counterpart" => number == *value,
        "number" => match value.as_str() {
            "070-123" => number.starts_with("+4670123"),
            "+45" => false,
            "46735550101" => number == "+46735550101",
            end => number.ends_with(end),
        },
        "conversation" => {
            recording.leg.conversation.as_ref().is_some_and(|id| id.to_string() == *value)
        }
        "participant" => recording.leg.participants.iter().any(|who| who.to_string() == *value),
        "direction" => recording.direction.into_str() == value,
        "mark" => annotation.mark.as_ref().map_or("none", |mark| mark.as_str()) == value,
        "note" => finds(
            &annotation.note.as_ref().map(|note| plain(note.as_str())).unwrap_or_default(),
            value,
        ),
        "field1" => finds(&text(0), value),
        "field2" => finds(&text(1), value),
        "fields" => finds(&format!("{} {} {}", text(0), text(1), text(2)), value),
        "held" => value == "false",
        "state" => match recording.state {
            domain::recording::State::Expected => value == "expected",
            domain::recording::State::Stored { .. } => value == "stored",
            domain::recording::State::Rejected { .. } => value == "rejected",
        },
        _ => unreachable!("{name}"),
    })
}

/// Whether the length is known, because the audio has arrived.
fn is_stored(recording: &Recording) -> bool {
    matches!(recording.state, domain::recording::State::Stored { .. })
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace('é', "e")
}

fn finds(text: &str, typed: &str) -> bool {
    let typed = plain(typed);
    let (whole, beginning) = typed.rsplit_once(' ').unwrap_or(("", &typed));
    let words: Vec<&str> = text.split_whitespace().collect();
    whole.split_whitespace().all(|wanted| words.contains(&wanted))
        && words.iter().any(|word| word.starts_with(beginning))
}

fn parsed(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment of our own")
}

#[tokio::test]
async fn any_mix_of_filters_finds_the_same_in_pages_and_one_by_one() -> anyhow::Result<()> {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(2026);
    println!("SEED={seed}");
    let mut draw = Draw(seed);
    let world = world(&mut draw).await?;
    let mut found_any = 0;
    for number in 0..SEARCHES {
        let mut query = asked(&mut draw);
        if query.iter().any(|(name, value)| *name == "number" && value == "+45") {
            query.retain(|(name, _)| *name != "number"); // two digits: refused, see below
        }
        let caller = ["karin", "anna", "sara"][draw.below(3)];
        let seen: BTreeSet<_> = match caller {
            "anna" => [user("anna")].into(),
            "sara" => [user("anna"), user("maja")].into(),
            _ => ids().map(user).into(),
        };
        if query.iter().any(|(name, value)| *name == "user" && !seen.contains(&user(value))) {
            continue;
        }
        let oldest = draw.below(2) == 0;
        let limit = [5, 40, 1000][draw.below(3)];
        let mut expected: Vec<&Recording> = world
            .recordings
            .iter()
            .filter(|recording| seen.contains(&recording.user) && plainly(recording, &query))
            .collect();
        expected.sort_by_key(|recording| (recording.started_at, recording.id));
        if !oldest {
            expected.reverse();
        }
        let expected: Vec<String> =
            expected.iter().map(|recording| recording.id.to_string()).collect();
        let answered = paged(&world.router, caller, &query, oldest, limit).await?;
        assert_eq!(
            answered, expected,
            "search {number} of SEED={seed}: {caller} {query:?} oldest={oldest} limit={limit}"
        );
        found_any += usize::from(!answered.is_empty());
    }
    assert!(found_any > SEARCHES / 5, "only {found_any} searches found something");
    Ok(())
}

async fn paged(
    router: &Router,
    caller: &str,
    query: &[(&'static str, String)],
    oldest: bool,
    limit: usize,
) -> anyhow::Result<Vec<String>> {
    let encode = |value: &str| {
        percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let mut path =
        format!("/v1/recordings?limit={limit}&order={}", if oldest { "oldest" } else { "newest" });
    for (name, value) in query {
        path.push_str(&format!("&{name}={}", encode(value)));
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = As { organisation: "demo", user: caller }
            .get(router, &format!("{path}{cursor}"))
            .await?;
        anyhow::ensure!(page.status == 200, "{path}: {page:?}");
        let rows = page.body["recordings"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(rows.len() <= limit);
        ids.extend(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(ids),
        }
    }
}

#[tokio::test]
async fn an_invalid_filter_is_refused() -> anyhow::Result<()> {
    let (table, _) = table::empty().await?;
    found(&table, "demo").await?;
    Person::administrator("karin").joins(&table, "demo").await?;
    let router = search::router(App { table, keys: Default::default(), now });
    let many_words = "a%20".repeat(11);
    let queries = [
        "number=%2B45",
        "number=12",
        "number=070x",
        "note=",
        "note=%20-",
        "fields=!",
        "mark=R%C3%B6d",
        "direction=up",
        "state=gone",
        "held=maybe",
        "minSeconds=-1",
    ];
    for query in queries
        .into_iter()
        .map(str::to_owned)
        .chain([format!("note={many_words}"), format!("name={}", "x".repeat(101))])
    {
        let answer = As { organisation: "demo", user: "karin" }
            .get(&router, &format!("/v1/recordings?{query}"))
            .await?;
        assert_eq!((answer.status.as_u16(), answer.cause().as_str()), (422, "invalid"), "{query}");
        assert_ne!(answer.body["detail"], Value::Null);
    }
    Ok(())
}
