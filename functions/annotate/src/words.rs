//! The words that an edit adds: `index` writes two items for each, which the edit's budget pays.

use domain::{note::Annotation, search::Posting};
use platform::{
    consumed,
    http::{Cause, Problem},
};

/// The most new words of an edit. A note of 1,000 characters and three fields have some 250; more than
/// this is no text.
const NEW_AT_MOST: usize = 400;

/// Charges the words that come and go with an edit, and refuses too many new ones.
pub fn charge(before: &Annotation, after: &Annotation) -> Result<(), Problem> {
    let (was, is) = (Posting::of_annotation(before), Posting::of_annotation(after));
    let (come, go) = (is.difference(&was).count(), was.difference(&is).count());
    if come > NEW_AT_MOST {
        let detail = format!(
            "an edit adds at most {NEW_AT_MOST} new words, and this one adds {come}; shorten the note or the fields"
        );
        return Err(Problem::because(Cause::Invalid, detail));
    }
    consumed::charge_words(come, go);
    Ok(())
}
