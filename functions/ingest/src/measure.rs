//! Measures the length of the audio from a bounded number of its bytes.

use chrono::TimeDelta;
use domain::{
    audio::{self, Step, Window},
    recording::ContentType,
};

use platform::bucket;

use crate::{
    App,
    object::{self, Object},
};

/// The result of measuring.
#[derive(Debug)]
pub enum Measure {
    Lasts(TimeDelta),
    /// The bytes are not the promised audio, and why.
    Unusable(String),
}

/// Measures the object, registered as `content_type`: 1 to 3 ranged GETs, at most 256 KiB in total.
pub async fn measure(app: &App, object: &Object, content_type: ContentType) -> Result<Measure, bucket::Error> {
    let mut windows: Vec<Window> = Vec::new();
    loop {
        match audio::probe(object.length, &windows) {
            Step::Read(range) => windows.push(Window { offset: range.start, bytes: object::read(app, object, range).await? }),
            Step::NotAudio(reason) => return Ok(Measure::Unusable(reason.to_string())),
            Step::Audio(audio) if audio.container != content_type.container() => {
                let found = audio.container.extension();
                return Ok(Measure::Unusable(format!("the audio was registered as {}, its content is {found}", content_type.as_str())));
            }
            Step::Audio(audio) => return Ok(Measure::Lasts(TimeDelta::from_std(audio.duration).unwrap_or(TimeDelta::MAX))),
        }
    }
}
