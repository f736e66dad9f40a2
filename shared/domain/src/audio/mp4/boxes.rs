//! Boxes of MP4 (ISO 14496-12, section 4.2).

use super::super::{
    Damage, be,
    object::{Object, Stop},
};

/// A range of the object, in bytes from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub start: u64,
    pub end: u64,
}

impl Area {
    pub fn size(self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// A box of an object.
pub(super) struct Part {
    pub name: [u8; 4],
    /// May end after the object, if that is cut off.
    pub body: Area,
}

impl Part {
    /// The box at `at` in a parent that ends at `end`.
    pub fn at(object: Object<'_>, at: u64, end: u64) -> Result<Self, Stop> {
        let header = object.bytes(at, 8)?;
        let name = [header[4], header[5], header[6], header[7]];
        let (start, size) = match be(&header[..4]) {
            0 => (at.saturating_add(8), end.saturating_sub(at)), // to the end of the parent
            1 => (at.saturating_add(16), be(object.bytes(at.saturating_add(8), 8)?)),
            size => (at.saturating_add(8), size),
        };
        let end = at.saturating_add(size);
        if end < start {
            return Err(Stop::Damaged(Damage::Contradictory)); // smaller than its header
        }
        Ok(Self { name, body: Area { start, end } })
    }

    /// The first box of `name` directly in `parent`.
    pub fn find(object: Object<'_>, parent: Area, name: &[u8; 4]) -> Result<Option<Self>, Stop> {
        let mut at = parent.start;
        while at.saturating_add(8) <= parent.end {
            let part = Self::at(object, at, parent.end)?;
            if part.name == *name {
                return Ok(Some(part));
            }
            at = part.body.end;
        }
        Ok(None)
    }

    /// The box at the end of a path of names in `parent`.
    pub fn descend(
        object: Object<'_>,
        parent: Area,
        path: &[&[u8; 4]],
    ) -> Result<Option<Self>, Stop> {
        let Some((name, rest)) = path.split_first() else { return Ok(None) };
        match Self::find(object, parent, name)? {
            Some(part) if !rest.is_empty() => Self::descend(object, part.body, rest),
            found => Ok(found),
        }
    }
}

/// The boxes in bytes that were read, with their names and bodies. The last body may be cut off.
pub(super) struct Boxes<'a>(pub &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, rest) = self.0.split_at_checked(8)?;
        let size = usize::try_from(be(&header[..4])).ok()?.checked_sub(8)?;
        let (body, next) = rest.split_at_checked(size).unwrap_or((rest, &[]));
        self.0 = next;
        Some(([header[4], header[5], header[6], header[7]], body))
    }
}

/// The fields of a full box: its version and flags, and the fields of 4 or 8 bytes after them.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    is_long: bool,
    pub flags: u64,
}

impl<'a> Fields<'a> {
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(4)?;
        Some(Self { bytes: rest, is_long: header[0] == 1, flags: be(&header[1..]) })
    }

    /// The next field of `size` bytes.
    pub fn number(&mut self, size: usize) -> Option<u64> {
        let (number, rest) = self.bytes.split_at_checked(size)?;
        self.bytes = rest;
        Some(be(number))
    }

    /// The next field, which has 8 bytes in version 1 and else 4.
    pub fn long(&mut self) -> Option<u64> {
        self.number(if self.is_long { 8 } else { 4 })
    }

    /// The next 4 bytes if the flag is set.
    pub fn optional(&mut self, flag: u64) -> Option<u64> {
        if self.flags & flag == 0 { None } else { self.number(4) }
    }

    /// Skips when the movie or the stream was created and modified.
    pub fn skip_times(&mut self) -> Option<()> {
        self.long()?;
        self.long().map(drop)
    }

    pub fn skip(&mut self, size: usize) -> Option<()> {
        self.bytes = self.bytes.get(size..)?;
        Some(())
    }

    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn part(name: &[u8; 4], bodies: &[Vec<u8>]) -> Vec<u8> {
        let body = bodies.concat();
        [&(8 + body.len() as u32).to_be_bytes()[..], name, &body].concat()
    }

    pub(in super::super) fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn boxes_are_read_in_order_and_the_last_may_be_cut_off() {
        let bytes = [part(b"free", &[]), part(b"mdat", &[vec![7; 9]])].concat();
        assert_eq!(Boxes(&bytes).collect::<Vec<_>>(), [(*b"free", &[][..]), (*b"mdat", &[7; 9])]);
        assert_eq!(Boxes(&bytes[..20]).last(), Some((*b"mdat", &[7; 4][..])));
        assert_eq!(Boxes(&words(&[7, 1])).next(), None);
    }

    #[test]
    fn fields_have_the_size_of_their_version() {
        let short = words(&[5, 10, 20, 30]);
        let mut fields = Fields::of(&short).expect("a version");
        assert_eq!(
            (fields.long(), fields.optional(4), fields.optional(2), fields.number(9)),
            (Some(10), Some(20), None, None)
        );
        let long = words(&[1 << 24, 1, 2]);
        assert_eq!(Fields::of(&long).and_then(|mut fields| fields.long()), Some(1 << 32 | 2));
        assert!(Fields::of(&[1, 2, 3]).is_none());
    }
}
