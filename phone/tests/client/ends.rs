//! The calls that the service refuses or rejects.

use phone::{Error, State};

use crate::{
    folder::Folder,
    service::{Mishaps, Service},
};

/// Runs a client with one call until its end. Returns its state, if it is still in the queue.
async fn end(note: &str, audio: &[u8]) -> Option<State> {
    let (service, folder) = (Service::start(Mishaps::none()).await, Folder::new());
    let id = folder.enqueue(note, audio);
    service.client(&folder, 1).run_until_empty().await.expect("a run");
    let call = folder.queue().load(&id).expect("readable");
    let files = if call.is_some() { 2 } else { 0 };
    assert_eq!(folder.names().len(), files, "{note}");
    assert_eq!(folder.damaged(), [""; 0]);
    call.map(|call| call.state)
}

#[tokio::test]
async fn a_refused_call_remains_for_a_person() {
    for (status, code) in [
        (403, "unknown-user"),
        (409, "other-call"),
        (413, "too-large"),
        (415, "unknown-type"),
        (422, "invalid"),
    ] {
        let state = end(&format!("refuse {status} {code}"), b"audio").await;
        let (code, detail) = (code.to_owned(), Some("a text for people".to_owned()));
        assert_eq!(state, Some(State::Refused { code, detail }));
    }
}

#[tokio::test]
async fn a_call_that_the_service_must_not_have_is_deleted() {
    for refusal in ["403 recording-not-active", "403 not-acknowledged", "410 erased"] {
        assert_eq!(end(&format!("refuse {refusal}"), b"audio").await, None, "{refusal}");
    }
}

#[tokio::test]
async fn a_rejected_call_remains_for_a_person() {
    let reason = Some("no-audio".to_owned());
    assert_eq!(end("a note", b"rejected").await, Some(State::Rejected { reason }));
}

/// A folder has the name of the unfinished file, so no state can be written.
#[tokio::test]
async fn a_call_is_uploaded_although_its_state_cannot_be_written() {
    let (service, folder) = (Service::start(Mishaps::none()).await, Folder::new());
    let id = folder.enqueue("a note", b"audio");
    let unfinished = folder.queue_path().join(format!("{id}.json.new"));
    let mut client = service.client(&folder, 1);
    let disturb = async {
        service.events(1).await;
        std::fs::create_dir(&unfinished).expect("a folder");
    };
    let (run, ()) = tokio::join!(client.run_until_empty(), disturb);
    run.expect("a run");
    assert_eq!(service.of_call(id.as_str())[0].puts, 1);
    assert_eq!(folder.names(), [format!("{id}.json.new")]);
    service.client(&folder, 1).run_until_empty().await.expect("a run");
    assert_eq!((folder.names(), folder.damaged()), (vec![], vec![format!("{id}.json.new")]));
}

#[tokio::test]
async fn a_queue_has_one_client() {
    let (service, folder) = (Service::start(Mishaps::none()).await, Folder::new());
    let lock = folder.queue().lock().expect("free");
    let refused = service.client(&folder, 1).run_until_empty().await;
    assert!(matches!(refused, Err(Error::InUse(_))), "{refused:?}");
    drop(lock);
    service.client(&folder, 1).run_until_empty().await.expect("a run");
}

#[tokio::test]
async fn a_running_client_finds_new_calls() {
    let (service, folder) = (Service::start(Mishaps::none()).await, Folder::new());
    let mut client = service.client(&folder, 1);
    let mut id = None;
    tokio::select! {
        run = client.run() => panic!("it works until it is dropped, but {run:?}"),
        () = async {
            id = Some(folder.enqueue("a note", b"audio"));
            service.events(6).await; // a registration, an upload and a poll
        } => {}
    }
    let recordings = service.of_call(id.expect("a call").as_str());
    assert_eq!((recordings.len(), recordings[0].puts), (1, 1));
}
