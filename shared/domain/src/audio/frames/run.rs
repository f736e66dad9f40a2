//! Frames that follow each other in one part of an object.

use super::super::share;

/// A codec's frames.
#[derive(Clone, Copy)]
pub(in super::super) struct Format {
    /// The frame whose header is at the beginning of the bytes.
    pub frame: fn(&[u8]) -> Option<Frame>,
    /// How many frames must follow each other: a chance match in other data has no neighbours.
    pub neighbours: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Frame {
    /// Bytes, with the header.
    pub size: usize,
    pub samples: u64,
    /// Samples a second.
    pub rate: u64,
    /// Bits a second; `None` if a frame does not state it.
    pub bit_rate: Option<u64>,
    /// Whether the mean size of frames follows from the bit rate and not from this frame's size.
    pub padded: bool,
}

/// Whether `bytes` begin with enough frames of the stream of `like`, or with some that end with it.
pub(super) fn is_followed(bytes: &[u8], like: &Frame, format: Format, may_end: bool) -> bool {
    let (mut at, mut frames) = (0, 0_usize);
    while frames < format.neighbours {
        match bytes.get(at..).and_then(format.frame) {
            Some(frame) if frame.rate == like.rate => at = frame.size.max(1).saturating_add(at),
            _ => return may_end && frames > 0 && at == bytes.len(),
        }
        frames = frames.saturating_add(1);
    }
    true
}

/// Finds frames of one stream.
pub(super) struct Reader<'a> {
    pub like: &'a Frame,
    pub format: Format,
}

/// The frames in one part of the object, as runs in order.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub runs: Vec<Run>,
    /// Whether the part ends within a frame.
    pub is_cut: bool,
}

/// Some frames in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    /// The offset of the first frame.
    pub start: u64,
    /// The offset after the last frame.
    pub end: u64,
    pub samples: u64,
    /// Bytes of these frames together.
    pub bytes: u64,
    pub bit_rate: Option<u64>,
    pub is_varied: bool,
    pub is_padded: bool,
}

impl Reader<'_> {
    /// The whole frames in `bytes`, with other data between them, as runs of `size` bytes. The bytes
    /// begin at an offset, where a frame begins with certainty or must be found.
    pub fn runs(&self, bytes: &[u8], (offset, is_certain): (u64, bool), size: u64) -> Runs {
        let (mut found, mut run, mut at, mut is_in_run) =
            (Runs::default(), Run::default(), 0, is_certain);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let frame = (self.format.frame)(rest).filter(|frame| frame.rate == self.like.rate);
            match frame.filter(|frame| is_in_run || is_followed(rest, frame, self.format, false)) {
                Some(frame) if frame.size > rest.len() => {
                    found.is_cut = true;
                    break;
                }
                Some(frame) => {
                    run.add(&frame, offset.saturating_add(at as u64));
                    at = frame.size.max(1).saturating_add(at);
                    is_in_run = true;
                }
                None => (at, is_in_run) = (at.saturating_add(1), false),
            }
            if run.bytes >= size {
                found.runs.push(std::mem::take(&mut run));
            }
        }
        found.runs.extend((run.bytes > 0).then_some(run));
        found
    }
}

impl Run {
    fn add(&mut self, frame: &Frame, at: u64) {
        if self.bytes == 0 {
            (self.start, self.bit_rate) = (at, frame.bit_rate);
        }
        self.samples = self.samples.saturating_add(frame.samples);
        self.bytes = self.bytes.saturating_add(frame.size as u64);
        self.is_varied |= self.bit_rate != frame.bit_rate;
        self.is_padded |= frame.padded;
        self.end = at.saturating_add(frame.size as u64);
    }

    /// The samples in that many bytes, if they are like these.
    pub fn samples_in(&self, bytes: u64) -> u64 {
        share(self.samples, bytes, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 10 bytes that begin with a marker.
    const FORMAT: Format = Format {
        frame: |bytes| {
            (*bytes.first()? == 0xaa).then_some(Frame {
                size: 10,
                samples: 5,
                rate: 50,
                bit_rate: None,
                padded: false,
            })
        },
        neighbours: 3,
    };

    fn frames(count: usize) -> Vec<u8> {
        [&[0xaa][..], &[0; 9]].concat().repeat(count)
    }

    fn like() -> Frame {
        (FORMAT.frame)(&[0xaa]).expect("a frame")
    }

    #[test]
    fn frames_are_believed_if_others_follow_or_the_end() {
        assert!(is_followed(&frames(3), &like(), FORMAT, false));
        assert!(!is_followed(&frames(2), &like(), FORMAT, false));
        assert!(is_followed(&frames(2), &like(), FORMAT, true));
        assert!(!is_followed(&frames(2)[..19], &like(), FORMAT, true));
    }

    #[test]
    fn runs_have_a_size_and_leave_out_other_data() {
        let bytes = [vec![7; 5], frames(5), vec![7; 5], frames(3), vec![0xaa]].concat();
        let found = Reader { like: &like(), format: FORMAT }.runs(&bytes, (100, false), 40);
        let ranges: Vec<_> =
            found.runs.iter().map(|run| (run.start, run.end, run.samples)).collect();
        assert_eq!((ranges, found.is_cut), (vec![(105, 145, 20), (145, 190, 20)], true));
    }
}
