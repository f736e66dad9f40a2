//! Content that is certainly no audio: archives, images, documents, programs and texts.

/// The name of the format of other content, by its first bytes; `None` if it may be audio.
pub(super) fn foreign(head: &[u8]) -> Option<&'static str> {
    let starts =
        |at: usize, magic: &[u8]| head.get(at..).is_some_and(|bytes| bytes.starts_with(magic));
    let named = FORMATS.iter().find(|(at, magic, _)| starts(*at, magic)).map(|(_, _, name)| *name);
    named.or_else(|| image(head)).or_else(|| is_windows_program(head).then_some("a program"))
}

/// The name of a text; `None` if a byte of it is no character.
pub(super) fn text(head: &[u8], is_whole: bool) -> Option<&'static str> {
    let text = match head.strip_prefix(b"\xff\xfe").or(head.strip_prefix(b"\xfe\xff")) {
        Some(utf16) => return is_utf16(utf16, head[0] == 0xfe).then_some("text"),
        None => valid_beginning(head, is_whole)?,
    };
    let is_printable =
        text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()) && !text.is_empty();
    let beginning = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let named = TEXTS.iter().find(|(start, _)| beginning.starts_with(start)).map(|(_, name)| *name);
    is_printable.then_some(named.unwrap_or("text"))
}

/// The offset, the first bytes and the name of each format.
const FORMATS: [(usize, &[u8], &str); 42] = [
    (0, b"PK\x03\x04", "a zip archive"), // also office documents and Android packages
    (0, b"PK\x05\x06", "a zip archive"),
    (0, b"PK\x07\x08", "a zip archive"),
    (0, b"\x1f\x8b\x08", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a rar archive"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (0, b"MSCF\0\0\0\0", "a cab archive"),
    (0, b"!<arch>\n", "an ar archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x89PNG\r\n\x1a\n", "a png image"),
    (0, b"\xff\xd8\xff", "a jpeg image"),
    (0, b"GIF87a", "a gif image"),
    (0, b"GIF89a", "a gif image"),
    (0, b"II*\0", "a tiff image"),
    (0, b"MM\0*", "a tiff image"),
    (0, b"8BPS\0\x01", "a psd image"),
    (4, b"ftypheic", "a heic image"),
    (4, b"ftypheix", "a heic image"),
    (4, b"ftypheim", "a heic image"),
    (4, b"ftypheis", "a heic image"),
    (4, b"ftypmif1", "a heic image"),
    (4, b"ftypavif", "an avif image"),
    (4, b"ftypavis", "an avif image"),
    (0, b"\0\0\0\x0cJXL ", "a jxl image"),
    (0, b"%PDF-", "a pdf document"),
    (0, b"%!PS", "a postscript document"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    (0, b"{\\rtf", "an rtf document"),
    (0, b"SQLite format 3\0", "a database"),
    (0, b"bplist00", "a property list"),
    (0, b"\x7fELF", "a program"),
    (0, b"\xfe\xed\xfa\xce", "a program"), // Mach-O
    (0, b"\xfe\xed\xfa\xcf", "a program"),
    (0, b"\xce\xfa\xed\xfe", "a program"),
    (0, b"\xcf\xfa\xed\xfe", "a program"),
    (0, b"\xca\xfe\xba\xbe", "a program"), // Mach-O for several processors, and Java
    (0, b"\0asm\x01\0\0\0", "a program"),
    (0, b"dex\n03", "a program"),
    (0, b"wOF2", "a font"),
];

/// The beginnings of texts with a format, in lower case.
const TEXTS: [(&str, &str); 8] = [
    ("<!doctype html", "an html document"),
    ("<html", "an html document"),
    ("<?xml", "an xml document"),
    ("<svg", "an svg image"),
    ("{", "a json document"),
    ("[{", "a json document"),
    ("#!", "a script"),
    ("<?php", "a script"),
];

/// The formats whose first bytes are too short to be certain without a second field.
fn image(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("a webp image"),
        [
            b'B',
            b'M',
            _,
            _,
            _,
            _,
            0,
            0,
            0,
            0,
            _,
            _,
            0,
            0,
            12 | 40 | 52 | 56 | 108 | 124,
            0,
            0,
            0,
            ..,
        ] => Some("a bmp image"),
        _ => None,
    }
}

/// Whether the old DOS header points to a header of Windows (Microsoft's PE format).
fn is_windows_program(head: &[u8]) -> bool {
    let at = head.strip_prefix(b"MZ").and_then(|_| head.get(0x3c..0x40)).map(super::le);
    let at = at.and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| head.get(at..)).is_some_and(|bytes| bytes.starts_with(b"PE\0\0"))
}

/// The head as UTF-8. Its last character may be incomplete unless the head is the whole content.
fn valid_beginning(head: &[u8], is_whole: bool) -> Option<&str> {
    match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() && !is_whole => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// Whether every unit is a printable character of the first plane, and most are of Latin script.
fn is_utf16(bytes: &[u8], is_big_endian: bool) -> bool {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| if is_big_endian { [pair[0], pair[1]] } else { [pair[1], pair[0]] });
    let characters: Option<Vec<char>> =
        units.map(|unit| char::from_u32(u16::from_be_bytes(unit).into())).collect();
    characters.is_some_and(|characters| {
        let latin = characters.iter().filter(|c| **c < '\u{250}').count();
        let is_printable = characters.iter().all(|c| !c.is_control() || c.is_ascii_whitespace());
        is_printable && latin > characters.len() / 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_named() {
        for (at, magic, name) in FORMATS {
            let head = [&vec![0; at], magic, &[0; 300]].concat();
            assert_eq!(foreign(&head), Some(name));
        }
        assert_eq!(foreign(b"RIFF\x10\0\0\0WEBPVP8 "), Some("a webp image"));
        assert_eq!(foreign(b"BM\x36\x04\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10"), Some("a bmp image"));
        assert_eq!(foreign(b"BM is also how samples may begin"), None);
    }

    #[test]
    fn a_windows_program_has_two_headers() {
        let mut program = [0; 200];
        program[..2].copy_from_slice(b"MZ");
        assert_eq!(foreign(&program), None);
        program[0x3c] = 0x80;
        program[0x80..0x84].copy_from_slice(b"PE\0\0");
        assert_eq!(foreign(&program), Some("a program"));
    }

    #[test]
    fn a_text_is_named_by_its_beginning() {
        assert_eq!(text("Hej då\r\n".as_bytes(), true), Some("text"));
        assert_eq!(text(b"  <!DOCTYPE html><html>", true), Some("an html document"));
        assert_eq!(text("\u{feff}<?xml version='1.0'?>".as_bytes(), true), Some("an xml document"));
        assert_eq!(text(b"{\"a\": 1}", true), Some("a json document"));
        assert_eq!(text(b"#!/bin/sh\n", true), Some("a script"));
        assert_eq!(text(b"\xff\xfeH\0e\0j\0", true), Some("text"));
        assert_eq!(text(b"\xfe\xff\0H\0e\0j", true), Some("text"));
    }

    #[test]
    fn bytes_that_are_no_characters_are_no_text() {
        assert_eq!(text(b"Hej\0", true), None);
        assert_eq!(text(b"\xff\xfe\x01\x02\x03\x04", true), None);
        assert_eq!(text(&"då".as_bytes()[..2], true), None);
        assert_eq!(text(&"då".as_bytes()[..2], false), Some("text"));
        assert_eq!(text(b"", true), None);
    }
}
