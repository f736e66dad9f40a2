//! The file formats of recordings, and the names that clients give them.

use std::fmt;

/// The file format of a recording. A content type promises one; the content decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    Wav,
    Mp3,
    /// MP4 with all its brands: M4A, 3GP, 3G2 and QuickTime.
    Mp4,
    Ogg,
    /// WebM, and Matroska in general.
    WebM,
    Flac,
    /// AAC in a bare stream of ADTS frames.
    Adts,
    /// AMR as a bare stream of frames, narrowband or wideband.
    Amr,
    Caf,
    /// Content of an unknown format. It may be audio, so it is stored and never played.
    Other,
}

impl Container {
    pub const ALL: [Self; 10] = [
        Self::Wav,
        Self::Mp3,
        Self::Mp4,
        Self::Ogg,
        Self::WebM,
        Self::Flac,
        Self::Adts,
        Self::Amr,
        Self::Caf,
        Self::Other,
    ];

    /// The container of a content type, in any case and with any parameters. An audio type that is
    /// not listed is [`Container::Other`]; `None` for a type that promises something else.
    pub fn of_content_type(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let listed = Self::ALL
            .into_iter()
            .find(|container| container.content_types().contains(&essence.as_str()));
        listed.or_else(|| {
            essence.strip_prefix("audio/").filter(|subtype| is_token(subtype)).map(|_| Self::Other)
        })
    }

    /// The content type that the service stores and serves.
    pub fn content_type(self) -> &'static str {
        self.content_types().first().copied().unwrap_or("application/octet-stream")
    }

    /// The content types that clients use for the container, the stored one first. They are the
    /// registered types and those of Android, iOS and common recorders.
    pub fn content_types(self) -> &'static [&'static str] {
        match self {
            Self::Wav => {
                &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wav"]
            }
            Self::Mp3 => &[
                "audio/mpeg",
                "audio/mp3",
                "audio/x-mp3",
                "audio/x-mpeg",
                "audio/mpeg3",
                "audio/x-mpeg-3",
                "audio/mpg",
            ],
            Self::Mp4 => &MP4,
            Self::Ogg => &[
                "audio/ogg",
                "audio/opus",
                "audio/vorbis",
                "audio/speex",
                "audio/x-speex",
                "application/ogg",
                "video/ogg",
            ],
            Self::WebM => &["audio/webm", "video/webm", "audio/x-matroska", "video/x-matroska"],
            Self::Flac => &["audio/flac", "audio/x-flac"],
            Self::Adts => &["audio/aac", "audio/x-aac", "audio/aacp", "audio/x-hx-aac-adts"],
            Self::Amr => {
                &["audio/amr", "audio/amr-nb", "audio/amr-wb", "audio/amr-wb+", "audio/x-amr"]
            }
            Self::Caf => &["audio/x-caf", "audio/caf"],
            Self::Other => &["application/octet-stream", "binary/octet-stream"],
        }
    }

    /// The usual file name extension of the container, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Mp4 => "m4a",
            Self::Ogg => "ogg",
            Self::WebM => "webm",
            Self::Flac => "flac",
            Self::Adts => "aac",
            Self::Amr => "amr",
            Self::Caf => "caf",
            Self::Other => "bin",
        }
    }

    /// The name of the container in messages and in stored items.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Adts => "adts",
            Self::Other => "other",
            _ => self.extension(),
        }
    }

    /// The container of a name that [`Container::as_str`] gave.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|container| container.as_str() == name)
    }
}

const MP4: [&str; 13] = [
    "audio/mp4",
    "audio/m4a",
    "audio/x-m4a",
    "audio/x-mp4",
    "audio/mp4a-latm", // Android's name for AAC, which its recorder writes to MP4
    "audio/3gpp",
    "audio/3gpp2",
    "video/mp4",
    "video/3gpp",
    "video/3gpp2",
    "video/quicktime",
    "application/mp4",
    "audio/quicktime",
];

/// Whether the text is a short token of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_token)
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_understood_as_phones_name_it() {
        let cases = [
            ("audio/vnd.wave", Container::Wav),
            ("audio/x-mp3", Container::Mp3),
            ("audio/opus", Container::Ogg),
            ("application/ogg", Container::Ogg),
            ("audio/mp4a-latm", Container::Mp4),
            ("video/mp4", Container::Mp4),
            ("audio/3gpp", Container::Mp4),
            ("audio/3gpp2", Container::Mp4),
            ("video/3gpp", Container::Mp4),
            ("audio/amr", Container::Amr),
            ("audio/amr-wb", Container::Amr),
            ("audio/aac", Container::Adts),
            ("audio/aacp", Container::Adts),
            ("audio/flac", Container::Flac),
            ("audio/x-flac", Container::Flac),
            ("audio/webm", Container::WebM),
            ("video/webm", Container::WebM),
            ("audio/x-caf", Container::Caf),
            ("audio/basic", Container::Other),
            ("application/octet-stream", Container::Other),
        ];
        for (text, container) in cases {
            let variants = [
                text.to_owned(),
                text.to_uppercase(),
                format!(" {text} ; codecs=\"x, y\"; rate=8000"),
            ];
            assert!(
                variants
                    .iter()
                    .all(|variant| Container::of_content_type(variant) == Some(container)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_type_that_promises_no_audio_has_no_container() {
        for text in [
            "",
            "audio",
            "audio/",
            "audio/a b",
            "text/plain",
            "image/png",
            "video/x-msvideo",
            "application/pdf",
            ";audio/wav",
        ] {
            assert_eq!(Container::of_content_type(text), None, "{text}");
        }
    }

    #[test]
    fn each_content_type_and_each_name_belongs_to_one_container() {
        for container in Container::ALL {
            assert_eq!(Container::of_content_type(container.content_type()), Some(container));
            assert!(
                container
                    .content_types()
                    .iter()
                    .all(|text| Container::of_content_type(text) == Some(container))
            );
            assert_eq!(Container::parse(container.as_str()), Some(container));
        }
        assert_eq!((Container::Mp4.extension(), Container::Other.extension()), ("m4a", "bin"));
    }
}
