//! Compares a recording's item with the object at its key.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Kind, PATIENCE};
use crate::recording::{Recording, Sha256, State};
use crate::time::later;

/// The object at a recording's key: all its versions, the newest first, including delete markers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    pub versions: Vec<Version>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The version id in the bucket.
    pub name: String,
    /// Whether it is a delete marker.
    pub marker: bool,
    /// Bytes.
    pub length: u64,
    /// To the second.
    pub modified_at: DateTime<Utc>,
    /// `None` if it was not requested, see [`needs_checksum`].
    pub sha256: Option<Sha256>,
}

/// The repair of a discrepancy of the audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Notify `ingest` of the object again.
    TellAgain,
    /// Remove the delete markers with these ids, which restores the version beneath.
    Unhide(Vec<String>),
}

/// How much later than its recording an object may seem stored: S3's times are whole seconds.
const CLOCKS: TimeDelta = TimeDelta::seconds(2);

/// The discrepancy of the audio and its repair, if any. An ended recording has none.
pub fn audio(
    recording: Option<&Recording>,
    object: Option<&Object>,
    now: DateTime<Utc>,
) -> Option<(Kind, Option<Repair>)> {
    let versions = object.map_or(&[][..], |object| &object.versions);
    let current = versions.first().filter(|version| !version.marker);
    let Some(recording) = recording else { return current.map(|_| (Kind::NoRecording, None)) };
    if !recording.exists(now) {
        return None;
    }
    let is_audio = |version: &Version| !version.marker && is_of(version, recording);
    match &recording.state {
        State::Expected if later(recording.registered_at, PATIENCE) > now => None,
        State::Expected => match (current, versions.iter().find(|version| !version.marker)) {
            (Some(_), _) => Some((Kind::NotTakenIn, Some(Repair::TellAgain))),
            (None, Some(beneath)) if is_audio(beneath) => {
                Some((Kind::Removed, Some(unhide(versions))))
            }
            (None, _) => Some((Kind::NeverCame, None)),
        },
        State::Rejected { .. } => current.map(|_| (Kind::RefusedLeft, Some(Repair::TellAgain))),
        State::Stored { .. } => match current {
            Some(current) if is_audio(current) => {
                let doubled = versions.iter().filter(|version| !version.marker).count() > 1;
                doubled.then_some((Kind::Doubled, None))
            }
            Some(_) => {
                Some((Kind::Replaced, versions.iter().any(is_audio).then_some(Repair::TellAgain)))
            }
            None => match versions.iter().find(|version| !version.marker) {
                Some(beneath) if is_audio(beneath) => Some((Kind::Removed, Some(unhide(versions)))),
                _ => Some((Kind::Lost, None)),
            },
        },
    }
}

/// Whether the checksum must be requested: there are several versions, or one from after the
/// recording was stored. Audio from the upload link was verified on arrival and cannot be altered.
pub fn needs_checksum(recording: &Recording, object: &Object) -> bool {
    let State::Stored { at } = recording.state else { return object.versions.len() > 1 };
    let came_later = |version: &Version| version.modified_at > later(at, CLOCKS);
    object.versions.len() > 1 || object.versions.iter().any(came_later)
}

fn is_of(version: &Version, recording: &Recording) -> bool {
    let as_signed = version.sha256.is_none_or(|sha256| sha256 == recording.audio.sha256);
    version.length == recording.audio.length && as_signed
}

/// Removes the markers above the newest version with content.
fn unhide(versions: &[Version]) -> Repair {
    Repair::Unhide(
        versions
            .iter()
            .take_while(|version| version.marker)
            .map(|version| version.name.clone())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::recording;

    fn now() -> DateTime<Utc> {
        recording().started_at + TimeDelta::days(1)
    }

    fn in_state(state: State) -> Recording {
        Recording { state, expires_at: now() + TimeDelta::days(100), ..recording() }
    }

    fn stored() -> Recording {
        in_state(State::Stored { at: recording().started_at })
    }

    fn rejected() -> Recording {
        in_state(State::Rejected { reason: "no audio".to_owned() })
    }

    /// A version of this length, whose checksum bytes are all `sum`.
    fn version(length: u64, sum: u8) -> Version {
        let name = format!("v{length}{sum}");
        Version {
            name,
            marker: false,
            length,
            modified_at: recording().started_at,
            sha256: Some(Sha256([sum; 32])),
        }
    }

    fn marker() -> Version {
        Version { name: "m".to_owned(), marker: true, length: 0, sha256: None, ..version(0, 0) }
    }

    fn of(recording: &Recording, versions: &[Version]) -> Option<(Kind, Option<Repair>)> {
        let object = Object { versions: versions.to_vec() };
        audio(Some(recording), (!versions.is_empty()).then_some(&object), now())
    }

    const OWN: fn() -> Version = || version(1, 0);
    const OTHER: fn() -> Version = || version(1, 9);

    #[test]
    fn each_difference_between_item_and_object_is_a_discrepancy_of_its_own() {
        let again = Some(Repair::TellAgain);
        let unhide = Some(Repair::Unhide(vec!["m".to_owned()]));
        let cases = [
            ("as it should be", of(&stored(), &[OWN()]), None),
            ("waited for", of(&in_state(State::Expected), &[]), Some((Kind::NeverCame, None))),
            (
                "an event was lost",
                of(&in_state(State::Expected), &[OWN()]),
                Some((Kind::NotTakenIn, again.clone())),
            ),
            (
                "removed before it was taken in",
                of(&in_state(State::Expected), &[marker(), OWN()]),
                Some((Kind::Removed, unhide.clone())),
            ),
            ("gone", of(&stored(), &[]), Some((Kind::Lost, None))),
            ("removed by hand", of(&stored(), &[marker(), OWN()]), Some((Kind::Removed, unhide))),
            (
                "removed twice",
                of(&stored(), &[marker(), marker(), OWN()]),
                Some((Kind::Removed, Some(Repair::Unhide(vec!["m".to_owned(); 2])))),
            ),
            ("only the removal is left", of(&stored(), &[marker()]), Some((Kind::Lost, None))),
            (
                "something else was removed",
                of(&stored(), &[marker(), OTHER()]),
                Some((Kind::Lost, None)),
            ),
            (
                "something else lies above",
                of(&stored(), &[OTHER(), OWN()]),
                Some((Kind::Replaced, again.clone())),
            ),
            (
                "of another length",
                of(&stored(), &[version(2, 0), OWN()]),
                Some((Kind::Replaced, again.clone())),
            ),
            ("something else alone", of(&stored(), &[OTHER()]), Some((Kind::Replaced, None))),
            ("twice the same", of(&stored(), &[OWN(), OWN()]), Some((Kind::Doubled, None))),
            ("another beneath", of(&stored(), &[OWN(), OTHER()]), Some((Kind::Doubled, None))),
            ("brought back", of(&stored(), &[OWN(), marker()]), None),
            ("refused", of(&rejected(), &[]), None),
            ("refused and removed", of(&rejected(), &[marker(), OTHER()]), None),
            ("refused and left", of(&rejected(), &[OTHER()]), Some((Kind::RefusedLeft, again))),
            (
                "of nobody",
                audio(None, Some(&Object { versions: vec![OWN()] }), now()),
                Some((Kind::NoRecording, None)),
            ),
            (
                "nobody's, removed",
                audio(None, Some(&Object { versions: vec![marker(), OWN()] }), now()),
                None,
            ),
            ("nothing at all", audio(None, None, now()), None),
        ];
        for (what, found, expected) in cases {
            assert_eq!(found, expected, "{what}");
        }
    }

    #[test]
    fn audio_may_arrive_within_an_hour_of_the_registration() {
        let young = |minutes| Recording {
            registered_at: now() - TimeDelta::minutes(minutes),
            ..in_state(State::Expected)
        };
        assert_eq!(of(&young(59), &[]), None);
        assert_eq!(of(&young(60), &[]), Some((Kind::NeverCame, None)));
    }

    #[test]
    fn an_ended_recording_has_no_discrepancy_unless_it_is_held() {
        let ended = Recording { expires_at: now(), ..stored() };
        assert_eq!(of(&ended, &[]), None);
        assert_eq!(
            of(&Recording { held_since: Some(now()), ..ended }, &[]),
            Some((Kind::Lost, None))
        );
    }

    #[test]
    fn the_checksum_is_requested_for_several_versions_or_a_later_one() {
        let later = Version { modified_at: now(), ..OWN() };
        let object = |versions: &[Version]| Object { versions: versions.to_vec() };
        assert!(!needs_checksum(&stored(), &object(&[OWN()])));
        assert!(needs_checksum(&stored(), &object(&[OWN(), OWN()])));
        assert!(needs_checksum(&stored(), &object(std::slice::from_ref(&later))));
        assert!(
            !needs_checksum(&in_state(State::Expected), &object(&[later])),
            "ingest looks at it"
        );
    }
}
