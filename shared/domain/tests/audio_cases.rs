//! Measures the recordings of phones and recorders that the service must store, damaged or not.
//!
//! `make audio` generates them, with `cases.json`, which has the seconds that a full decode of each
//! gives. `AUDIO_CASES` names their folder. Without the variable, the test has nothing to do.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use domain::audio::{
    Audio, BYTES_AT_MOST, Codec, Container, Damage, Measured, READS_AT_MOST, Step, Window, probe,
};

/// A file, its format, whether browsers play it, the origin of its duration, and its damage.
type Case = (&'static str, Container, Codec, bool, Measured, Option<Damage>);

const EXACT: Measured = Measured::Exact;
const ESTIMATED: Measured = Measured::Estimated;
const CLAIMED: Measured = Measured::Claimed;

const CASES: [Case; 33] = [
    ("wav-size-7fffffff.wav", Container::Wav, Codec::Pcm, true, EXACT, None),
    ("wav-size-ffffffdb.wav", Container::Wav, Codec::Pcm, true, EXACT, None),
    ("wav-size-80000000.wav", Container::Wav, Codec::Pcm, true, EXACT, None),
    ("wav-size-plus-16.wav", Container::Wav, Codec::Pcm, true, EXACT, None),
    ("wav-size-hour.wav", Container::Wav, Codec::Pcm, true, EXACT, Some(Damage::CutOff)),
    ("wav-short-by-one.wav", Container::Wav, Codec::Pcm, true, EXACT, None),
    ("wav-no-sound.wav", Container::Wav, Codec::Pcm, true, EXACT, Some(Damage::NoSound)),
    ("mp4-fragments-10.m4a", Container::Mp4, Codec::Aac, true, EXACT, None),
    ("mp4-fragments-10-cut.m4a", Container::Mp4, Codec::Aac, true, EXACT, Some(Damage::CutOff)),
    ("mp4-fragments-many.m4a", Container::Mp4, Codec::Aac, true, EXACT, None),
    ("mp4-fragments-many-cut.m4a", Container::Mp4, Codec::Aac, true, EXACT, Some(Damage::CutOff)),
    ("mp4-index-first-cut.m4a", Container::Mp4, Codec::Aac, true, ESTIMATED, Some(Damage::CutOff)),
    ("mp4-without-index.m4a", Container::Mp4, Codec::Other, false, CLAIMED, Some(Damage::NoIndex)),
    ("mp4-stub.m4a", Container::Mp4, Codec::Aac, true, ESTIMATED, Some(Damage::Contradictory)),
    ("mp3-length-header-cut.mp3", Container::Mp3, Codec::Mp3, true, EXACT, Some(Damage::CutOff)),
    ("mp3-trailing-100k.mp3", Container::Mp3, Codec::Mp3, true, EXACT, None),
    ("mp3-id3-3m.mp3", Container::Mp3, Codec::Mp3, true, EXACT, None),
    ("ogg-cut.ogg", Container::Ogg, Codec::Opus, true, EXACT, Some(Damage::CutOff)),
    ("ogg-chained-3.ogg", Container::Ogg, Codec::Opus, true, EXACT, None),
    ("ogg-chained-300.ogg", Container::Ogg, Codec::Opus, true, EXACT, None),
    ("ogg-granules-0.ogg", Container::Ogg, Codec::Opus, true, CLAIMED, None),
    ("amr.amr", Container::Amr, Codec::AmrNb, false, EXACT, None),
    ("amr.3gp", Container::Mp4, Codec::AmrNb, false, EXACT, None),
    ("amr.m4a", Container::Mp4, Codec::AmrNb, false, EXACT, None),
    ("aac.aac", Container::Adts, Codec::Aac, true, EXACT, None),
    ("flac.flac", Container::Flac, Codec::Flac, true, EXACT, None),
    ("opus.webm", Container::WebM, Codec::Opus, true, EXACT, None),
    ("opus.caf", Container::Caf, Codec::Opus, false, EXACT, None),
    ("gsm.wav", Container::Wav, Codec::Gsm, false, EXACT, None),
    ("adpcm.wav", Container::Wav, Codec::Adpcm, false, EXACT, None),
    ("speex.ogg", Container::Ogg, Codec::Speex, false, EXACT, None),
    ("ogg-as-mp4.ogg", Container::Ogg, Codec::Opus, true, EXACT, None),
    ("mp3-vbr-half-silent.mp3", Container::Mp3, Codec::Mp3, true, EXACT, None),
];

/// The greatest difference from a full decode that needs no flag.
const TOLERANCE: f64 = 0.1;

#[test]
fn every_audio_file_is_recognised_and_measured_or_flagged() {
    let Some(folder) = std::env::var_os("AUDIO_CASES").map(PathBuf::from) else {
        println!("skipped: AUDIO_CASES names no folder of recordings");
        return;
    };
    let decoded = decoded(&folder);
    assert_eq!(decoded.len(), CASES.len(), "cases.json lists other files");
    println!(
        "| {:<26} | container | codec  | plays | decoded | measured | {:<9} | {:<13} | promised | reads | bytes  |",
        "file", "origin", "damage"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let wrong: Vec<&str> = CASES
        .into_iter()
        .filter(|case| !is_right(&folder, case, &decoded))
        .map(|case| case.0)
        .collect();
    assert!(wrong.is_empty(), "wrong: {wrong:?}");
}

/// The seconds that a full decode gives, by file.
fn decoded(folder: &Path) -> Vec<(String, Option<f64>)> {
    let text =
        std::fs::read_to_string(folder.join("cases.json")).expect("the folder has cases.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).expect("cases.json is a list");
    cases
        .iter()
        .map(|case| {
            (case["file"].as_str().unwrap_or_default().to_owned(), case["seconds"].as_f64())
        })
        .collect()
}

/// Measures a file, prints its row, and compares both with the case.
fn is_right(folder: &Path, case: &Case, decoded: &[(String, Option<f64>)]) -> bool {
    let (file, container, codec, plays, measured, damage) = *case;
    let seconds = decoded.iter().find(|(name, _)| name == file).and_then(|(_, seconds)| *seconds);
    let (audio, reads, bytes) = measure(&folder.join(file));
    println!("{}{:>5} | {:>6} |", row(file, &audio, seconds), reads, bytes);
    let duration = audio.duration(Duration::from_secs(3600)).as_secs_f64();
    let is_flagged = audio.measured() != EXACT || audio.damage.is_some();
    let is_near = seconds.is_none_or(|seconds| (duration - seconds).abs() <= TOLERANCE);
    let is_bounded =
        audio.measured() == CLAIMED || duration <= seconds.unwrap_or(5.2) * 1.05 + TOLERANCE;
    let found = (audio.container, audio.codec, audio.is_playable(), audio.measured(), audio.damage);
    found == (container, codec, plays, measured, damage) && (is_near || is_flagged) && is_bounded
}

/// A row of the table, up to the cost.
fn row(file: &str, audio: &Audio, decoded: Option<f64>) -> String {
    let seconds =
        |seconds: Option<f64>| seconds.map_or("–".to_owned(), |seconds| format!("{seconds:.3}"));
    let plays = if audio.is_playable() { "yes" } else { "no" };
    let (container, codec, origin) =
        (audio.container.as_str(), audio.codec.as_str(), audio.measured().as_str());
    let damage = audio.damage.map_or("–", Damage::as_str);
    let measured = seconds(audio.length.duration().map(|duration| duration.as_secs_f64()));
    let promised = seconds(audio.promised.map(|duration| duration.as_secs_f64()));
    let decoded = seconds(decoded);
    format!(
        "| {file:<26} | {container:<9} | {codec:<6} | {plays:<5} | {decoded:>7} | {measured:>8} | {origin:<9} | {damage:<13} | {promised:>8} | "
    )
}

/// The result, and the number of reads and bytes that it took.
fn measure(path: &Path) -> (Audio, usize, u64) {
    let mut file = File::open(path).expect("the folder has the file");
    let length = file.metadata().expect("it has a length").len();
    let (mut windows, mut total) = (Vec::new(), 0);
    loop {
        let range = match probe(length, &windows) {
            Step::Read(range) => range,
            Step::Audio(audio) => return (audio, windows.len(), total),
            Step::NotAudio(reason) => panic!("{}: {reason}", path.display()),
        };
        total += range.end - range.start;
        assert!(
            windows.len() < READS_AT_MOST && total <= BYTES_AT_MOST && range.end <= length,
            "{}: {range:?}",
            path.display()
        );
        let mut bytes = vec![0; (range.end - range.start) as usize];
        file.seek(SeekFrom::Start(range.start)).expect("it is a file");
        file.read_exact(&mut bytes).expect("it has the range");
        windows.push(Window { offset: range.start, bytes });
    }
}
