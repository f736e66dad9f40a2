//! One fragment of MP4 (`moof`, ISO 14496-12, section 8.8): when its sound begins and ends.

use super::{
    super::{
        be,
        object::{Object, Stop},
    },
    boxes::{Area, Boxes, Fields, Part},
};

/// The defaults for samples that fragments do not describe (`trex`, section 8.8.3).
pub(super) struct Defaults {
    /// The number of the stream of sound.
    pub id: u64,
    duration: u64,
    size: u64,
}

impl Defaults {
    pub fn of(object: Object<'_>, extends: Area, id: u64) -> Result<Self, Stop> {
        let bytes = object.up_to(extends.start, extends.size().min(4096))?;
        let of_stream = Boxes(bytes).filter(|(name, _)| name == b"trex").filter_map(|(_, body)| {
            let mut fields = Fields::of(body)?;
            let (number, _description) = (fields.number(4)?, fields.number(4)?);
            (number == id).then_some((fields.number(4)?, fields.number(4)?))
        });
        let (duration, size) = of_stream.last().unwrap_or_default();
        Ok(Self { id, duration, size })
    }
}

/// The sound of one fragment, in ticks of its stream.
pub(super) struct Fragment {
    pub begin: u64,
    /// The end of its last whole sample.
    pub end: u64,
    /// Bytes, with its sound.
    pub size: u64,
    /// The offset after its sound.
    pub next: u64,
}

impl Fragment {
    /// The fragment at `at`, if it is whole, states its time and has sound.
    pub fn at(object: Object<'_>, at: u64, defaults: &Defaults) -> Option<Self> {
        let size = be(object.bytes(at, 4).ok()?);
        let bytes = object.bytes(at, size).ok()?;
        let mut parts = Boxes(bytes.get(8..)?);
        parts.next().filter(|(name, body)| name == b"mfhd" && body.len() == 8)?;
        let sound_at = at.saturating_add(size);
        let next = Part::at(object, sound_at, object.length)
            .map_or(sound_at.saturating_add(8), |sound| sound.body.end);
        let existing = next.min(object.length).saturating_sub(sound_at).saturating_sub(8);
        let (begin, ticks) = parts
            .filter(|(name, _)| name == b"traf")
            .find_map(|(_, body)| run(body, defaults, existing))?;
        Some(Self { begin, end: begin.saturating_add(ticks), size: next.saturating_sub(at), next })
    }
}

/// The beginning and the ticks of a stream in a fragment (`traf`), of which `existing` bytes exist.
fn run(traf: &[u8], defaults: &Defaults, existing: u64) -> Option<(u64, u64)> {
    let (mut begin, mut samples, mut left, mut ticks) = (None, None, existing, 0_u64);
    for (name, body) in Boxes(traf) {
        match &name {
            b"tfhd" => samples = Some(header_defaults(body, defaults)?),
            b"tfdt" => begin = Fields::of(body)?.long(),
            b"trun" => ticks = ticks.saturating_add(run_ticks(body, samples.as_ref()?, &mut left)?),
            _ => {}
        }
    }
    Some((begin?, ticks))
}

/// The defaults in the header of a stream's fragment (`tfhd`); `None` for another stream.
fn header_defaults(body: &[u8], defaults: &Defaults) -> Option<Defaults> {
    let mut fields = Fields::of(body)?;
    let id = fields.number(4)?;
    if fields.flags & 1 != 0 {
        fields.skip(8)?; // the base offset
    }
    fields.optional(2); // the description
    let duration = fields.optional(8).unwrap_or(defaults.duration);
    let size = fields.optional(16).unwrap_or(defaults.size);
    (id == defaults.id).then_some(Defaults { id, duration, size })
}

/// The ticks of the samples in a run (`trun`, section 8.8.8), as long as their bytes are `left`.
fn run_ticks(body: &[u8], defaults: &Defaults, left: &mut u64) -> Option<u64> {
    let mut fields = Fields::of(body)?;
    let count = fields.number(4)?;
    fields.optional(1); // the offset of the sound
    fields.optional(4); // the flags of the first sample
    if fields.flags & 0xf00 == 0 {
        let existing =
            left.checked_div(defaults.size).map_or(count, |existing| count.min(existing));
        *left = left.saturating_sub(existing.saturating_mul(defaults.size));
        return Some(existing.saturating_mul(defaults.duration));
    }
    let entry = usize::try_from((fields.flags & 0xf00).count_ones().saturating_mul(4)).ok()?;
    let mut ticks = 0_u64;
    for _ in 0..count {
        if fields.rest().len() < entry {
            break;
        }
        let duration = fields.optional(0x100).unwrap_or(defaults.duration);
        let size = fields.optional(0x200).unwrap_or(defaults.size);
        fields.optional(0x400); // flags
        fields.optional(0x800); // an offset of its time
        let Some(rest) = left.checked_sub(size) else { break };
        (*left, ticks) = (rest, ticks.saturating_add(duration));
    }
    Some(ticks)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::Window;
    use super::super::boxes::tests::{part, words};
    use super::super::tests::sound;
    use super::*;

    /// A fragment of one second at second `at`: 50 samples of 20 ms and 4 bytes.
    pub(in super::super) fn fragment(at: u32, padding: usize) -> Vec<u8> {
        let header = part(b"tfhd", &[words(&[0x02_0000, 1])]);
        let samples = words(&[160, 4].repeat(50));
        let run = part(b"trun", &[words(&[0x301, 50, 0]), samples]);
        let traf = part(b"traf", &[header, part(b"tfdt", &[words(&[0, at * 8000])]), run]);
        [part(b"moof", &[part(b"mfhd", &[words(&[0, at])]), traf]), sound(200 + padding)].concat()
    }

    #[test]
    fn samples_without_sizes_of_their_own_have_the_defaults() {
        let defaults = Defaults { id: 1, duration: 160, size: 4 };
        let mut left = 100;
        let short = [words(&[0x300, u32::MAX, 7]), vec![0; 3]].concat(); // an entry that is cut off
        assert_eq!(run_ticks(&short, &defaults, &mut left), Some(0));
        assert_eq!(run_ticks(&words(&[0, 50]), &defaults, &mut left), Some(25 * 160));
        assert_eq!(
            run_ticks(&words(&[0, u32::MAX]), &Defaults { size: 0, ..defaults }, &mut left),
            Some(160 * u64::from(u32::MAX))
        );
        assert_eq!(
            run_ticks(
                &words(&[0x100, u32::MAX, 7, 7]),
                &Defaults { id: 1, duration: 1, size: 0 },
                &mut left
            ),
            Some(14)
        );
        let other = [part(b"tfhd", &[words(&[0, 2])]), part(b"tfdt", &[words(&[0, 5])])].concat();
        assert!(run(&other, &Defaults { id: 1, duration: 1, size: 1 }, 9).is_none());
        let window = Window { offset: 0, bytes: fragment(7, 0) };
        let object = Object::new(window.bytes.len() as u64, 1, std::slice::from_ref(&window));
        assert_eq!(
            Fragment::at(object, 0, &Defaults { id: 1, duration: 1, size: 1 })
                .map(|found| (found.begin, found.end)),
            Some((56_000, 64_000))
        );
    }
}
