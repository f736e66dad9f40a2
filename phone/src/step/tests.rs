//! The table of transitions.

use super::*;

const SECONDS: Option<Duration> = Some(Duration::from_secs(7));

fn audio() -> Audio {
    Audio { length: 3, sha256: "ab".to_owned() }
}

fn link() -> Link {
    Link { method: "PUT".to_owned(), url: "http://s3".to_owned(), headers: Default::default() }
}

fn at_start() -> State {
    State::Recorded { audio: Some(audio()) }
}

fn at_link() -> State {
    State::Registered { recording: "r".to_owned(), audio: audio(), upload: link() }
}

fn waited(polls: u32) -> State {
    State::Uploaded { recording: "r".to_owned(), audio: audio(), polls }
}

fn at_end() -> State {
    waited(0)
}

fn refused_with(code: &str) -> State {
    State::Refused { code: code.to_owned(), detail: Some("a text".to_owned()) }
}

fn shown(state: Stage, sha256: &str, upload: Option<Link>) -> Outcome {
    let rejection = (state == Stage::Rejected).then(|| "no-audio".to_owned());
    let (id, sha256) = ("r".to_owned(), sha256.to_owned());
    Outcome::Shown(Recording { id, state, sha256, rejection }, upload)
}

fn failed(status: u16, code: Option<&str>) -> Outcome {
    let (code, detail) = (code.map(str::to_owned), Some("a text".to_owned()));
    Outcome::Failed(Failure { status, code, detail, retry_after: SECONDS })
}

fn check(from: State, cases: impl IntoIterator<Item = (Outcome, State, Pause)>) {
    for (outcome, state, pause) in cases {
        let case = format!("{} and {outcome:?}", from.name());
        assert_eq!(step(from.clone(), outcome), Step { state, pause }, "{case}");
    }
}

#[test]
fn a_registration_is_followed_by_the_upload_or_the_end() {
    let rejected = State::Rejected { reason: Some("no-audio".to_owned()) };
    check(
        at_start(),
        [
            (shown(Stage::Expected, "ab", Some(link())), at_link(), Pause::None),
            (shown(Stage::Stored, "ab", None), State::Stored, Pause::None),
            (shown(Stage::Rejected, "ab", None), rejected, Pause::None),
            (shown(Stage::Expected, "ab", None), at_end(), Pause::Backoff(None)),
            (shown(Stage::Stored, "cd", None), at_start(), Pause::Backoff(None)),
            (shown(Stage::Expected, "cd", Some(link())), at_start(), Pause::Backoff(None)),
        ],
    );
}

#[test]
fn a_registration_that_fails_is_refused_or_repeated() {
    let mut cases = vec![
        (failed(401, None), at_start(), Pause::SignIn),
        (failed(401, Some("not-signed-in")), at_start(), Pause::SignIn),
        (failed(403, None), at_start(), Pause::SignIn),
        (Outcome::Unreachable, at_start(), Pause::Backoff(None)),
    ];
    for status in [302, 400, 404, 408, 413, 429, 500, 502, 503, 504] {
        cases.push((failed(status, None), at_start(), Pause::Backoff(SECONDS)));
    }
    for (status, code) in [
        (403, "recording-not-active"),
        (403, "not-acknowledged"),
        (403, "unknown-user"),
        (409, "other-call"),
        (410, "erased"),
        (413, "too-large"),
        (415, "unknown-type"),
        (422, "invalid"),
    ] {
        cases.push((failed(status, Some(code)), refused_with(code), Pause::None));
    }
    check(at_start(), cases);
}

#[test]
fn an_upload_succeeds_or_begins_again_where_it_must() {
    let mut cases = vec![
        (Outcome::Put, at_end(), Pause::Backoff(None)),
        (failed(412, None), at_end(), Pause::Backoff(None)),
        (failed(409, None), at_link(), Pause::Again),
        (failed(403, None), at_start(), Pause::Again),
        (failed(401, None), at_start(), Pause::SignIn),
        (failed(400, None), State::Recorded { audio: None }, Pause::Again),
        (Outcome::AudioDiffers, State::Recorded { audio: None }, Pause::Again),
        (failed(404, None), at_start(), Pause::Backoff(None)),
        (failed(411, None), at_start(), Pause::Backoff(None)),
        (Outcome::Unreachable, at_start(), Pause::Backoff(None)),
    ];
    for status in [307, 408, 429, 500, 503] {
        cases.push((failed(status, None), at_link(), Pause::Backoff(SECONDS)));
    }
    check(at_link(), cases);
}

#[test]
fn an_uploaded_call_waits_until_the_same_audio_is_stored() {
    let rejected = State::Rejected { reason: Some("no-audio".to_owned()) };
    let mut cases = vec![
        (shown(Stage::Stored, "ab", None), State::Stored, Pause::None),
        (shown(Stage::Rejected, "ab", None), rejected, Pause::None),
        (shown(Stage::Expected, "ab", None), waited(1), Pause::Backoff(None)),
        (shown(Stage::Stored, "cd", None), State::Recorded { audio: None }, Pause::Backoff(None)),
        (failed(401, None), at_end(), Pause::SignIn),
        (failed(403, None), at_end(), Pause::SignIn),
        (failed(403, Some("not-allowed")), at_start(), Pause::Backoff(None)),
        (failed(404, Some("not-found")), at_start(), Pause::Backoff(None)),
        (Outcome::Unreachable, at_end(), Pause::Backoff(None)),
    ];
    for status in [408, 429, 500, 503] {
        cases.push((failed(status, None), at_end(), Pause::Backoff(SECONDS)));
    }
    check(at_end(), cases);
}

#[test]
fn audio_that_never_arrives_is_registered_again() {
    let mut state = at_end();
    let shown = || shown(Stage::Expected, "ab", None);
    for polls in 1..=POLLS {
        state = step(state, shown()).state;
        assert_eq!(state, waited(polls));
    }
    let waiting = step(state.clone(), Outcome::Unreachable).state;
    assert_eq!(waiting, state, "only the service's word counts");
    assert_eq!(step(state, shown()).state, at_start());
}

#[test]
fn a_call_without_a_digest_and_a_final_call_do_not_change() {
    let rejected = State::Rejected { reason: None };
    for state in [State::Recorded { audio: None }, State::Stored, refused_with("erased"), rejected]
    {
        let unchanged = Step { state: state.clone(), pause: Pause::None };
        assert_eq!(step(state, Outcome::Put), unchanged);
    }
}

#[test]
fn only_a_stored_call_and_four_refusals_end_the_copy() {
    assert!(State::Stored.ends_copy());
    for code in ["recording-not-active", "not-acknowledged", "erased", "past-retention"] {
        assert!(refused_with(code).ends_copy(), "{code}");
    }
    for code in ["unknown-user", "other-call", "too-large", "invalid"] {
        assert!(!refused_with(code).ends_copy(), "{code}");
    }
    for state in [at_start(), at_link(), at_end(), State::Rejected { reason: None }] {
        assert!(!state.ends_copy(), "{}", state.name());
    }
}
