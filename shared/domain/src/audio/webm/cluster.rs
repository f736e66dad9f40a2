//! Clusters of blocks: the time of the first and of the last one that was read.

use super::{
    super::{be, le},
    element::{Element, number},
};

const CLUSTER: u64 = 0x1f43_b675;
const TIMESTAMP: u64 = 0xe7;
const CHECKSUM: u64 = 0xbf;
const BLOCK_GROUP: u64 = 0xa0;
const BLOCK: u64 = 0xa1;
const SIMPLE_BLOCK: u64 = 0xa3;

/// The blocks of one stream in a part of the object, in ticks of the segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocks {
    pub first: Option<u64>,
    pub last: u64,
    /// The ticks between the last two blocks, which the last one lasts too.
    pub step: u64,
    /// Bytes from the first cluster to the last whole block.
    pub bytes: u64,
    /// Whether the bytes end within an element.
    pub is_cut: bool,
}

impl Blocks {
    /// The blocks of the stream `number` in `bytes`, from the first cluster on.
    pub fn of(bytes: &[u8], stream: u64) -> Option<Self> {
        let start = first_cluster(bytes)?;
        let (mut blocks, mut at, mut base) = (Self::default(), start, 0);
        while at < bytes.len() {
            let Some(element) = bytes.get(at..).and_then(|rest| Element::of(rest, at as u64))
            else {
                blocks.is_cut = true;
                break;
            };
            let content = usize::try_from(element.start).unwrap_or(usize::MAX);
            if matches!(element.id, CLUSTER | BLOCK_GROUP) {
                at = content; // its parts follow
                continue;
            }
            let end = element.end().and_then(|end| usize::try_from(end).ok()).unwrap_or(usize::MAX);
            let Some(content) = bytes.get(content..end) else {
                blocks.is_cut = true;
                break;
            };
            match element.id {
                TIMESTAMP => base = be(content.get(..content.len().min(8)).unwrap_or_default()),
                SIMPLE_BLOCK | BLOCK => {
                    blocks.add(content, base, stream, end.saturating_sub(start))
                }
                _ => {}
            }
            at = end;
        }
        Some(blocks)
    }

    /// Adds a block: the number of its stream, and its time after the cluster's (RFC 9559, 10.2).
    fn add(&mut self, block: &[u8], base: u64, stream: u64, bytes: usize) {
        let Some((marked, size)) = number(block, 8) else { return };
        let Some([high, low]) = block.get(size..size.saturating_add(2)) else { return };
        let of_block = marked.saturating_sub(1 << size.saturating_mul(7).min(63));
        if of_block != stream {
            return;
        }
        let relative = i64::from(i16::from_le_bytes([le(&[*low]) as u8, *high]));
        let time = base.saturating_add_signed(relative);
        if self.first.is_some() {
            self.step = time.saturating_sub(self.last);
        }
        self.first.get_or_insert(time);
        (self.last, self.bytes) = (time, bytes as u64);
    }

    /// The time after the last block.
    pub fn end(&self) -> u64 {
        self.last.saturating_add(self.step)
    }
}

/// The first cluster. An identifier in a payload is not followed by a time or a checksum.
fn first_cluster(bytes: &[u8]) -> Option<usize> {
    let is_cluster = |at: &usize| {
        let cluster = bytes
            .get(*at..)
            .and_then(|rest| Element::of(rest, 0))
            .filter(|element| element.id == CLUSTER);
        let content =
            cluster.and_then(|cluster| usize::try_from(cluster.start).ok()?.checked_add(*at));
        let first = content.and_then(|at| Element::of(bytes.get(at..)?, 0));
        first.is_some_and(|first| {
            matches!(first.id, TIMESTAMP | CHECKSUM) && first.size.is_some_and(|size| size <= 8)
        })
    };
    bytes
        .windows(4)
        .enumerate()
        .filter(|(_, id)| *id == [0x1f, 0x43, 0xb6, 0x75])
        .map(|(at, _)| at)
        .find(is_cluster)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::element::tests::element;
    use super::*;

    /// A cluster of 50 blocks of 20 ms and 60 bytes for each of the streams 1 and 2.
    pub(in super::super) fn cluster(second: u32, is_open: bool) -> Vec<u8> {
        let block = |at: u16| {
            let content = |stream: u8| {
                [&[0x80 | stream][..], &(at * 20).to_be_bytes(), &[0x80], &[9; 60]].concat()
            };
            [
                element(0xa3, Some(&content(1))),
                element(0xa0, Some(&element(0xa1, Some(&content(2))))),
            ]
            .concat()
        };
        let time = element(0xe7, Some(&(second * 1000).to_be_bytes()));
        let content = [time, (0..50).flat_map(block).collect()].concat();
        if is_open {
            [element(0x1f43_b675, None), content].concat()
        } else {
            element(0x1f43_b675, Some(&content))
        }
    }

    #[test]
    fn the_last_block_has_the_time_of_its_stream() {
        for is_open in [false, true] {
            let bytes = [vec![7; 30], cluster(3, is_open), cluster(4, is_open)].concat();
            let blocks = Blocks::of(&bytes, 2).expect("a cluster");
            assert_eq!(
                (blocks.first, blocks.last, blocks.end(), blocks.is_cut),
                (Some(3000), 4980, 5000, false)
            );
            let cut = Blocks::of(&bytes[..bytes.len() - 1], 2).expect("a cluster");
            assert_eq!((cut.end(), cut.is_cut), (4980, true));
        }
    }

    #[test]
    fn a_checksum_may_precede_the_time() {
        let blocks = cluster(3, true)[12..].to_vec();
        let bytes = [element(0x1f43_b675, None), element(0xbf, Some(&[7; 4])), blocks].concat();
        assert_eq!(Blocks::of(&bytes, 1).map(|blocks| blocks.end()), Some(4000));
    }

    #[test]
    fn an_identifier_in_a_payload_is_no_cluster() {
        let bytes = [&[0x1f, 0x43, 0xb6, 0x75, 0x84, 1, 2, 3, 4][..], &cluster(3, true)].concat();
        assert_eq!(first_cluster(&bytes), Some(9));
        assert_eq!(Blocks::of(&[7; 99], 1), None);
        assert_eq!(Blocks::of(&cluster(3, true), 9).and_then(|blocks| blocks.first), None);
    }
}
