//! An object as read so far. It joins the windows, and decides which range to read next.
//!
//! An object of up to [`BYTES_AT_MOST`] is read in whole by the second read. A longer one has reads
//! of fixed sizes. So the bounds need no account of earlier requests, and reads that return too few
//! bytes cannot exceed them.

use std::ops::Range;

use super::{BYTES_AT_MOST, Damage, NotAudio, Window};

/// The size of the first read in bytes: every header and, in most phone files, the whole index.
pub(super) const HEAD: u64 = 64 * 1024;

/// The most bytes of the second and the third read of a long object.
pub(super) const SECOND: u64 = 128 * 1024;
pub(super) const THIRD: u64 = 64 * 1024;

/// The size in bytes of a read at an offset that an earlier read contained.
const HOP: u64 = 64 * 1024;

/// The greatest length of an object in bytes, so that adding offsets cannot overflow.
const LONGEST: u64 = 1 << 62;

/// Why a measurement cannot continue with the bytes read so far.
#[derive(Debug)]
pub(super) enum Stop {
    Read(Range<u64>),
    /// The bytes exist, but the reads are used up.
    OutOfReach,
    /// The bytes do not exist, or contradict others.
    Damaged(Damage),
    NotAudio(NotAudio),
}

/// The result, or `None` if it is damaged or out of reach. A read that is needed remains an error.
pub(super) fn if_readable<T>(result: Result<T, Stop>) -> Result<Option<T>, Stop> {
    match result {
        Err(Stop::OutOfReach | Stop::Damaged(_)) => Ok(None),
        found => found.map(Some),
    }
}

/// An object of `length` bytes, addressed by offset. A missing range is a [`Stop`].
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub length: u64,
    reads: usize,
    /// The bytes that were read, in order and apart from each other.
    pub pieces: &'a [Window],
}

/// The windows in the order of their offsets. Those that touch or overlap are joined.
pub(super) fn joined(length: u64, windows: &[Window]) -> Vec<Window> {
    let mut ordered: Vec<&Window> =
        windows.iter().filter(|window| window.offset < length.min(LONGEST)).collect();
    ordered.sort_by_key(|window| window.offset);
    let mut pieces: Vec<Window> = Vec::new();
    for window in ordered {
        let left = usize::try_from(length.saturating_sub(window.offset)).unwrap_or(usize::MAX);
        let bytes = &window.bytes[..window.bytes.len().min(left)];
        match pieces.last_mut() {
            Some(last) if window.offset <= last.end() => {
                let overlap =
                    usize::try_from(last.end().saturating_sub(window.offset)).unwrap_or(usize::MAX);
                last.bytes.extend_from_slice(bytes.get(overlap..).unwrap_or_default());
            }
            _ => pieces.push(Window { offset: window.offset, bytes: bytes.to_vec() }),
        }
    }
    pieces
}

impl<'a> Object<'a> {
    /// An object whose `pieces` came from that many `reads`.
    pub fn new(length: u64, reads: usize, pieces: &'a [Window]) -> Self {
        Self { length: length.min(LONGEST), reads, pieces }
    }

    /// The same object without further reads: a missing range is out of reach.
    pub fn as_read(self) -> Self {
        Self { reads: usize::MAX, ..self }
    }

    /// The bytes from `at` to the end of one piece; empty if none were read.
    pub fn from(self, at: u64) -> &'a [u8] {
        self.pieces
            .iter()
            .map(|piece| piece.from(at))
            .find(|bytes| !bytes.is_empty())
            .unwrap_or_default()
    }

    /// The `count` bytes at `at`. A read for them also includes the bytes that are likely to follow.
    pub fn bytes(self, at: u64, count: u64) -> Result<&'a [u8], Stop> {
        if at.checked_add(count).is_none_or(|end| end > self.length) {
            return Err(Stop::Damaged(Damage::CutOff));
        }
        let read = self.from(at);
        let wanted = usize::try_from(count).ok().and_then(|count| read.get(..count));
        wanted.ok_or_else(|| {
            self.missing(
                at.saturating_add(read.len() as u64),
                count.saturating_sub(read.len() as u64),
            )
        })
    }

    /// Up to `count` bytes at `at`, fewer if the object ends.
    pub fn up_to(self, at: u64, count: u64) -> Result<&'a [u8], Stop> {
        self.bytes(at, count.min(self.length.saturating_sub(at)))
    }

    /// The `count` bytes at `at`; `None` if the reads besides `reserved` ones are used up.
    pub fn sample(self, at: u64, count: u64, reserved: usize) -> Result<Option<&'a [u8]>, Stop> {
        match self.bytes(at, count) {
            Err(Stop::Read(_)) if self.reads.saturating_add(reserved) >= super::READS_AT_MOST => {
                Ok(None)
            }
            found => if_readable(found),
        }
    }

    /// The end of the object and its offset: up to `count` bytes, more if more were read.
    pub fn tail(self, count: u64) -> Result<(u64, &'a [u8]), Stop> {
        match self.pieces.last() {
            Some(last) if last.end() == self.length => Ok((last.offset, &last.bytes)),
            _ if self.next_read() == 0 => Err(Stop::OutOfReach),
            _ => {
                let start = self.length.saturating_sub(count.min(self.next_read()));
                self.up_to(start, count).map(|bytes| (start, bytes))
            }
        }
    }

    /// All bytes of a short object; `None` for one that may not be read in whole.
    pub fn whole(self) -> Result<Option<&'a [u8]>, Stop> {
        if self.length > BYTES_AT_MOST { Ok(None) } else { self.bytes(0, self.length).map(Some) }
    }

    fn missing(self, at: u64, count: u64) -> Stop {
        let most = self.next_read();
        let range = match self.reads {
            0 => 0..self.length.min(HEAD),
            _ if self.length <= BYTES_AT_MOST => self.from(0).len() as u64..self.length,
            _ => at..at.saturating_add(count.max(HOP.min(most))).min(self.length),
        };
        let size = range.end.saturating_sub(range.start);
        if size == 0 || size > most { Stop::OutOfReach } else { Stop::Read(range) }
    }

    /// The most bytes of the next read.
    fn next_read(self) -> u64 {
        match self.reads {
            0 => HEAD,
            1 if self.length <= BYTES_AT_MOST => BYTES_AT_MOST - HEAD,
            1 => SECOND,
            2 if self.length > BYTES_AT_MOST => THIRD,
            _ => 0,
        }
    }
}

impl Window {
    /// The offset after its last byte.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }

    fn from(&self, at: u64) -> &[u8] {
        let start = at.checked_sub(self.offset).and_then(|start| usize::try_from(start).ok());
        start.and_then(|start| self.bytes.get(start..)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(offset: u64, bytes: &[u8]) -> Window {
        Window { offset, bytes: bytes.to_vec() }
    }

    #[test]
    fn windows_that_touch_or_overlap_are_joined() {
        let pieces = joined(
            100,
            &[window(8, b"efgh"), window(0, b"abcdef"), window(20, b"xyz"), window(4, b"efghi")],
        );
        assert_eq!(pieces, [window(0, b"abcdefghifgh"), window(20, b"xyz")]);
        assert_eq!(
            joined(3, &[window(1, b"bcd"), window(3, b"e"), window(u64::MAX, b"f")]),
            [window(1, b"bc")]
        );
    }

    #[test]
    fn a_short_object_is_read_in_whole_by_the_second_read() {
        let pieces = [window(0, &[7; HEAD as usize])];
        let object = Object::new(BYTES_AT_MOST, 1, &pieces);
        assert!(matches!(object.whole(), Err(Stop::Read(range)) if range == (HEAD..BYTES_AT_MOST)));
        assert!(matches!(object.tail(9), Err(Stop::Read(range)) if range == (HEAD..BYTES_AT_MOST)));
        assert!(matches!(object.as_read().tail(9), Err(Stop::OutOfReach)));
    }

    #[test]
    fn a_read_begins_at_the_first_missing_byte() {
        let pieces = [window(0, &[7; HEAD as usize])];
        let object = Object::new(1 << 30, 1, &pieces);
        assert!(
            matches!(object.bytes(HEAD - 4, 8), Err(Stop::Read(range)) if range == (HEAD..HEAD + HOP))
        );
        assert!(matches!(object.bytes(1 << 30, 1), Err(Stop::Damaged(Damage::CutOff))));
        assert!(matches!(object.bytes(HEAD, SECOND + 1), Err(Stop::OutOfReach)));
        assert!(matches!(object.sample(HEAD, 8, 2), Ok(None)));
        assert!(
            matches!(Object::new(1 << 30, 2, &pieces).tail(SECOND), Err(Stop::Read(range)) if range == ((1 << 30) - THIRD..1 << 30))
        );
    }
}
