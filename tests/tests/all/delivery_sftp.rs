//! A customer fetches a day over SFTP with OpenSSH's own client. Every attempt at more fails.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use anyhow::Context;
use chrono::{TimeDelta, Utc};
use domain::delivery::Day;
use serde_json::{Value, json};
use tests::{
    call::{call, silence, with},
    door::{Door, answer},
};

/// A customer's machine: a folder with its keys, and a client for the server.
struct Machine {
    folder: PathBuf,
    host: String,
    port: String,
}

impl Machine {
    fn new(address: &str) -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fetching");
        let _from_a_run_before = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let (host, port) = address.split_once(':').context("an address has a port")?;
        Ok(Self { folder, host: host.to_owned(), port: port.to_owned() })
    }

    /// Generates a key pair and returns the public key.
    fn keygen(&self, name: &str) -> anyhow::Result<String> {
        let file = self.folder.join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(&file)
            .output();
        let made = made.context("OpenSSH's client is missing: apt-get install openssh-client")?;
        anyhow::ensure!(made.status.success(), "{made:?}");
        Ok(fs::read_to_string(file.with_extension("pub"))?)
    }

    /// Runs sftp commands, one per line, until one fails.
    fn sftp(&self, user: &str, key: &str, commands: &str) -> anyhow::Result<Output> {
        let mut sftp = self.client("sftp", key);
        let mut running = sftp
            .args(["-b", "-", "-P", &self.port])
            .arg(format!("{user}@{}", self.host))
            .spawn()?;
        running.stdin.take().context("it reads commands")?.write_all(commands.as_bytes())?;
        Ok(running.wait_with_output()?)
    }

    fn ssh(&self, user: &str, key: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut ssh = self.client("ssh", key);
        let (before, after): (Vec<&str>, Vec<&str>) =
            arguments.iter().partition(|argument| argument.starts_with('-'));
        let ssh = ssh
            .args(["-p", &self.port])
            .args(before)
            .arg(format!("{user}@{}", self.host))
            .args(after);
        Ok(ssh.spawn()?.wait_with_output()?)
    }

    fn client(&self, program: &str, key: &str) -> Command {
        let mut client = Command::new(program);
        client.current_dir(&self.folder).env_remove("SSH_AUTH_SOCK").args([
            "-F",
            "/dev/null",
            "-i",
            key,
        ]);
        for option in [
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=10",
        ] {
            client.args(["-o", option]);
        }
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        client
    }
}

/// Registers a call of `day`, uploads its audio and waits until it is stored. Returns the audio.
async fn record(door: &Door, token: &str, id: &str, day: Day) -> anyhow::Result<Vec<u8>> {
    let audio = silence(1 + id.len() as u32 % 3);
    let apart = TimeDelta::milliseconds(id.bytes().map(i64::from).sum::<i64>() % 1000);
    let started = with(
        call(id, "audio/wav", &audio),
        json!({ "startedAt": day.begins_at() + TimeDelta::hours(10) + apart }),
    );
    let (status, registered) = answer(door.post("/v1/recordings", &started), token).await?;
    anyhow::ensure!(status == 201, "{status}: {registered}");
    door.send(&registered["upload"], &audio).await?;
    let settled =
        door.settled(registered["recording"]["id"].as_str().unwrap_or_default(), token).await?;
    anyhow::ensure!(settled["state"] == "stored", "{settled}");
    Ok(audio)
}

/// Requests a folder for the day, waits until it is complete, and returns its name.
async fn delivery_folder(door: &Door, token: &str, day: Day) -> anyhow::Result<String> {
    let (status, issued) =
        answer(door.post(&format!("/v1/drops/{day}"), &Value::Null), token).await?;
    anyhow::ensure!(status == 202, "{status}: {issued}");
    let mut refresh = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        refresh.tick().await;
        let (_, listed) = answer(door.get("/v1/drops"), token).await?;
        let drop = listed["drops"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|drop| drop["folder"] == issued["folder"]);
        if drop.is_some_and(|drop| drop["state"] == "complete") {
            return Ok(issued["folder"].as_str().unwrap_or_default().to_owned());
        }
    }
    anyhow::bail!("the folder is not complete after 600 refreshes: {issued}")
}

async fn add(door: &Door, token: &str, key: &str) -> anyhow::Result<String> {
    let (status, added) = answer(door.post("/v1/sftp/keys", &json!({ "key": key })), token).await?;
    anyhow::ensure!(status == 201, "{status}: {added}");
    Ok(format!("/v1/sftp/keys/{}", added["id"].as_str().unwrap_or_default()))
}

/// Every object in the bucket by key, with its ETag. Objects of the test "forgotten" are left out.
async fn contents(door: &Door) -> anyhow::Result<BTreeMap<String, String>> {
    let listed = door
        .cloud
        .objects()
        .client
        .list_objects_v2()
        .bucket(&door.cloud.drop_bucket)
        .send()
        .await?;
    Ok(listed
        .contents()
        .iter()
        .filter(|object| !object.key().unwrap_or_default().contains("/forgotten/"))
        .map(|object| {
            (object.key().unwrap_or_default().into(), object.e_tag().unwrap_or_default().into())
        })
        .collect())
}

#[tokio::test]
async fn a_day_is_fetched_and_verified_and_fifty_hostile_attempts_fail() -> anyhow::Result<()> {
    let door = Door::open()?;
    let machine = Machine::new(&door.cloud.sftp_address)?;
    let (anna, karin, lars) = (
        door.cloud.token("anna").await?,
        door.cloud.token("karin").await?,
        door.cloud.token("lars").await?,
    );
    let day = Day::of(Utc::now() - TimeDelta::days(2));
    let mut audio = Vec::new();
    for number in 0..5 {
        audio.push(
            record(&door, &anna, &format!("sftp-{number}{}", "x".repeat(number)), day).await?,
        );
    }
    record(&door, &lars, "sftp-other", day).await?;
    for (token, name) in [(&karin, "ours"), (&lars, "theirs")] {
        add(&door, token, &machine.keygen(name)?).await?;
    }
    machine.keygen("unknown")?;
    let revoked = add(&door, &karin, &machine.keygen("revoked")?).await?;
    assert!(machine.sftp("org-demo", "revoked", "ls\n")?.status.success());
    assert_eq!(answer(door.delete(&revoked), &karin).await?.0, 204);
    let (folder, theirs) =
        (delivery_folder(&door, &karin, day).await?, delivery_folder(&door, &lars, day).await?);

    let fetched = machine.sftp("org-demo", "ours", &format!("get -r {folder} fetched\n"))?;
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    let checked = Command::new("sha256sum")
        .args(["-c", "SHA256SUMS"])
        .current_dir(machine.folder.join("fetched"))
        .output()?;
    let verdicts = String::from_utf8(checked.stdout)?;
    print!("{verdicts}");
    assert!(
        checked.status.success() && verdicts.lines().all(|line| line.ends_with(": OK")),
        "{verdicts}"
    );
    let mut found: Vec<Vec<u8>> = wavs(&machine.folder.join("fetched"))?;
    found.sort();
    audio.sort();
    assert_eq!(found, audio);
    assert_eq!(verdicts.lines().count(), audio.len() + 1);

    let file =
        String::from_utf8(machine.sftp("org-demo", "ours", &format!("ls -1 {folder}\n"))?.stdout)?;
    let file = file
        .lines()
        .find(|line| line.ends_with(".wav"))
        .context("the folder is listed")?
        .trim()
        .to_owned();
    fs::write(machine.folder.join("evil"), "evil")?;
    let before = contents(&door).await?;
    let attempts = attempts(&machine, &folder, &theirs, &file)?;
    for (attempt, output) in &attempts {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        println!(
            "{attempt:<60} {}",
            String::from_utf8_lossy(&text).lines().last().unwrap_or_default()
        );
        assert!(!output.status.success(), "{attempt}: {output:?}");
    }
    assert_eq!(contents(&door).await?, before, "something in the bucket has changed");
    assert!(!machine.folder.join("loot").exists(), "something was taken");
    println!("{} attempts", attempts.len());
    assert!(attempts.len() >= 50, "{}", attempts.len());
    Ok(())
}

fn wavs(folder: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let files =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    let audio =
        files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "wav"));
    Ok(audio.map(fs::read).collect::<Result<_, _>>()?)
}

/// Each attempt with its output. FOLDER and FILE are ours; THEIRS is another organisation's.
fn attempts(
    machine: &Machine,
    folder: &str,
    theirs: &str,
    file: &str,
) -> anyhow::Result<Vec<(String, Output)>> {
    let mut made = Vec::new();
    for attempt in HOSTILE.lines().filter(|line| !line.is_empty()) {
        let (who, template) = attempt.split_once(" | ").context("an attempt has two parts")?;
        let (program, user, key) = match who.split(' ').collect::<Vec<_>>()[..] {
            [user, key] => ("sftp", user, key),
            [program, user, key] => (program, user, key),
            _ => anyhow::bail!("{who} names nobody"),
        };
        let commands =
            template.replace("FOLDER", folder).replace("THEIRS", theirs).replace("FILE", file);
        let output = match program {
            "ssh" => machine.ssh(user, key, &commands.split(' ').collect::<Vec<_>>())?,
            _ => machine.sftp(user, key, &format!("{commands}\n"))?,
        };
        made.push((attempt.to_owned(), output));
    }
    Ok(made)
}

/// The user and key of each attempt, and its command.
const HOSTILE: &str = "
org-demo ours | put evil
org-demo ours | put evil evil.wav
org-demo ours | put evil FOLDER/evil
org-demo ours | put evil FOLDER/FILE
org-demo ours | put evil FOLDER/SHA256SUMS
org-demo ours | put evil FOLDER/index.csv
org-demo ours | put -a evil FOLDER/index.csv
org-demo ours | reput evil FOLDER/FILE
org-demo ours | put -p evil FOLDER/evil
org-demo ours | put evil ../annan/evil
org-demo ours | put evil /../../recordings/annan/evil
org-demo ours | put evil new/evil
org-demo ours | mkdir new
org-demo ours | mkdir FOLDER/new
org-demo ours | mkdir ../annan/new
org-demo ours | rm FOLDER/FILE
org-demo ours | rm FOLDER/SHA256SUMS
org-demo ours | rm FOLDER/index.csv
org-demo ours | rm FOLDER/*
org-demo ours | rm ../annan/THEIRS/SHA256SUMS
org-demo ours | rmdir FOLDER
org-demo ours | rmdir /
org-demo ours | rename FOLDER/FILE FOLDER/other.wav
org-demo ours | rename FOLDER/FILE FILE
org-demo ours | rename FOLDER/SHA256SUMS FOLDER/index.csv
org-demo ours | rename FOLDER gone
org-demo ours | rename -l FOLDER/FILE FOLDER/other.wav
org-demo ours | ln FOLDER/FILE FOLDER/hard
org-demo ours | ln -s ../annan FOLDER/soft
org-demo ours | symlink /etc/passwd passwd
org-demo ours | chmod 777 FOLDER/FILE
org-demo ours | chmod 777 FOLDER
org-demo ours | chown 0 FOLDER/FILE
org-demo ours | chgrp 0 FOLDER/FILE
org-demo ours | get ../annan/THEIRS/SHA256SUMS loot
org-demo ours | get /../annan/THEIRS/SHA256SUMS loot
org-demo ours | get FOLDER/../../annan/THEIRS/index.csv loot
org-demo ours | get /files/annan/THEIRS/SHA256SUMS loot
org-demo ours | get -r ../annan loot
org-demo ours | get -r /files loot
org-demo ours | get ../../parts/demo/FOLDER/000000.json loot
org-demo ours | get ../../../inspelning-recordings-000000000000 loot
org-demo ours | get /etc/passwd loot
org-demo ours | cd ../annan
org-demo ours | cd /files
org-demo ours | ls ../annan/THEIRS
org-annan ours | ls
org-demo theirs | ls
org-demo revoked | ls
org-demo unknown | ls
org-demo evil | ls
demo ours | ls
org-annan revoked | ls
org-other ours | ls
root ours | ls
org-demo/../org-annan ours | ls
ssh org-demo ours | ls
ssh org-demo ours | -tt sh
ssh org-demo ours | -W127.0.0.1:22
ssh org-demo ours | -s netconf
";
