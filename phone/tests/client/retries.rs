//! Single mishaps, and what the client sends after them.

use std::{fs, time::Duration};

use phone::{Device, State};

use crate::{
    folder::Folder,
    service::{Mishap, Mishaps, PART, Service},
    virtual_device::VirtualDevice,
};

/// Runs a client with one call until its end, and returns its recordings and the time it waited.
async fn run(mishaps: Mishaps) -> (Vec<crate::service::Recording>, Duration) {
    let (service, folder, device) =
        (Service::start(mishaps).await, Folder::new(), VirtualDevice::new(1));
    let id = folder.enqueue("a note", b"audio");
    service.client_on(&folder, device.clone()).run_until_empty().await.expect("a run");
    assert_eq!(folder.names(), [""; 0]);
    assert_eq!(service.inner().violations, [""; 0]);
    (service.of_call(id.as_str()), device.uptime())
}

#[tokio::test]
async fn a_retry_waits_as_long_as_the_service_requests() {
    let mishaps = Mishaps::none().then_api([Mishap::Busy("3600"), Mishap::Busy("60")]);
    let (recordings, waited) = run(mishaps).await;
    assert_eq!(recordings.len(), 1);
    assert!(waited >= Duration::from_secs(3660), "{waited:?}");
}

#[tokio::test]
async fn each_attempt_has_the_time_at_which_it_is_sent() {
    let lost = [Mishap::LostResponse; 5];
    let (recordings, _) = run(Mishaps::none().then_api(lost)).await;
    let sent_at = &recordings[0].sent_at;
    assert_eq!(sent_at.len(), 6);
    assert!(sent_at.is_sorted_by(|before, after| before < after), "{sent_at:?}");
}

#[tokio::test]
async fn an_expired_link_is_replaced() {
    let mishaps = Mishaps::none().then_s3([Mishap::Expired, Mishap::Expired]);
    let (recordings, _) = run(mishaps).await;
    assert_eq!((recordings.len(), recordings[0].sent_at.len(), recordings[0].puts), (1, 3, 1));
}

#[tokio::test]
async fn a_conflict_and_a_lost_upload_are_repeated_until_the_audio_is_there() {
    let mishaps = [Mishap::Status(409), Mishap::Status(503), Mishap::LostResponse];
    let (recordings, _) = run(Mishaps::none().then_s3(mishaps)).await;
    assert_eq!((recordings.len(), recordings[0].puts), (1, 1));
}

/// An upload that is cut off at its third part continues with it.
#[tokio::test]
async fn an_interrupted_upload_continues_with_the_parts_that_are_missing() {
    let mut audio = vec![0; 5 * PART as usize - 1];
    audio.iter_mut().zip(0_u32..).for_each(|(byte, place)| *byte = (place % 251) as u8);
    let script = [Mishap::LostRequest, Mishap::Status(503), Mishap::Expired];
    let mishaps = Mishaps::none().then_s3_after(2, script);
    let (service, folder) = (Service::start(mishaps).await, Folder::new());
    let id = folder.enqueue("a note", &audio);
    service.client(&folder, 1).run_until_empty().await.expect("a run");
    let recordings = service.of_call(id.as_str());
    assert_eq!((recordings.len(), recordings[0].puts, recordings[0].part_puts), (1, 1, 5));
    assert!(recordings[0].object.as_ref() == Some(&audio), "the same bytes");
    assert_eq!(folder.names(), [""; 0]);
}

#[tokio::test]
async fn a_refused_token_is_not_sent_again() {
    let mishaps = Mishaps::none().then_api([Mishap::Status(401), Mishap::Status(403)]);
    let (recordings, _) = run(mishaps).await;
    assert_eq!((recordings.len(), recordings[0].is_verified), (1, true));
}

/// The registered audio is never completed, and the audio of the file is a recording of its own.
#[tokio::test]
async fn audio_that_changed_after_its_registration_is_registered_anew() {
    for changed in [&b"other"[..], b"longer audio", b"", b"a"] {
        let mishaps = Mishaps::none().then_s3([Mishap::Status(503)]);
        let (service, folder) = (Service::start(mishaps).await, Folder::new());
        let id = folder.enqueue("a note", b"audio");
        let path = folder.queue().audio(&id);
        {
            let mut client = service.client(&folder, 1);
            tokio::select! {
                run = client.run_until_empty() => panic!("the upload failed, but {run:?}"),
                () = service.events(4) => {} // two requests and two responses
            }
        }
        let call = folder.queue().load(&id).expect("readable").expect("a call");
        assert!(matches!(call.state, State::Registered { .. }), "{}", call.state.name());
        fs::write(path, changed).expect("written");
        service.client(&folder, 1).run_until_empty().await.expect("a run");
        let objects = service.of_call(id.as_str()).into_iter().map(|recording| recording.object);
        assert_eq!(Vec::from_iter(objects), [None, Some(changed.to_vec())]);
        assert_eq!(folder.names(), [""; 0]);
    }
}
