//! The requests of the phones, over a network that loses some of them.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    completeness::sequence::Sequence,
    counterpart::Counterpart,
    ids::RecordingId,
    recording::{self, Audio, ContentType, Leg},
    registration::Registration,
};
use phone::{Backoff, Failure, Link, Outcome as Response, Stage, State, step};
use rand::RngExt;

use super::{
    BEGIN,
    office::{Event, Office, sha256},
    phones::Upload,
};

/// How long an upload link is valid.
const LINK: TimeDelta = TimeDelta::minutes(15);

impl Office {
    /// A phone sends its next request about an upload, if it still exists.
    pub(super) fn request(&mut self, position: usize, now: DateTime<Utc>) {
        let Upload { call, installation, .. } = self.uploads[position];
        let user = self.calls[call].user;
        let one = &self.phones[user].installations[installation];
        if !one.exists(now) {
            return;
        }
        let online = one.online(now);
        if online > now {
            return self.plan(online, Event::Request(position));
        }
        let response = self.answer(position, now);
        let upload = &mut self.uploads[position];
        let next = step(upload.state.clone(), response);
        let uptime = (now - BEGIN).to_std().unwrap_or_default();
        let random = self.random.random_range(0.0..1.0);
        upload.progress.note(&next.state, next.pause, &Backoff::default(), (uptime, random));
        // Half a second for the request itself.
        let due = upload.progress.due().max(uptime) + Duration::from_millis(500);
        upload.state = next.state;
        if !upload.state.is_final() {
            let at = BEGIN + TimeDelta::from_std(due).unwrap_or_default();
            self.plan(at, Event::Request(position));
        }
    }

    fn answer(&mut self, position: usize, now: DateTime<Utc>) -> Response {
        let mishap = self.random.random_range(0..100);
        let failed = |status, code: Option<&str>| {
            let code = code.map(str::to_owned);
            Response::Failed(Failure { status, code, detail: None, retry_after: None })
        };
        match mishap {
            0..2 => return Response::Unreachable, // the request was lost
            2 => return failed(503, None),
            _ => {}
        }
        let is_lost = (3..6).contains(&mishap); // the response is
        let state = self.uploads[position].state.clone();
        let response = match state {
            State::Recorded { .. } => self.register(position, now),
            State::Registered { recording, .. } => {
                if now > self.uploads[position].linked_at + LINK {
                    failed(403, None)
                } else if (6..10).contains(&mishap) {
                    return Response::Unreachable; // interrupted: S3 has nothing of it
                } else {
                    let id = RecordingId::try_from(recording).expect("the service's own id");
                    if self.arrived.contains_key(&id) {
                        failed(412, None)
                    } else {
                        let file = self.calls[self.uploads[position].call].file;
                        let after = TimeDelta::milliseconds(200 + i64::from(mishap) * 30);
                        self.plan(now + after, Event::Arrived(id, file));
                        Response::Put
                    }
                }
            }
            State::Uploaded { recording, .. } => {
                let id = RecordingId::try_from(recording).expect("the service's own id");
                match self.service.recordings.get(&id) {
                    Some(recording) => Response::Shown(shown(recording), None),
                    None => failed(404, Some("not-found")),
                }
            }
            _ => Response::Unreachable,
        };
        if is_lost { Response::Unreachable } else { response }
    }

    fn register(&mut self, position: usize, now: DateTime<Utc>) -> Response {
        let upload = &self.uploads[position];
        let call = &self.calls[upload.call];
        let phone = &self.phones[call.user];
        let country = self.service.organisation.country;
        let device = phone.installations[upload.installation].device.clone();
        let counterpart = Counterpart::read(call.written, country);
        let registration = Registration {
            call: upload.id.clone(),
            direction: call.direction,
            written: Some(call.written.to_owned())
                .filter(|written| *written != counterpart.to_string() && counterpart.is_known()),
            counterpart,
            started_at: phone.clock.shows(call.started_at),
            sent_at: Some(phone.clock.shows(now)),
            duration: call.duration,
            audio: Audio {
                content_type: ContentType::unknown(),
                length: self.files[call.file].bytes.len() as u64,
                sha256: sha256(upload.call),
            },
            note: None,
            mark: None,
            leg: Leg {
                sequence: Some(Sequence { device, number: upload.number }),
                ..Leg::default()
            },
            warnings: Vec::new(),
        };
        let user = self.ids[call.user].clone();
        let registered = self.service.register(&user, registration, now);
        let upload = &mut self.uploads[position];
        upload.registrations.push(now);
        upload.linked_at = now;
        match registered {
            Ok(recording) => {
                let link =
                    Link { method: "PUT".to_owned(), url: String::new(), headers: BTreeMap::new() };
                let is_expected = recording.state == recording::State::Expected;
                Response::Shown(shown(&recording), is_expected.then_some(link))
            }
            Err(code) => Response::Failed(Failure {
                status: 403,
                code: Some(code.to_owned()),
                detail: None,
                retry_after: None,
            }),
        }
    }
}

fn shown(recording: &recording::Recording) -> phone::Recording {
    phone::Recording {
        id: recording.id.to_string(),
        state: match recording.state {
            recording::State::Expected => Stage::Expected,
            recording::State::Stored { .. } => Stage::Stored,
            recording::State::Rejected { .. } => Stage::Rejected,
        },
        sha256: String::from(recording.audio.sha256),
        rejection: None,
    }
}
