//! The program, killed at random points. `SEED` repeats the choices, but not the moments.

use std::{collections::BTreeMap, fs, process::Stdio, time::Duration};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::process::{Child, Command};

use crate::{
    folder::Folder,
    service::{Mishaps, Service},
};

const KILLS: u32 = 60;
/// Calls that wait when the first program starts.
const BACKLOG: u32 = 20;
/// The longest time that the program runs before it is killed.
const RUN_AT_MOST: u64 = 250;
/// The same for the program that adds a call.
const ENQUEUE_AT_MOST: u64 = 30;

/// The original audio of each call, and whether the program ended after it had added it.
type Originals = BTreeMap<Vec<u8>, bool>;

#[tokio::test]
async fn a_killed_program_loses_no_call_and_stores_none_twice() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let service = Service::start(Mishaps::random(seed, 15).without_pauses()).await;
    let (folder, mut originals, mut kills) = (Folder::new(), Originals::new(), 0);
    for _ in 0..BACKLOG {
        enqueue(&folder, &mut random, &mut originals).await;
    }
    for _ in 0..KILLS {
        let mut running = run(&service, &folder).spawn().expect("a program");
        enqueue(&folder, &mut random, &mut originals).await;
        let pause = Duration::from_millis(random.random_range(0..RUN_AT_MOST));
        tokio::select! {
            () = service.events(random.random_range(1..24)) => {}
            () = tokio::time::sleep(pause) => {}
        }
        kills += u32::from(kill(&mut running).await);
    }
    let last = run(&service, &folder).status().await.expect("a program");
    assert!(last.success());
    assert!(kills > 0, "each program ended by itself");
    check(&service, &folder, &originals);
}

/// Adds a call with audio of its own. One in three programs is killed meanwhile.
async fn enqueue(folder: &Folder, random: &mut ChaCha8Rng, originals: &mut Originals) {
    let mut audio = vec![0; random.random_range(1_000..300_000)];
    random.fill(&mut audio[..]);
    let path = folder.original(&format!("{}.ogg", originals.len()), &audio);
    let mut program = program("enqueue", folder);
    program.args(["--audio", &path.to_string_lossy(), "--direction", "out"]);
    program.args(["--started-at", "2026-11-24T14:02:11+01:00", "--counterpart", "Växel"]);
    let mut program = program.spawn().expect("a program");
    let is_killed = random.random_range(0..3) == 0;
    if is_killed {
        let pause = Duration::from_millis(random.random_range(0..ENQUEUE_AT_MOST));
        tokio::time::sleep(pause).await;
        kill(&mut program).await;
    }
    let status = program.wait().await.expect("an end");
    assert!(is_killed || status.success());
    originals.insert(audio, status.success());
}

fn check(service: &Service, folder: &Folder, originals: &Originals) {
    let inner = service.inner();
    assert_eq!(inner.violations, [""; 0]);
    let mut stored = BTreeMap::new();
    for recording in inner.recordings.all() {
        assert_eq!((recording.puts, recording.is_verified), (1, true));
        let audio = recording.object.as_ref().expect("audio");
        assert!(originals.contains_key(audio), "other bytes are stored");
        assert!(stored.insert(audio, &recording.call).is_none(), "a call is stored twice");
    }
    for (audio, _) in originals.iter().filter(|(_, is_added)| **is_added) {
        assert!(stored.contains_key(audio), "a call is lost");
    }
    assert_eq!(folder.names(), [""; 0]);
    for name in folder.damaged() {
        // A killed program has copied the audio, but has not added the call.
        let audio = fs::read(folder.queue_path().join("damaged").join(&name)).expect("a file");
        assert!(name.ends_with(".audio"), "{name}");
        assert_eq!(originals.get(&audio), Some(&false), "{name}");
        assert!(!stored.contains_key(&audio), "{name}");
    }
}

/// The program with a command and the folder's queue.
fn program(command: &str, folder: &Folder) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_phone"));
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.arg(command).arg("--queue").arg(folder.queue_path());
    program
}

fn run(service: &Service, folder: &Folder) -> Command {
    let mut program = program("run", folder);
    program.args(["--until-empty", "--api", &service.url]);
    program.args(["--token-command", "date +token-%s-%N", "--backoff-ms", "2"]);
    program
}

/// Kills the program, as a loss of power does. Returns whether it was still running.
async fn kill(program: &mut Child) -> bool {
    let was_running = program.try_wait().expect("a child").is_none();
    program.kill().await.expect("killed");
    was_running
}
