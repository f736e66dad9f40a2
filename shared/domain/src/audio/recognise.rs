//! Recognises the container by its first bytes, or by frames that follow each other.

use super::{
    Container, Damage, NotAudio, adts,
    foreign::{foreign, text},
    frames::{self, SEARCHED},
    mp3,
    object::{HEAD, Object, Stop},
};

/// The container, and the offset of the audio after the tags before it.
///
/// Content with the magic number of something else is refused, and so is text. Anything else may be
/// audio: it is [`Container::Other`].
pub(super) fn recognise(object: Object<'_>) -> Result<(Container, u64), Stop> {
    let head = object.up_to(0, HEAD)?;
    let start = match after_tags(object) {
        Err(Stop::Damaged(Damage::CutOff)) => return Ok((Container::Mp3, object.length)), // the tag is cut off
        start => start?,
    };
    let bytes = object.up_to(start, SEARCHED as u64)?;
    if let Some(container) = by_magic(bytes) {
        return Ok((container, start));
    }
    if let Some(name) = foreign(head) {
        return Err(Stop::NotAudio(NotAudio::Foreign(name)));
    }
    let is_last = object.length.saturating_sub(start) <= SEARCHED as u64;
    if let Some(container) = by_frames(bytes, is_last) {
        return Ok((container, start));
    }
    match text(head, head.len() as u64 == object.length) {
        Some(name) => Err(Stop::NotAudio(NotAudio::Foreign(name))),
        None if start > 0 => Ok((Container::Mp3, start)), // the tag is MP3's
        None => Ok((Container::Other, 0)),
    }
}

/// The end of all ID3v2 tags. A size has seven bits a byte (ID3v2.4, section 3.1).
fn after_tags(object: Object<'_>) -> Result<u64, Stop> {
    let mut at = 0;
    while let [b'I', b'D', b'3', _, _, flags, size @ ..] = object.up_to(at, 10)? {
        let body = size.iter().fold(0, |number: u64, byte| number << 7 | u64::from(byte & 0x7f));
        let around: u64 = if flags & 0x10 == 0 { 10 } else { 20 }; // a header, and perhaps a footer
        at = body.saturating_add(around).saturating_add(at);
        if at > object.length {
            return Err(Stop::Damaged(Damage::CutOff));
        }
    }
    Ok(at)
}

fn by_magic(bytes: &[u8]) -> Option<Container> {
    match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Container::Wav),
        [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Container::Wav),
        [b'B', b'W', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Container::Wav),
        [b'O', b'g', b'g', b'S', 0, ..] => Some(Container::Ogg),
        [b'f', b'L', b'a', b'C', kind, ..] if kind & 0x7f <= 6 => Some(Container::Flac),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Container::WebM),
        [b'#', b'!', b'A', b'M', b'R', b'\n' | b'-' | b'_', ..] => Some(Container::Amr),
        [b'c', b'a', b'f', b'f', 0, 1, ..] => Some(Container::Caf),
        _ => is_mp4(bytes).then_some(Container::Mp4),
    }
}

/// Whether a box with a name that files begin with is at the beginning. The size of a box is no
/// text, and an image has another brand.
fn is_mp4(bytes: &[u8]) -> bool {
    let Some((size, rest)) = bytes.split_first_chunk::<4>() else { return false };
    let names = [&b"ftyp"[..], b"moov", b"mdat", b"moof", b"styp", b"wide", b"free", b"skip"];
    let is_text = size.iter().all(|byte| matches!(byte, b' '..=b'~'));
    !is_text && names.iter().any(|name| rest.starts_with(name)) && foreign(bytes).is_none()
}

/// AAC and MP3 have no magic number. Their frames may begin after other bytes.
fn by_frames(bytes: &[u8], is_last: bool) -> Option<Container> {
    let adts = frames::first(bytes, adts::FORMAT, is_last).map(|(at, _)| (at, Container::Adts));
    let mp3 = frames::first(bytes, mp3::FORMAT, is_last).map(|(at, _)| (at, Container::Mp3));
    adts.into_iter().chain(mp3).min_by_key(|(at, _)| *at).map(|(_, container)| container)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audio, reason};
    use super::super::{Audio, Length, Measured};
    use super::*;

    fn tag(size: usize) -> Vec<u8> {
        let seven = |shift: usize| (size >> shift & 0x7f) as u8;
        [b"ID3\x04\0\0", &[seven(21), seven(14), seven(7), seven(0)][..], &vec![0; size]].concat()
    }

    #[test]
    fn a_container_is_recognised_by_its_first_bytes() {
        let cases: [(&[u8], Container); 8] = [
            (b"RIFF\0\0\0\0WAVE", Container::Wav),
            (b"RF64\xff\xff\xff\xffWAVE", Container::Wav),
            (b"\0\0\0\x14ftypM4A \0\0\0\0", Container::Mp4),
            (b"\0\0\0\x08wide\0\0\x10\0mdat", Container::Mp4),
            (b"OggS\0\x02", Container::Ogg),
            (b"\x1a\x45\xdf\xa3\x80", Container::WebM),
            (b"#!AMR-WB\n", Container::Amr),
            (b"caff\0\x01\0\0", Container::Caf),
        ];
        for (object, container) in cases {
            assert_eq!(audio(object).container, container);
        }
        assert_eq!(reason(b"\0\0\0\x18ftypheic\0\0\0\0mif1"), NotAudio::Foreign("a heic image"));
    }

    #[test]
    fn a_text_that_looks_like_a_container_is_a_text() {
        for text in
            ["Feelfree to call", "fLaC is a codec", "RIFF, WAVE and others", "OggS", "caff\u{e9}"]
        {
            assert_eq!(reason(text.as_bytes()), NotAudio::Foreign("text"), "{text}");
        }
    }

    #[test]
    fn tags_are_skipped() {
        let mp3 = mp3::tests::file(10, |_| 32);
        let flac = super::super::flac::tests::file(30);
        for size in [0, 100, 200_000, 1_000_000] {
            assert_eq!(audio(&[tag(size), mp3.clone()].concat()).container, Container::Mp3);
            assert_eq!(
                audio(&[tag(size), tag(9), flac.clone()].concat()).container,
                Container::Flac
            );
        }
    }

    #[test]
    fn a_tag_without_audio_is_a_damaged_mp3() {
        for object in [tag(1000)[..50].to_vec(), tag(100), [tag(100), vec![0x80; 999]].concat()] {
            let Audio { container, damage, .. } = audio(&object);
            assert_eq!((container, damage.is_some()), (Container::Mp3, true));
        }
    }

    #[test]
    fn samples_without_a_header_may_be_audio() {
        let samples: Vec<u8> =
            (0..9000_u32).flat_map(|at| ((at * 7919 % 8001) as u16).to_le_bytes()).collect();
        let audio = audio(&samples);
        assert_eq!(
            (audio.container, audio.length, audio.measured()),
            (Container::Other, Length::Unknown, Measured::Claimed)
        );
    }
}
