//! The queue after a crash at each of its writes.

use std::{fs, os::unix::fs::PermissionsExt};

use phone::{CallId, State};

use crate::folder::{Folder, facts};

#[test]
fn a_call_is_read_as_it_was_added() {
    let folder = Folder::new();
    let id = folder.enqueue("Ring tillbaka", b"audio");
    let (queue, names) = (folder.queue(), [format!("{id}.audio"), format!("{id}.json")]);
    let call = queue.load(&id).expect("readable").expect("a call");
    assert_eq!((call.facts, call.state), (facts("Ring tillbaka"), State::Recorded { audio: None }));
    assert_eq!(call.sequence.map(|sequence| sequence.sequence), Some(1));
    assert_eq!(fs::read(queue.audio(&id)).expect("audio"), b"audio");
    queue.tidy().expect("tidied");
    assert_eq!(folder.names(), names);
    for name in names {
        let mode = fs::metadata(folder.queue_path().join(name)).expect("a file").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

#[test]
fn the_calls_of_a_phone_are_numbered_without_a_gap() {
    let folder = Folder::new();
    let number = |id: &CallId| {
        let call = folder.queue().load(id).expect("readable").expect("a call");
        let sequence = call.sequence.expect("a number");
        (sequence.device_id, sequence.sequence)
    };
    let [first, second] = [(); 2].map(|()| number(&folder.enqueue("a note", b"audio")));
    assert!(folder.queue().enqueue(facts("a note"), &folder.queue_path().join("none")).is_err());
    folder.queue().tidy().expect("tidied");
    let third = number(&folder.enqueue("a note", b"audio"));
    assert_eq!([first.1, second.1, third.1], [1, 2, 3]);
    assert!(first.0 == second.0 && second.0 == third.0);
    // A damaged counter begins anew, as another device.
    fs::write(folder.queue_path().join("sequence"), b"{").expect("written");
    let fourth = number(&folder.enqueue("a note", b"audio"));
    assert!(fourth.1 == 1 && fourth.0 != first.0);
}

#[test]
fn unfinished_files_are_removed() {
    let folder = Folder::new();
    let id = folder.enqueue("a note", b"audio");
    for name in [format!("{id}.json.new"), format!("{}.audio.new", CallId::random())] {
        fs::write(folder.queue_path().join(name), b"{").expect("written");
    }
    folder.queue().tidy().expect("tidied");
    assert_eq!(folder.names(), [format!("{id}.audio"), format!("{id}.json")]);
    assert_eq!(folder.damaged(), [""; 0]);
}

#[test]
fn a_deletion_that_was_interrupted_is_completed() {
    for code in [None, Some("erased")] {
        for is_audio_gone in [false, true] {
            let folder = Folder::new();
            let id = folder.enqueue("a note", b"audio");
            let mut call = folder.queue().load(&id).expect("readable").expect("a call");
            call.state = match code {
                None => State::Stored,
                Some(code) => State::Refused { code: code.to_owned(), detail: None },
            };
            folder.queue().save(&call).expect("saved");
            if is_audio_gone {
                fs::remove_file(folder.queue().audio(&id)).expect("removed");
            }
            folder.queue().tidy().expect("tidied");
            assert_eq!((folder.names(), folder.damaged()), (vec![], vec![]));
        }
    }
}

#[test]
fn damaged_and_unknown_files_are_set_aside() {
    let folder = Folder::new();
    let valid = folder.enqueue("a note", b"audio");
    let [cut, mixed, mute] = [(); 3].map(|()| folder.enqueue("a note", b"audio"));
    let alone = CallId::random();
    let path = |name: String| folder.queue_path().join(name);
    fs::write(path(format!("{cut}.json")), b"{\"callId\"").expect("written");
    fs::copy(path(format!("{valid}.json")), path(format!("{mixed}.json"))).expect("copied");
    fs::remove_file(path(format!("{mute}.audio"))).expect("removed");
    fs::write(path(format!("{alone}.audio")), b"audio").expect("written");
    fs::write(path("notes.txt".to_owned()), b"text").expect("written");
    folder.queue().tidy().expect("tidied");
    assert_eq!(folder.names(), [format!("{valid}.audio"), format!("{valid}.json")]);
    let mut damaged = vec![
        format!("{cut}.audio"),
        format!("{cut}.json"),
        format!("{mixed}.audio"),
        format!("{mixed}.json"),
        format!("{mute}.json"),
        format!("{alone}.audio"),
        "notes.txt".to_owned(),
    ];
    damaged.sort();
    assert_eq!(folder.damaged(), damaged);
}

#[test]
fn a_file_that_is_set_aside_replaces_none() {
    let folder = Folder::new();
    for text in ["first", "second", "third"] {
        let queue = folder.queue();
        fs::write(folder.queue_path().join("notes.txt"), text).expect("written");
        queue.tidy().expect("tidied");
    }
    assert_eq!(folder.damaged(), ["notes.txt", "notes.txt.1", "notes.txt.2"]);
}

#[test]
fn audio_that_cannot_be_read_adds_no_call() {
    let folder = Folder::new();
    let missing = folder.queue_path().join("missing");
    assert!(folder.queue().enqueue(facts("a note"), &missing).is_err());
    assert_eq!(folder.names(), [""; 0]);
}

/// The id of the operator's switch names the call and its files, and cannot be added twice.
#[test]
fn a_call_may_have_the_id_of_the_switch() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = CallId::try_from("3848276298220188511@10.0.0.1".to_owned()).expect("an id");
    let original = folder.original("original", b"audio");
    queue.enqueue_as(&id, facts("Hej"), &original).expect("added");
    let again = queue.enqueue_as(&id, facts("Hej"), &original);
    assert_eq!(again.map_err(|error| error.kind()), Err(std::io::ErrorKind::AlreadyExists));
    assert_eq!(queue.ids().expect("ids"), std::slice::from_ref(&id));
    let call = queue.load(&id).expect("readable").expect("there");
    assert_eq!((call.call_id, call.sequence.map(|it| it.sequence)), (id, Some(1)));
}
