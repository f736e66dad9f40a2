//! Pages of Ogg (RFC 3533, section 6).

use super::super::{Window, le};

/// Bytes of a page before its segment table.
const HEADER: usize = 27;

/// The most checksums to compute in one piece. Only the first page after unread bytes needs one,
/// because "OggS" may occur in a payload by chance; forged pages might need many.
const CHECKSUMS_AT_MOST: usize = 16;

pub(super) struct Page<'a> {
    pub begins_stream: bool,
    pub ends_stream: bool,
    /// The time at its end, in ticks of the stream; `None` if no packet ends on the page.
    pub time: Option<u64>,
    pub serial: u64,
    /// The number of the page in its stream, from 0 on.
    pub sequence: u64,
    checksum: u64,
    pub body: &'a [u8],
    /// Header and body.
    bytes: &'a [u8],
}

impl<'a> Page<'a> {
    /// The page at the beginning of `bytes`, if it is whole.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        if !header.starts_with(b"OggS\0") {
            return None;
        }
        let segments = rest.get(..usize::from(header[26]))?;
        let body_at = segments.len().saturating_add(HEADER);
        let end = segments.iter().fold(body_at, |end, size| end.saturating_add(usize::from(*size)));
        Some(Self {
            begins_stream: header[5] & 2 != 0,
            ends_stream: header[5] & 4 != 0,
            time: Some(le(&header[6..14])).filter(|time| *time != u64::MAX),
            serial: le(&header[14..18]),
            sequence: le(&header[18..22]),
            checksum: le(&header[22..26]),
            body: bytes.get(body_at..end)?,
            bytes: bytes.get(..end)?,
        })
    }

    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn is_intact(&self) -> bool {
        checksum(self.bytes) == self.checksum
    }
}

/// The pages of one piece of an object, in order. Other data between them is skipped.
pub(super) struct Pages<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether a page ended at `at`, so that the next one needs no proof.
    is_certain: bool,
    checksums: usize,
    /// The offset after the last page.
    pub end: u64,
    offset: u64,
}

impl<'a> Pages<'a> {
    pub fn of(piece: &'a Window) -> Self {
        Self {
            bytes: &piece.bytes,
            at: 0,
            is_certain: piece.offset == 0,
            checksums: 0,
            end: piece.offset,
            offset: piece.offset,
        }
    }
}

impl<'a> Iterator for Pages<'a> {
    type Item = Page<'a>;

    fn next(&mut self) -> Option<Page<'a>> {
        while self.at < self.bytes.len() && self.checksums < CHECKSUMS_AT_MOST {
            let page = Page::of(&self.bytes[self.at..]).filter(|page| {
                self.checksums = self.checksums.saturating_add((!self.is_certain).into());
                self.is_certain || page.is_intact()
            });
            self.is_certain = page.is_some();
            self.at = page.as_ref().map_or(1, |page| page.bytes.len()).saturating_add(self.at);
            if page.is_some() {
                self.end = self.offset.saturating_add(self.at as u64);
                return page;
            }
        }
        None
    }
}

/// The CRC of a page with its own field as zero: polynomial 0x04c11db7, neither reflected nor
/// inverted (RFC 3533, section 6).
pub(super) fn checksum(page: &[u8]) -> u64 {
    let zeroed =
        page.iter().enumerate().map(|(at, byte)| if (22..26).contains(&at) { 0 } else { *byte });
    zeroed
        .fold(0u32, |sum, byte| sum << 8 ^ REMAINDERS[usize::from((sum >> 24) as u8 ^ byte)])
        .into()
}

const REMAINDERS: [u32; 256] = remainders();

const fn remainders() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 0x8000_0000 == 0 { sum << 1 } else { sum << 1 ^ 0x04c1_1db7 };
            bit = u8::saturating_add(bit, 1);
        }
        table[byte] = sum;
        byte = usize::saturating_add(byte, 1);
    }
    table
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn page(
        flags: u8,
        time: u64,
        serial: u32,
        sequence: u32,
        body: &[u8],
    ) -> Vec<u8> {
        let segments: Vec<u8> = body.chunks(255).map(|segment| segment.len() as u8).collect();
        let numbers = [serial.to_le_bytes(), sequence.to_le_bytes(), [0; 4]].concat();
        let mut page = [
            b"OggS\0",
            &[flags][..],
            &time.to_le_bytes(),
            &numbers,
            &[segments.len() as u8],
            &segments,
            body,
        ]
        .concat();
        let sum = checksum(&page) as u32;
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }

    fn times(offset: u64, bytes: Vec<u8>) -> Vec<Option<u64>> {
        Pages::of(&Window { offset, bytes }).map(|page| page.time).collect()
    }

    #[test]
    fn pages_are_found_after_a_piece_of_one() {
        let pages = [page(0, 5, 7, 1, &[1; 300]), page(4, u64::MAX, 7, 2, &[2; 300])];
        assert_eq!(times(0, pages.concat()), [Some(5), None]);
        assert_eq!(
            times(99, [&[0; 40], pages.concat().as_slice(), &pages[0][..40]].concat()),
            [Some(5), None]
        );
    }

    #[test]
    fn a_chance_page_in_a_payload_is_ignored() {
        let mut fake = page(0, 1 << 40, 7, 9, b"not a page");
        fake[22] ^= 1;
        assert_eq!(times(99, [fake, page(0, 5, 7, 1, b"a page")].concat()), [Some(5)]);
    }

    #[test]
    fn a_piece_of_forged_pages_costs_few_checksums() {
        let mut forged = page(0, 5, 7, 1, &[9; 20]);
        forged[22] ^= 1;
        let piece = Window { offset: 99, bytes: forged.repeat(1000) };
        let mut pages = Pages::of(&piece);
        assert!(pages.next().is_none());
        assert_eq!(pages.checksums, CHECKSUMS_AT_MOST);
    }

    #[test]
    fn the_checksum_follows_the_rfc() {
        // Check value of this polynomial, neither reflected nor inverted, over the usual digits.
        assert_eq!(checksum(b"123456789"), 0x89a1_897f);
    }
}
