//! Elements of EBML (RFC 8794), which WebM and Matroska consist of (RFC 9559).

use super::super::{
    Damage, be,
    object::{Object, Stop},
};

/// Bytes of the longest header: an identifier of 4 and a size of 8.
const HEADER: u64 = 12;

/// An element of an object, or of bytes that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// The identifier with its marker bits.
    pub id: u64,
    /// The offset of its content.
    pub start: u64,
    /// `None` if the writer left the size open.
    pub size: Option<u64>,
}

impl Element {
    pub fn at(object: Object<'_>, at: u64) -> Result<Self, Stop> {
        Self::of(object.up_to(at, HEADER)?, at).ok_or(Stop::Damaged(Damage::CutOff))
    }

    /// The element at the beginning of `bytes`, which begin at the offset `at`.
    pub fn of(bytes: &[u8], at: u64) -> Option<Self> {
        let (id, of_id) = number(bytes, 4)?;
        let (size, of_size) = number(bytes.get(of_id..)?, 8)?;
        let bits = u32::try_from(of_size).ok()?.checked_mul(7)?;
        let value = size & 1_u64.checked_shl(bits)?.checked_sub(1)?;
        let is_open = value.checked_add(1)? == 1_u64.checked_shl(bits)?;
        let start = at.checked_add(of_id as u64)?.checked_add(of_size as u64)?;
        Some(Self { id, start, size: (!is_open).then_some(value) })
    }

    /// The offset after it, if its size is stated.
    pub fn end(&self) -> Option<u64> {
        self.start.checked_add(self.size?)
    }
}

/// A number of a variable size, with its marker bit, and that size: at most `longest` bytes.
pub(super) fn number(bytes: &[u8], longest: usize) -> Option<(u64, usize)> {
    let size = usize::try_from(bytes.first()?.leading_zeros()).ok()?.checked_add(1)?;
    (size <= longest).then_some(())?;
    Some((be(bytes.get(..size)?), size))
}

/// The elements in bytes that were read, with their contents. The last content may be cut off.
pub(super) struct Elements<'a>(pub &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let element = Element::of(self.0, 0)?;
        let rest = self.0.get(usize::try_from(element.start).ok()?..)?;
        let size = element.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let (content, next) = rest.split_at_checked(size).unwrap_or((rest, &[]));
        self.0 = next;
        Some((element.id, content))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An element whose size has two bytes, or is open.
    pub(in super::super) fn element(id: u32, content: Option<&[u8]>) -> Vec<u8> {
        let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        match content {
            Some(content) if content.len() < 0x3fff => {
                [&id[..], &(content.len() as u16 | 0x4000).to_be_bytes(), content].concat()
            }
            Some(content) => {
                [&id[..], &(content.len() as u32 | 0x1000_0000).to_be_bytes(), content].concat()
            }
            None => [&id[..], &[1], &[0xff; 7]].concat(),
        }
    }

    #[test]
    fn sizes_have_one_to_eight_bytes_and_may_be_open() {
        assert_eq!(
            Element::of(&[0xe7, 0x82, 1, 2], 10),
            Some(Element { id: 0xe7, start: 12, size: Some(2) })
        );
        assert_eq!(
            Element::of(&element(0x1f43_b675, None), 0),
            Some(Element { id: 0x1f43_b675, start: 12, size: None })
        );
        assert_eq!(Element::of(&[0xe7, 0xff], 0).map(|element| element.end()), Some(None));
        assert_eq!(
            (
                Element::of(&[0xe7], 0),
                Element::of(&[0, 0, 0, 0, 0x80], 0),
                Element::of(&[0xe7, 0], 0)
            ),
            (None, None, None)
        );
    }

    #[test]
    fn elements_are_read_in_order() {
        let bytes = [element(0xe7, Some(&[1, 2])), element(0xa3, Some(&[3; 9]))].concat();
        assert_eq!(Elements(&bytes).collect::<Vec<_>>(), [(0xe7, &[1, 2][..]), (0xa3, &[3; 9])]);
        assert_eq!(Elements(&bytes[..8]).last(), Some((0xa3, &[][..])));
    }
}
