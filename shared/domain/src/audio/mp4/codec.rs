//! The codec of a stream by its sample description (`stsd`, ISO 14496-12, section 8.5.2).

use super::super::Codec;

/// The codec of the first entry after the version and the count.
pub(super) fn codec(description: &[u8]) -> Codec {
    match description.get(12..16).unwrap_or_default() {
        b"mp4a" => object_type(description).map_or(Codec::Aac, of_object_type),
        b"alac" => Codec::Alac,
        b"samr" => Codec::AmrNb,
        b"sawb" | b"sawp" => Codec::AmrWb,
        b"Opus" => Codec::Opus,
        b"fLaC" => Codec::Flac,
        b".mp3" | b"ms\0\x55" => Codec::Mp3,
        b"ulaw" => Codec::MuLaw,
        b"alaw" => Codec::ALaw,
        b"agsm" | b"ms\0\x31" => Codec::Gsm,
        b"ima4" | b"ms\0\x02" | b"ms\0\x11" => Codec::Adpcm,
        b"sowt" | b"twos" | b"lpcm" | b"raw " | b"in24" | b"in32" | b"fl32" | b"fl64" | b"ipcm"
        | b"fpcm" | b"NONE" => Codec::Pcm,
        _ => Codec::Other,
    }
}

/// The kind of content in the decoder's configuration (`esds`, ISO 14496-1, section 7.2.6.6).
fn object_type(description: &[u8]) -> Option<u8> {
    let at = description.windows(4).position(|name| name == b"esds")?.checked_add(8)?; // version and flags
    let stream = descriptor(description.get(at..)?, 3)?;
    let flags = *stream.get(2)?;
    let optional: usize = if flags & 0x80 == 0 { 3 } else { 5 }; // an identifier and flags, and another stream's
    descriptor(stream.get(optional..)?, 4)?.first().copied()
}

/// The content of a descriptor with that tag. A length has seven bits a byte, in at most four.
fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&[tag])?;
    let size = rest.iter().take(4).position(|byte| byte & 0x80 == 0)?.checked_add(1)?;
    rest.get(size..)
}

/// The registered object types of MPEG-4's registration authority.
fn of_object_type(kind: u8) -> Codec {
    match kind {
        0x40 | 0x66..=0x68 => Codec::Aac,
        0x69 | 0x6b => Codec::Mp3,
        0xad => Codec::Opus,
        0xdd => Codec::Vorbis,
        _ => Codec::Other,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sample description with one entry.
    pub(in super::super) fn description(name: &[u8; 4], rest: &[u8]) -> Vec<u8> {
        [&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 36][..], name, &[0; 28], rest].concat()
    }

    #[test]
    fn an_entry_names_its_codec() {
        assert_eq!(codec(&description(b"samr", &[])), Codec::AmrNb);
        assert_eq!(codec(&description(b"alac", &[])), Codec::Alac);
        assert_eq!(codec(&description(b"enca", &[])), Codec::Other);
        assert_eq!(codec(&[]), Codec::Other);
    }

    #[test]
    fn mp4a_has_an_object_type() {
        let short = [&b"\0\0\0\x27esds\0\0\0\0\x03\x19\0\x01\0\x04\x11"[..], &[0x6b]].concat();
        let long = [
            &b"\0\0\0\x33esds\0\0\0\0\x03\x80\x80\x80\x22\0\x01\0\x04\x80\x80\x80\x14"[..],
            &[0x40],
        ]
        .concat();
        assert_eq!(codec(&description(b"mp4a", &short)), Codec::Mp3);
        assert_eq!(codec(&description(b"mp4a", &long)), Codec::Aac);
        assert_eq!(codec(&description(b"mp4a", &[])), Codec::Aac);
        assert_eq!(
            codec(&description(b"mp4a", b"esds\0\0\0\0\x03\xff\xff\xff\xff\xff")),
            Codec::Aac
        );
    }
}
