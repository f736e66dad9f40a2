//! Why a recording is damaged, and why content is not a recording.

use thiserror::Error;

use super::Container;

/// Damage to a stored recording. It is played as far as possible and can always be downloaded. The
/// texts are for the people who see the recording.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, Hash)]
pub enum Damage {
    /// The content ends before the audio that its header promises, or within a frame or page.
    #[error("the recording is cut off")]
    CutOff,
    /// The index is missing, so no player finds the sound.
    #[error("the index is missing: the app ended before the recording was finished")]
    NoIndex,
    /// The content is an audio file without audio.
    #[error("the recording contains no sound")]
    NoSound,
    /// The header contradicts the content in another way.
    #[error("the header contradicts the content")]
    Contradictory,
}

impl Damage {
    pub const ALL: [Self; 4] = [Self::CutOff, Self::NoIndex, Self::NoSound, Self::Contradictory];

    /// The name of the damage in stored items and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CutOff => "cut-off",
            Self::NoIndex => "no-index",
            Self::NoSound => "no-sound",
            Self::Contradictory => "contradictory",
        }
    }

    /// The damage of a name that [`Damage::as_str`] gave.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|damage| damage.as_str() == name)
    }
}

/// Why an object is not a recording. The texts are for the person who uploaded it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotAudio {
    #[error("the object is empty")]
    Empty,
    /// An archive, an image, a document, a program or a text, by its name.
    #[error("the content is {0}, not audio")]
    Foreign(&'static str),
    #[error("the {0} contains video without sound")]
    Silent(Container),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_reads_back() {
        assert!(
            Damage::ALL.into_iter().all(|damage| Damage::parse(damage.as_str()) == Some(damage))
        );
    }

    #[test]
    fn the_texts_are_sentences_for_people() {
        assert_eq!(
            NotAudio::Foreign("a zip archive").to_string(),
            "the content is a zip archive, not audio"
        );
        assert_eq!(
            NotAudio::Silent(Container::Mp4).to_string(),
            "the mp4 contains video without sound"
        );
        assert_eq!(Damage::CutOff.to_string(), "the recording is cut off");
    }
}
