//! A sound package, and each way in which one can be wrong.

use std::{fs, path::Path};

use evidence::{
    fact::Kind,
    package::SealedFact,
    timestamp,
    verify::{Finding, Language, Report, State, verify},
};
use tempfile::TempDir;
use x509_cert::Certificate;

use crate::{
    authority::{Authority, P256, P384, RSA},
    package::{Order, Sealing, first_day, list_again, write},
};

const ID: &str = "00000000000000000000000000";

fn sound() -> anyhow::Result<TempDir> {
    let folder = TempDir::new()?;
    write(folder.path(), &Order::default(), &Sealing::new()?, &Authority::new(P256)?)?;
    Ok(folder)
}

fn wrong(report: &Report) -> Vec<Finding> {
    let wrong = report.findings.iter().filter(|finding| finding.state() == State::Wrong);
    wrong.cloned().collect()
}

/// Changes a file, and lists all files again.
fn alter(folder: &Path, path: &str, how: impl FnOnce(Vec<u8>) -> Vec<u8>) -> anyhow::Result<()> {
    let path = folder.join(path);
    let content = fs::read(&path)?;
    fs::write(&path, how(content))?;
    list_again(folder)
}

fn replaced(content: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(content).expect("a text");
    assert!(text.contains(from), "{text} has {from}");
    text.replacen(from, to, 1).into_bytes()
}

fn audio_of(folder: &Path) -> anyhow::Result<String> {
    let day = format!("recordings/{}", first_day());
    let mut names: Vec<_> = fs::read_dir(folder.join(&day))?.collect::<Result<_, _>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    Ok(format!("{day}/{}", names[0].file_name().to_string_lossy()))
}

#[test]
fn a_sound_package_is_proven_line_by_line() -> anyhow::Result<()> {
    let folder = sound()?;
    let report = verify(folder.path())?;
    assert_eq!(wrong(&report), []);
    assert!(report.is_sound());
    let text = report.findings.iter().map(|finding| finding.text(Language::English));
    let text = text.collect::<Vec<_>>().join("\n");
    for line in [
        "All 30 files are as they were when karin ordered this package at 2026-12-24T04:00:00Z for Tingsrätten: a dispute about an order",
        "The facts of 2026-11-24 existed at 20",
        "That says the authority O=Tests,CN=Clock.",
        "That the certificate belongs to the authority O=Tests,CN=Root. Compare its fingerprint",
        "That the package has every fact of a recording",
        "No day from 2026-11-24 to 2026-11-26 was replaced: each contains the hash of the day before (demo).",
        "Recording 00000000000000000000000000: the audio is what was stored, unaltered since 20",
        "Its 3 facts are in sealed days.",
        "Compare its fingerprint with the published one: ",
        "That no other call was made or recorded",
        "Who spoke.",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let unaltered = |finding: &&Finding| matches!(finding, Finding::Unaltered { .. });
    assert_eq!(report.findings.iter().filter(unaltered).count(), 5);
    let swedish = report.findings[0].text(Language::Swedish);
    assert!(swedish.starts_with("Alla 30 filer är som när karin beställde"), "{swedish}");
    Ok(())
}

#[test]
fn altered_files_are_named_even_if_they_are_listed_again() -> anyhow::Result<()> {
    let folder = sound()?;
    let audio = audio_of(folder.path())?;
    let path = folder.path().join(&audio);
    let right = fs::read(&path)?;
    fs::write(&path, &right[..right.len() - 1])?;
    let other = Finding::OtherAudio { id: ID.to_owned(), path: audio.clone() };
    let report = verify(folder.path())?;
    assert_eq!(wrong(&report), [Finding::Changed { path: audio.clone() }, other.clone()]);
    list_again(folder.path())?;
    assert_eq!(wrong(&verify(folder.path())?), [other]);
    fs::remove_file(&path)?;
    assert_eq!(wrong(&verify(folder.path())?), [Finding::Absent { path: audio }]);
    Ok(())
}

#[test]
fn a_replaced_hash_is_not_in_the_tree() -> anyhow::Result<()> {
    let folder = sound()?;
    let facts = format!("facts/{ID}.json");
    alter(folder.path(), &facts, |content| replaced(content, "+46701234567", "+46701234568"))?;
    let not_sealed = |kind| Finding::NotSealed { id: ID.to_owned(), kind, day: first_day() };
    assert_eq!(wrong(&verify(folder.path())?), [not_sealed(Kind::Stored)]);
    alter(folder.path(), &facts, |content| {
        replaced(content, "\"kind\": \"audit\"", "\"kind\": \"held\"")
    })?;
    let mut kinds = wrong(&verify(folder.path())?);
    kinds.sort_by_key(|finding| format!("{finding:?}"));
    assert_eq!(kinds, [not_sealed(Kind::Held), not_sealed(Kind::Stored)]);
    alter(folder.path(), &facts, |content| content[..content.len() / 2].to_vec())?;
    assert!(wrong(&verify(folder.path())?).contains(&Finding::Unreadable { path: facts }));
    Ok(())
}

#[test]
fn facts_of_another_recording_are_not_this_ones() -> anyhow::Result<()> {
    let folder = sound()?;
    let other = fs::read(folder.path().join(format!("facts/{:026}.json", 3)))?;
    alter(folder.path(), &format!("facts/{ID}.json"), |_| other)?;
    let report = verify(folder.path())?;
    let not_sealed =
        |finding: &&Finding| matches!(finding, Finding::NotSealed { id, .. } if id == ID);
    assert_eq!(wrong(&report).iter().filter(not_sealed).count(), 3);
    assert!(wrong(&report).iter().any(|finding| matches!(finding, Finding::OtherAudio { .. })));
    Ok(())
}

#[test]
fn an_altered_head_and_a_foreign_signature_do_not_fit() -> anyhow::Result<()> {
    let folder = sound()?;
    let head = format!("heads/demo_{}.json", first_day());
    let not_signed = Finding::NotSigned { path: head.clone() };
    let right = fs::read(folder.path().join(&head))?;
    alter(folder.path(), &head, |content| replaced(content, "\"edited\":20", "\"edited\":19"))?;
    assert!(wrong(&verify(folder.path())?).contains(&not_signed));
    alter(folder.path(), &head, |_| [&right[..], b"\n"].concat())?;
    assert!(wrong(&verify(folder.path())?).contains(&Finding::Unreadable { path: head.clone() }));
    alter(folder.path(), &head, |_| right.clone())?;
    assert_eq!(wrong(&verify(folder.path())?), []);
    let signature = Sealing::new()?.sign(&right)?;
    alter(folder.path(), &format!("heads/demo_{}.sig", first_day()), |_| signature)?;
    assert!(wrong(&verify(folder.path())?).contains(&not_signed));
    Ok(())
}

#[test]
fn another_day_with_the_operators_signature_breaks_the_chain_and_the_stamp() -> anyhow::Result<()> {
    let (sealing, authority) = (Sealing::new()?, Authority::new(P256)?);
    let [folder, other] = [TempDir::new()?, TempDir::new()?];
    write(folder.path(), &Order::default(), &sealing, &authority)?;
    write(other.path(), &Order { seed: 2, ..Order::default() }, &sealing, &authority)?;
    let day = first_day();
    for ending in ["json", "sig", "proof.json"] {
        let path = format!("heads/demo_{day}.{ending}");
        fs::copy(other.path().join(&path), folder.path().join(&path))?;
    }
    list_again(folder.path())?;
    let found = wrong(&verify(folder.path())?);
    let of = Some("demo".to_owned());
    let next = day.succ_opt().expect("a day");
    assert!(found.contains(&Finding::BrokenChain { organisation: of, day: next }), "{found:?}");
    let other_super = Finding::OtherSuperRoot { organisation: "demo".to_owned(), day };
    assert!(found.contains(&other_super), "{found:?}");
    let kind = Kind::Stored;
    assert!(found.contains(&Finding::NotSealed { id: ID.to_owned(), kind, day }), "{found:?}");
    Ok(())
}

#[test]
fn an_outdated_head_is_named() -> anyhow::Result<()> {
    let (sealing, authority) = (Sealing::new()?, Authority::new(P256)?);
    let [folder, later] = [TempDir::new()?, TempDir::new()?];
    write(folder.path(), &Order::default(), &sealing, &authority)?;
    write(later.path(), &Order { recordings: 9, ..Order::default() }, &sealing, &authority)?;
    let facts = format!("facts/{ID}.json");
    fs::copy(later.path().join(&facts), folder.path().join(&facts))?;
    list_again(folder.path())?;
    let found = wrong(&verify(folder.path())?);
    let outdated = |finding: &&Finding| matches!(finding, Finding::OtherHead { id, tree: 29, head: 26, .. } if id == ID);
    assert_eq!(found.iter().filter(outdated).count(), 3, "{found:?}");
    Ok(())
}

#[test]
fn files_of_another_package_do_not_belong() -> anyhow::Result<()> {
    let folder = sound()?;
    fs::write(folder.path().join("recordings/2026-11-24/extra_1.ogg"), b"audio")?;
    fs::write(folder.path().join("notes.txt"), b"hello")?;
    let found = wrong(&verify(folder.path())?);
    for path in ["notes.txt", "recordings/2026-11-24/extra_1.ogg"] {
        assert!(found.contains(&Finding::Added { path: path.to_owned() }), "{found:?}");
    }
    assert!(
        found.contains(&Finding::NoFacts { path: "recordings/2026-11-24/extra_1.ogg".to_owned() })
    );
    Ok(())
}

#[test]
fn a_manifest_cannot_name_files_outside() -> anyhow::Result<()> {
    let folder = sound()?;
    for path in ["../secret", "/etc/passwd", "facts//x", "facts/./x", "c:/x", "a\\\\b"] {
        let text = fs::read_to_string(folder.path().join("MANIFEST.json"))?;
        let json: serde_json::Value = serde_json::from_str(&text)?;
        let mut json = json.clone();
        json["files"][0]["path"] = path.replace("\\\\", "\\").into();
        let other = TempDir::new()?;
        fs::write(other.path().join("MANIFEST.json"), json.to_string())?;
        let found = wrong(&verify(other.path())?);
        let unreadable = Finding::Unreadable { path: "MANIFEST.json".to_owned() };
        assert!(found.contains(&unreadable), "{path}: {found:?}");
    }
    Ok(())
}

#[test]
fn days_that_are_not_there_are_not_proven() -> anyhow::Result<()> {
    let folder = sound()?;
    let between = first_day().succ_opt().expect("a day");
    for path in ["heads/demo_", "super/"] {
        for ending in ["json", "sig", "proof.json", "tsr"] {
            _ = fs::remove_file(folder.path().join(format!("{path}{between}.{ending}")));
        }
    }
    list_again(folder.path())?;
    let report = verify(folder.path())?;
    let gap = |of: Option<&str>| Finding::DaysBetween {
        organisation: of.map(str::to_owned),
        from: first_day(),
        to: between.succ_opt().expect("a day"),
    };
    assert!(report.findings.contains(&gap(None)) && report.findings.contains(&gap(Some("demo"))));
    assert!(wrong(&report).iter().all(|found| matches!(found, Finding::NoHead { .. })));
    Ok(())
}

#[test]
fn without_a_stamp_only_the_operator_says_when() -> anyhow::Result<()> {
    let folder = sound()?;
    for entry in fs::read_dir(folder.path().join("super"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "tsr") {
            fs::remove_file(path)?;
        }
    }
    list_again(folder.path())?;
    let report = verify(folder.path())?;
    assert_eq!(wrong(&report), []);
    assert!(report.findings.contains(&Finding::NotStamped { day: first_day() }));
    let is_stamped =
        |finding: &Finding| matches!(finding, Finding::Unaltered { stamped: Some(_), .. });
    assert!(!report.findings.iter().any(is_stamped));
    Ok(())
}

#[test]
fn timestamps_of_every_usual_algorithm_are_verified() -> anyhow::Result<()> {
    for key in [RSA, P256, P384] {
        let (authority, other) = (Authority::new(key)?, Authority::new(key)?);
        let trusted = timestamp::trusted(&authority.root()?)?;
        let foreign = timestamp::trusted(&other.root()?)?;
        for digest in ["sha256", "sha384", "sha512"] {
            let response = authority.stamp(b"content", digest)?;
            let stamped = timestamp::verify(&response, b"content", &trusted)?;
            assert_eq!(stamped.authority, "O=Tests,CN=Clock");
            assert!((chrono::Utc::now() - stamped.at).num_seconds().abs() < 60);
            let why = |content: &[u8], response: &[u8], trusted: &[Certificate]| {
                let verified = timestamp::verify(response, content, trusted);
                verified.map_or_else(|error| error.to_string(), |_| "nothing".to_owned())
            };
            assert_eq!(why(b"other", &response, &trusted), "it is about other content");
            let untrusted = why(b"content", &response, &foreign);
            assert!(untrusted.starts_with("its certificate does not come"), "{untrusted}");
            let mut refused = response.clone();
            assert_eq!(refused[4..9], [0x30, 3, 2, 1, 0], "a status of 0");
            refused[8] = 2;
            assert_eq!(why(b"content", &refused, &trusted), "the authority refused it");
            let mut altered = response.clone();
            let last = altered.len() - 1;
            altered[last] ^= 1;
            assert_ne!(why(b"content", &altered, &trusted), "nothing");
        }
    }
    Ok(())
}

#[test]
fn a_certificate_that_may_not_certify_others_is_no_authority() -> anyhow::Result<()> {
    let authority = Authority::new(P256)?;
    let response = authority.stamp_by_its_own_leaf(b"content")?;
    let trusted = timestamp::trusted(&authority.root()?)?;
    let error = timestamp::verify(&response, b"content", &trusted).expect_err("it is forged");
    assert!(error.to_string().starts_with("its certificate does not come"), "{error}");
    Ok(())
}

#[test]
fn a_stamp_with_a_fraction_of_a_second_is_read() -> anyhow::Result<()> {
    let authority = Authority::with(P256, "clock_precision_digits = 3\n")?;
    let trusted = timestamp::trusted(&authority.root()?)?;
    let response = authority.stamp(b"content", "sha256")?;
    timestamp::verify(&response, b"content", &trusted)?;
    Ok(())
}

#[test]
fn files_that_are_no_certificates_are_named() -> anyhow::Result<()> {
    for content in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let folder = sound()?;
        alter(folder.path(), "tsa/tests.pem", |_| content.as_bytes().to_vec())?;
        let found = wrong(&verify(folder.path())?);
        let unreadable = Finding::Unreadable { path: "tsa/tests.pem".to_owned() };
        assert!(found.contains(&unreadable), "{content:?}: {found:?}");
        assert!(
            found.contains(&Finding::NoAuthority { day: first_day() }),
            "{content:?}: {found:?}"
        );
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() -> anyhow::Result<()> {
    let folder = sound()?;
    for (to, name) in [("/dev/zero", "zero"), ("/", "root"), ("MANIFEST.json", "again")] {
        std::os::unix::fs::symlink(to, folder.path().join(name))?;
    }
    let found = wrong(&verify(folder.path())?);
    let unreadable =
        ["again", "root", "zero"].map(|path| Finding::Unreadable { path: path.to_owned() });
    assert_eq!(found, unreadable);
    Ok(())
}

#[test]
fn facts_written_by_hand_read_as_they_are() -> anyhow::Result<()> {
    let folder = sound()?;
    let facts = fs::read(folder.path().join(format!("facts/{ID}.json")))?;
    let sealed: Vec<SealedFact> = serde_json::from_slice(&facts)?;
    assert_eq!(sealed.len(), 3);
    assert_eq!(serde_json::to_vec_pretty(&sealed)?, facts);
    Ok(())
}
