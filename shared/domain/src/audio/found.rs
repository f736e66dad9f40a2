//! The result of measuring one container.

use std::time::Duration;

use super::{Audio, Codec, Container, Damage, Length};

/// The result of measuring, before it is limited by the size of the sound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub codec: Codec,
    pub length: Length,
    /// The bytes that can contain sound.
    pub bytes: u64,
    pub damage: Option<Damage>,
    pub promised: Option<Duration>,
}

impl Found {
    pub fn exact(codec: Codec, duration: Duration, bytes: u64) -> Self {
        Self { length: Length::Exact(duration), ..Self::unknown(codec, bytes) }
    }

    pub fn estimated(codec: Codec, duration: Duration, bytes: u64) -> Self {
        Self { length: Length::Estimated(duration), ..Self::unknown(codec, bytes) }
    }

    pub fn unknown(codec: Codec, bytes: u64) -> Self {
        Self { codec, length: Length::Unknown, bytes, damage: None, promised: None }
    }

    pub fn damaged(self, damage: Damage) -> Self {
        Self { damage: Some(damage), ..self }
    }

    /// Damaged, with the duration that a header promises.
    pub fn promised(self, duration: Duration, damage: Damage) -> Self {
        Self { promised: Some(duration), ..self.damaged(damage) }
    }

    pub fn audio(self, container: Container) -> Audio {
        let longest = self.codec.longest(self.bytes);
        let found = match self.length.duration() {
            Some(stated) if stated > longest => {
                let contradiction = self.promised(
                    self.promised.unwrap_or(stated),
                    self.damage.unwrap_or(Damage::Contradictory),
                );
                Self { length: Length::Estimated(longest), ..contradiction }
            }
            Some(Duration::ZERO) => self.damaged(self.damage.unwrap_or(Damage::NoSound)),
            None if longest.is_zero() => Self {
                length: Length::Exact(Duration::ZERO),
                ..self.damaged(self.damage.unwrap_or(Damage::NoSound))
            },
            _ => self,
        };
        Audio {
            container,
            codec: found.codec,
            length: found.length,
            longest,
            damage: found.damage,
            promised: found.promised,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_duration_is_limited_by_the_size() {
        let promised = Duration::from_secs(36_000);
        let audio = Found::exact(Codec::Aac, promised, 64).audio(Container::Mp4);
        assert_eq!(audio.length, Length::Estimated(Duration::from_millis(5120)));
        assert_eq!((audio.damage, audio.promised), (Some(Damage::Contradictory), Some(promised)));
    }

    #[test]
    fn no_time_is_no_sound() {
        let audio = Found::exact(Codec::Pcm, Duration::ZERO, 10).audio(Container::Wav);
        assert_eq!(
            (audio.length, audio.damage),
            (Length::Exact(Duration::ZERO), Some(Damage::NoSound))
        );
    }
}
