//! Runs [`probe`] in tests. Each run checks the bounds on reads and on the result.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// The result of [`probe`] and its number of reads. Panics if a read breaks the contract.
pub(super) fn run(object: &[u8]) -> (Step, usize) {
    run_long(object.len() as u64, |range| object[range.start as usize..range.end as usize].to_vec())
}

/// The same for an object of any length, whose bytes `read` generates.
pub(super) fn run_long(length: u64, read: impl Fn(Range<u64>) -> Vec<u8>) -> (Step, usize) {
    let (mut windows, mut total) = (Vec::<Window>::new(), 0);
    loop {
        let range = match probe(length, &windows) {
            Step::Read(range) => range,
            step => {
                check(length, &step);
                return (step, windows.len());
            }
        };
        assert!(range.start < range.end && range.end <= length, "requested {range:?} of {length}");
        total += range.end - range.start;
        assert!(
            windows.len() < READS_AT_MOST && total <= BYTES_AT_MOST,
            "requested {total} bytes in {} reads",
            windows.len() + 1
        );
        for window in windows.iter().filter(|window| !window.bytes.is_empty()) {
            assert!(
                range.start < window.offset || range.end > window.end(),
                "requested {range:?} again"
            );
        }
        windows.push(Window { offset: range.start, bytes: read(range) });
    }
}

/// The bounds that every result respects.
fn check(length: u64, step: &Step) {
    let Step::Audio(audio) = step else { return };
    assert!(audio.length.duration().is_none_or(|duration| duration <= audio.longest), "{audio:?}");
    assert!(audio.longest <= audio.codec.longest(length), "{audio:?}");
    assert!(audio.length != Length::Exact(Duration::ZERO) || audio.damage.is_some(), "{audio:?}");
}

pub(super) fn audio(object: &[u8]) -> Audio {
    match run(object).0 {
        Step::Audio(audio) => audio,
        step => panic!("not audio: {step:?}"),
    }
}

/// The measured time in milliseconds, exact or estimated.
pub(super) fn milliseconds(object: &[u8]) -> u128 {
    audio(object).length.duration().map_or(u128::MAX, |duration| duration.as_millis())
}

/// The exact time in milliseconds of an undamaged recording.
pub(super) fn exact(object: &[u8]) -> u128 {
    let audio = audio(object);
    assert_eq!((audio.measured(), audio.damage), (Measured::Exact, None), "{audio:?}");
    milliseconds(object)
}

/// The origin of the time, and the damage.
pub(super) fn flags(object: &[u8]) -> (Measured, Option<Damage>) {
    let audio = audio(object);
    (audio.measured(), audio.damage)
}

pub(super) fn reason(object: &[u8]) -> NotAudio {
    match run(object).0 {
        Step::NotAudio(reason) => reason,
        step => panic!("audio: {step:?}"),
    }
}

/// Small and large files of every container, each valid.
fn valid_files() -> Vec<Vec<u8>> {
    let mut files = vec![
        wav::tests::second_of_speech(),
        mp3::tests::file(3000, |_| 32),
        mp3::tests::file(9000, |at| [32, 64][at % 2]),
    ];
    files.extend([
        mp4::tests::index_first(300_000),
        mp4::tests::index_last(200_000),
        ogg::tests::opus(20),
        ogg::tests::opus(200),
    ]);
    files.extend([
        mp4::fragments::tests::fragmented(3),
        mp4::fragments::tests::fragmented(900),
        webm::tests::live(30),
        webm::tests::live(900),
    ]);
    files.extend([
        flac::tests::file(30),
        flac::tests::file(900),
        adts::tests::file(100),
        adts::tests::file(2000),
    ]);
    files.extend([amr::tests::file(100), amr::tests::file(20_000), caf::tests::opus(3)]);
    files
}

#[test]
fn every_valid_file_is_audio_without_damage() {
    for object in valid_files() {
        assert_eq!(audio(&object).damage, None, "{:?}", audio(&object));
    }
}

#[test]
fn reads_that_come_back_empty_end_the_probe() {
    for object in valid_files() {
        let (step, _) = run_long(object.len() as u64, |_| Vec::new());
        assert!(matches!(
            step,
            Step::Audio(Audio { container: Container::Other, length: Length::Unknown, .. })
        ));
    }
}

#[test]
fn every_beginning_of_a_file_gives_a_result() {
    for object in valid_files() {
        let step = (object.len() / 60).max(1);
        for end in (1..object.len()).step_by(step).chain(1..object.len().min(300)) {
            run(&object[..end]);
        }
    }
}

/// The beginnings of every container, as prefixes of arbitrary bytes.
fn magic() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![
        &b"RIFF\0\0\0\0WAVEfmt "[..],
        b"\0\0\0\x08ftyp",
        b"\0\0\0\x08ftyp\0\0\0\x10moov\0\0\0\x6cmvhd",
        b"OggS\0\x02",
        b"ID3\x04\0\0",
        b"\xff\xfb\x90\xc0",
        b"\xff\xf1\x50\x80\x02\x1f\xfc",
        b"fLaC\0\0\0\x22",
        b"#!AMR\n",
        b"#!AMR-WB\n",
        b"caff\0\x01\0\0desc",
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff",
    ])
}

proptest! {
    #[test]
    fn any_bytes_give_a_result(object in vec(any::<u8>(), 0..4000)) {
        run(&object);
    }

    #[test]
    fn any_bytes_after_any_magic_number_give_a_result(magic in magic(), rest in vec(any::<u8>(), 0..4000)) {
        run(&[magic, &rest].concat());
    }

    #[test]
    fn a_valid_file_with_any_bytes_changed_gives_a_result(
        file in prop::sample::select(valid_files()),
        changes in vec((0..600usize, any::<bool>(), prop_oneof![any::<u8>(), Just(0), Just(0xff)]), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut object = file;
        let size = object.len();
        for (at, from_end, byte) in changes {
            let at = at % size;
            object[if from_end { size - 1 - at } else { at }] = byte;
        }
        object.truncate(cut.map_or(size, |cut| cut.index(size)));
        run(&object);
    }

    #[test]
    fn any_length_gives_a_result(
        file in prop::sample::select(valid_files()),
        length in prop_oneof![any::<u64>(), 0..600_000u64],
        missing in prop_oneof![Just(0), Just(1), any::<usize>()],
    ) {
        run_long(length, |range| {
            let at = |offset: u64| file.get((offset % file.len() as u64) as usize).copied().unwrap_or(0);
            range.map(at).skip(missing).collect()
        });
    }

    #[test]
    fn any_windows_give_a_result(length in any::<u64>(), windows in vec((any::<u64>(), vec(any::<u8>(), 0..99)), 0..5)) {
        let windows: Vec<_> = windows.into_iter().map(|(offset, bytes)| Window { offset, bytes }).collect();
        probe(length, &windows);
    }
}
