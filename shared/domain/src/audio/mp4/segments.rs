//! The indexes of fragments: the segment index before them (`sidx`, ISO 14496-12, section 8.16.3),
//! and the list of fragments after them (`mfra`, sections 8.8.9 to 8.8.11).

use super::{
    super::{
        be,
        object::{Object, Stop},
    },
    boxes::{Area, Boxes, Fields, Part},
};

/// The total of a segment index and its ticks a second; `None` if other data follows its segments
/// than the closing list.
pub(super) fn total(object: Object<'_>, body: Area) -> Result<Option<(u64, u64)>, Stop> {
    let parse = |bytes| {
        let mut fields = Fields::of(bytes)?;
        let (_id, rate) = (fields.number(4)?, fields.number(4)?);
        let (_time, offset, _reserved, count) =
            (fields.long()?, fields.long()?, fields.number(2)?, fields.number(2)?);
        let entries = fields.rest().get(..usize::try_from(count.checked_mul(12)?).ok()?)?;
        let start = (body.end.saturating_add(offset), 0_u64);
        let (end, ticks) = entries.chunks_exact(12).fold(start, |(end, ticks), entry| {
            (
                end.saturating_add(be(&entry[..4]) & 0x7fff_ffff),
                ticks.saturating_add(be(&entry[4..8])),
            )
        });
        Some((end, ticks, rate))
    };
    let Some((end, ticks, rate)) = parse(object.up_to(body.start, body.size())?) else {
        return Ok(None);
    };
    let is_whole = end == object.length
        || end < object.length && Part::at(object, end, object.length)?.name == *b"mfra";
    Ok(is_whole.then_some((ticks, rate)))
}

/// The bytes of the closing list at the end of `tail`, which states them (`mfro`).
pub(super) fn closing_size(tail: &[u8]) -> Option<u64> {
    let closing = tail.last_chunk::<16>().filter(|closing| closing[4..8] == *b"mfro")?;
    Some(be(&closing[12..]))
}

/// The offset of the last fragment of the stream `id`, by the closing list if it is all in `tail`.
pub(super) fn last_fragment(tail: &[u8], id: u64) -> Option<u64> {
    let start = tail.len().checked_sub(usize::try_from(closing_size(tail)?).ok()?)?;
    let list = Boxes(tail.get(start..)?).find(|(name, _)| name == b"mfra")?.1;
    Boxes(list).filter(|(name, _)| name == b"tfra").find_map(|(_, body)| last_entry(body, id))
}

/// The offset in the last entry of a stream's list (`tfra`).
fn last_entry(body: &[u8], id: u64) -> Option<u64> {
    let mut fields = Fields::of(body)?;
    let (number, sizes, count) = (fields.number(4)?, fields.number(4)?, fields.number(4)?);
    let size = |shift: u64| (sizes >> shift & 3).saturating_add(1);
    let numbers = size(0).saturating_add(size(2)).saturating_add(size(4));
    let is_long = body.first() == Some(&1);
    let times: u64 = if is_long { 16 } else { 8 };
    let last = count.checked_sub(1)?.checked_mul(times.saturating_add(numbers))?;
    fields.skip(usize::try_from(last).ok()?)?;
    let (_time, offset) = (fields.long()?, fields.long()?);
    (number == id).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::super::super::Window;
    use super::super::boxes::tests::{part, words};
    use super::*;

    fn index(sizes: &[u32]) -> Vec<u8> {
        let entries: Vec<u32> = sizes.iter().flat_map(|size| [*size, 8000, 0]).collect();
        part(b"sidx", &[words(&[0, 1, 16_000, 0, 0, sizes.len() as u32]), words(&entries)])
    }

    fn total_of(object: Vec<u8>) -> Option<(u64, u64)> {
        let body = Area { start: 8, end: be(&object[..4]) };
        let window = Window { offset: 0, bytes: object };
        let object = Object::new(window.bytes.len() as u64, 1, std::slice::from_ref(&window));
        total(object, body).expect("it was read")
    }

    #[test]
    fn a_segment_index_must_span_the_object() {
        let object = [index(&[100, 50]), vec![0; 150]].concat();
        assert_eq!(total_of(object.clone()), Some((16_000, 16_000)));
        assert_eq!(total_of([object.clone(), part(b"mfra", &[])].concat()), Some((16_000, 16_000)));
        assert_eq!(total_of([object.clone(), part(b"moof", &[])].concat()), None);
        assert_eq!(total_of(object[..170].to_vec()), None);
    }

    #[test]
    fn the_list_of_fragments_ends_with_its_size() {
        let list = |version: u32, entries: &[u32]| {
            part(b"tfra", &[words(&[version, 1, 0x3f, 2]), words(entries)])
        };
        let short = list(0, &[0, 500, 0, 0, 0, 8000, 900, 0, 0, 0]);
        let long = list(1 << 24, &[0, 0, 0, 500, 0, 0, 0, 0, 8000, 0, 900, 0, 0, 0]);
        for list in [short, long] {
            let size = list.len() as u32 + 24;
            let tail =
                [vec![7; 30], part(b"mfra", &[list, part(b"mfro", &[words(&[0, size])])])].concat();
            assert_eq!((last_fragment(&tail, 1), last_fragment(&tail, 2)), (Some(900), None));
        }
        assert_eq!(last_fragment(&[0; 99], 1), None);
    }
}
