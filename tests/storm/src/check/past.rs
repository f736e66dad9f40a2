//! The past of each recording, change by change: each change has an order that it follows.

use chrono::TimeDelta;
use domain::retention::{BACKDATED, DAYS, GRACE, expires_at};

use super::fate::{JOB, between};
use crate::{
    aws::Image,
    truth::{Call, Hold, Truth},
};

/// The past of the call's recording follows the orders of people.
pub(super) fn past_is_right(truth: &Truth, past: &[Image], call: &Call) -> Vec<String> {
    let mut wrong = Vec::new();
    for pair in past.windows(2) {
        let [before, after] = pair else { continue };
        if before.is_recording() && before.is_held() && (!after.is_recording() || after.is_erased())
        {
            wrong.push(format!("ended at {} while it was held", after.at));
        }
        if !before.is_erased() && after.is_erased() && !is_ordered(truth, call, after) {
            wrong.push(format!("was erased at {} without an order", after.at));
        }
        let ends = before.is_recording() && !before.is_erased() && !after.is_recording();
        if ends && before.expires_at().is_some_and(|expires_at| expires_at > after.at) {
            wrong.push(format!("was removed at {} before it expired", after.at));
        }
    }
    let begins_at = call.started_at.max(call.sent_at - BACKDATED);
    let earliest = expires_at(begins_at, DAYS) - TimeDelta::seconds(1);
    let too_early = |image: &&Image| {
        image.is_recording()
            && !image.is_erased()
            && image.expires_at().is_some_and(|expires_at| expires_at < earliest)
    };
    if let Some(image) = past.iter().find(too_early) {
        wrong.push(format!("expires at {:?}, before {earliest}", image.expires_at()));
    }
    for hold in truth.holds.iter().filter(|hold| hold.organisation == call.organisation) {
        wrong.extend(hold_is_right(hold, past, call));
    }
    wrong.into_iter().map(|what| format!("{} {what}", call.name())).collect()
}

/// Whether an erasure of the person had been ordered.
fn is_ordered(truth: &Truth, call: &Call, image: &Image) -> bool {
    truth.erasures.iter().any(|erasure| {
        call.concerns(erasure.organisation, erasure.person)
            && erasure.sent_at <= image.at
            && (erasure.is_accepted || erasure.confirmed_at.is_none())
    })
}

/// The hold is on the recording if it concerns it, from soon after its order until it is lifted.
fn hold_is_right(hold: &Hold, past: &[Image], call: &Call) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_held = |image: &Image| image.is_held_by(&hold.id);
    let (named, may_find) = (
        hold.includes.contains(&call.number),
        hold.filter.is_some_and(|filter| filter.may_hold(call)),
    );
    if !named && !may_find && past.iter().any(is_held) {
        wrong.push(format!("is held by {}, which does not concern it", hold.id));
    }
    let soon = hold.confirmed_at + JOB;
    let before = between(past, hold.confirmed_at, hold.confirmed_at).last();
    let ended = |image: &Image| !image.exists(image.at.max(hold.confirmed_at));
    let may_have_ended = before.is_none_or(ended)
        || between(past, hold.confirmed_at, soon).any(ended)
        || before.and_then(Image::expires_at).is_some_and(|expires_at| expires_at <= soon);
    let is_lifted = hold.lifted_at.is_some_and(|at| at <= soon);
    if named && !may_have_ended && !is_lifted && !past.iter().any(is_held) {
        wrong.push(format!("was never held by {}", hold.id));
    }
    for pair in past.windows(2) {
        let released = is_held(&pair[0]) && !is_held(&pair[1]);
        if released && hold.lifted_at.is_none_or(|at| at > pair[1].at) {
            wrong.push(format!("was released from {} at {}", hold.id, pair[1].at));
        }
        let graced = released && pair[1].is_recording() && !pair[1].is_held();
        let promised = pair[1].at + GRACE - TimeDelta::minutes(20);
        let has_grace = pair[1].expires_at().is_some_and(|expires_at| {
            expires_at > promised
                || pair[0].number("until").is_some_and(|until| until == expires_at.timestamp())
        });
        if graced && !has_grace {
            wrong.push(format!("has no grace after {}", hold.id));
        }
    }
    wrong
}
