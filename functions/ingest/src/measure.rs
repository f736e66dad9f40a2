//! Recognises the audio and measures its length from a bounded number of its bytes.

use domain::audio::{self, Audio, Step, Window};
use platform::bucket;

use crate::{
    App,
    object::{self, Object},
};

/// The audio of the object, or why it is none: 1 to 3 ranged GETs, at most 256 KiB in total. Its
/// content decides, and not the type that it was registered with.
pub async fn measure(app: &App, object: &Object) -> Result<Result<Audio, String>, bucket::Error> {
    let mut windows: Vec<Window> = Vec::new();
    loop {
        match audio::probe(object.length, &windows) {
            Step::Read(range) => windows.push(Window {
                offset: range.start,
                bytes: object::read(app, object, range).await?,
            }),
            Step::NotAudio(reason) => return Ok(Err(reason.to_string())),
            Step::Audio(audio) => return Ok(Ok(audio)),
        }
    }
}
