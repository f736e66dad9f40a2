//! Hostile texts for every parser of a text, and hostile objects for the one of audio.

use std::{
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use anyhow::{Context, ensure};
use domain::{
    audio::{self, BYTES_AT_MOST, READS_AT_MOST, Step, Window},
    counterpart::Counterpart,
    ids::{CallId, ClientId, OrganisationId, RecordingId},
    note::{Field, Mark, Note},
    people::Name,
    reason::Reason,
    recording::{ContentType, Recording, Sha256},
    search::{Digits, Posting, Words, tokens},
    time::{Date, Instant as Time},
};
use platform::cursor;
use rand::RngExt;
use tests::{
    call::{now, silence},
    fuzz::{Seeds, bytes, text},
    recording::recording,
};
use unicode_normalization::UnicodeNormalization;

use super::{goes_on, random};

/// A parser: its name, accepted examples, and a check that returns whether it accepts a text.
type Parser = (&'static str, Seeds, fn(&str) -> anyhow::Result<bool>);

const PARSERS: [Parser; 16] = [
    (
        "number, typed",
        &["070-123 45 67", "+46 70 123", "0046701234567", "(08) 123", "4567"],
        digits,
    ),
    (
        "words, typed",
        &["ring åsa om fakturan", "CAFE\u{301} 4411", "ﬁnal ½ x-y", "o\u{308}l"],
        words,
    ),
    ("words of a text", &["Ring Åsa, ring!", "a\u{30a}\u{323}b ⑴ ﷺ", "İstanbul ẞ Σς"], folded),
    ("note", &["vill ha offert\r\nring\tigen", "å\u{30a}"], |text| written_back::<Note>(text)),
    ("field", &["ärende 4411", "kund 7"], |text| written_back::<Field>(text)),
    ("mark", &["red", "dark-blue-2"], |text| written_back::<Mark>(text)),
    ("counterpart", &["+46701234567", "withheld", "+123456789012345"], |text| {
        written_back::<Counterpart>(text)
    }),
    ("names of things", &["demo", "a.b_c-9"], names),
    ("call", &["call-1", "3c5f#9@pbx.example;leg=2"], |text| written_back::<CallId>(text)),
    ("recording", &["00000000000000000000000000", "vvvvvvvvvvvvvvvvvvvvvvvvvs"], |text| {
        written_back::<RecordingId>(text)
    }),
    ("hash", &["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"], |text| {
        written_back::<Sha256>(text)
    }),
    ("content type", &["audio/ogg; codecs=opus", "AUDIO/X-WAV"], |text| {
        Ok(ContentType::parse(text).is_some())
    }),
    ("reason", &["tvist 4411", "å"], |text| written_back::<Reason>(text)),
    (
        "time",
        &[
            "2026-11-24T12:00:00Z",
            "2199-12-31T23:59:60.5+01:00",
            "-262143-01-01T00:00:00Z",
            "2026-11-24T12:00:00 01:00",
        ],
        times,
    ),
    ("day", &["2026-11-24", "-262143-01-01", "2199-12-31"], days),
    ("cursor", &["AQAAAaIL6mAAAAAAAAAAAAAAAAAAAAAAAA", "AmFubmEjYW5uYQ"], cursors),
];

#[test]
fn no_text_parser_panics_and_each_writes_back_accepted_values() -> anyhow::Result<()> {
    let mut random = random();
    for (name, seeds, parser) in PARSERS {
        let (began, mut tried, mut taken) = (Instant::now(), 0_u64, 0_u64);
        while goes_on(began, PARSERS.len() as u32, tried, 1_500) {
            let input = text(&mut random, seeds);
            let answer =
                catch_unwind(AssertUnwindSafe(|| parser(&input))).ok().context("it panicked");
            taken += u64::from(
                answer.and_then(|answer| answer).with_context(|| format!("{name}: {input:?}"))?,
            );
            tried += 1;
        }
        println!("{name:<16}{tried:>10} texts, {taken} of them taken");
        ensure!(taken > 0, "{name} took none of {tried} texts: they say nothing of it");
    }
    Ok(())
}

#[test]
fn any_bytes_are_classified_within_the_allowed_reads() -> anyhow::Result<()> {
    let mut random = random();
    let mut heads = vec![
        silence(1)[..400].to_vec(),
        b"OggS\0\x02".to_vec(),
        b"\0\0\0\x18ftypM4A \0\0\0\0".to_vec(),
        b"ID3\x04\0".to_vec(),
    ];
    heads.extend([
        b"\xff\xfb\x90\x64".to_vec(),
        b"fLaC\0".to_vec(),
        b"\0\0\0\x10moov\0\0\0\x6cmvhd".to_vec(),
        Vec::new(),
    ]);
    let (began, mut tried, mut sounds) = (Instant::now(), 0_u64, 0_u64);
    while goes_on(began, 1, tried, 3_000) {
        let head = &heads[random.random_range(0..heads.len())];
        let mut object = bytes(&mut random, head);
        object
            .resize(object.len() + [0, 1, 300, 20_000][random.random_range(0..4)], random.random());
        let length = if random.random_bool(0.7) { object.len() as u64 } else { random.random() };
        let shown = object.get(..80.min(object.len())).unwrap_or_default().to_vec();
        let heard = catch_unwind(AssertUnwindSafe(|| probed(length, &object)))
            .ok()
            .context("it panicked")
            .and_then(|heard| heard);
        sounds += u64::from(heard.with_context(|| format!("{length} bytes: {shown:?}…"))?);
        tried += 1;
    }
    println!("{:<16}{tried:>10} objects, {sounds} of them audio", "audio");
    Ok(())
}

/// Whether the text is accepted. An accepted value is written back and must read the same.
fn written_back<T>(text: &str) -> anyhow::Result<bool>
where
    T: TryFrom<String, Error: std::error::Error> + Into<String> + Clone + PartialEq + Debug,
{
    let Ok(read) = T::try_from(text.to_owned()) else { return Ok(false) };
    let written: String = read.clone().into();
    let again = T::try_from(written.clone());
    ensure!(
        again.as_ref().is_ok_and(|again| *again == read),
        "{read:?} is written as {written:?}, which reads as {again:?}"
    );
    ensure!(!format!("{read:?}").is_empty(), "it is not shown");
    Ok(true)
}

fn names(text: &str) -> anyhow::Result<bool> {
    Ok(written_back::<OrganisationId>(text)?
        | written_back::<ClientId>(text)?
        | written_back::<Name>(text)?)
}

fn digits(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = Digits::parse(text) else { return Ok(false) };
    let number = |digits: &str| {
        (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    ensure!(number(read.beginning()) && read.end().is_none_or(number), "{read:?}");
    read.hold(&Counterpart::Withheld);
    Ok(true)
}

fn words(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = Words::parse(text) else { return Ok(false) };
    ensure!(read.hold([text]), "{read:?} is not found in what it was read of");
    ensure!(
        Words::parse(&text.nfd().collect::<String>()).as_ref() == Ok(&read),
        "taken apart, it is another"
    );
    Ok(true)
}

fn folded(text: &str) -> anyhow::Result<bool> {
    let words = tokens(text);
    ensure!(tokens(&words.join(" ")) == words, "folded once more, {words:?} changes");
    let (together, apart): (String, String) = (text.nfc().collect(), text.nfd().collect());
    ensure!(
        tokens(&together) == words && tokens(&apart) == words,
        "put together or taken apart, it has other words than {words:?}"
    );
    let mut stated: Recording = recording("demo", "anna", "call", now());
    stated.annotation.note = Note::try_from(text.to_owned()).ok();
    stated.annotation.fields[2] = Field::try_from(text.to_owned()).ok();
    ensure!(
        Posting::of(&stated).len() <= Posting::AT_MOST,
        "{} postings",
        Posting::of(&stated).len()
    );
    Ok(!words.is_empty())
}

fn times(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = text.parse::<Time>() else { return Ok(false) };
    ensure!(
        (Time::FIRST..=Time::LAST).contains(&read) && read.to_string().parse() == Ok(read),
        "{read:?} is written as {read}"
    );
    Ok(true)
}

fn days(text: &str) -> anyhow::Result<bool> {
    let Ok(read) = text.parse::<Date>() else { return Ok(false) };
    ensure!(
        (Date::FIRST..=Date::LAST).contains(&read) && read.to_string() == text,
        "{read:?} is written as {read}"
    );
    Ok(true)
}

fn cursors(text: &str) -> anyhow::Result<bool> {
    let (place, name) = (cursor::read(text), cursor::read_text(text));
    ensure!(
        place.as_ref().map_or(true, |place| cursor::write(*place) == text),
        "{place:?} is written otherwise"
    );
    ensure!(
        name.as_ref().map_or(true, |name| cursor::write_text(name) == text),
        "{name:?} is written otherwise"
    );
    Ok(place.is_ok() || name.is_ok())
}

/// Whether the object is audio, as ingest decides.
fn probed(length: u64, object: &[u8]) -> anyhow::Result<bool> {
    let (mut windows, mut read) = (Vec::new(), 0);
    loop {
        let range = match audio::probe(length, &windows) {
            Step::Read(range) => range,
            Step::Audio(audio) => {
                ensure!(
                    audio.length.duration().is_none_or(|duration| duration <= audio.longest),
                    "it lasts longer than its bytes hold"
                );
                return Ok(true);
            }
            Step::NotAudio(reason) => {
                ensure!(!reason.to_string().is_empty(), "no reason");
                return Ok(false);
            }
        };
        ensure!(
            range.start < range.end && range.end <= length,
            "{range:?} is not of {length} bytes"
        );
        read += range.end - range.start;
        ensure!(
            windows.len() < READS_AT_MOST && read <= BYTES_AT_MOST,
            "{} reads and {read} bytes",
            windows.len() + 1
        );
        let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(object.len());
        windows.push(Window {
            offset: range.start,
            bytes: object[within(range.start)..within(range.end)].to_vec(),
        });
    }
}
