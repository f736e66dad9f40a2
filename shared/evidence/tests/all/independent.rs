//! The command; and a verifier without our code, Python's standard library and openssl, agrees.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::{
    authority::{Authority, P256, RSA, run},
    package::{Order, Sealing, list_again, write},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent.py");

#[test]
fn the_command_prints_the_findings_and_exits_with_1_if_anything_is_wrong() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    write(folder.path(), &Order::default(), &Sealing::new()?, &Authority::new(P256)?)?;
    let verify = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_verify"))
            .args(arguments)
            .current_dir(folder.path())
            .output()?;
        let printed = [done.stdout, done.stderr].concat();
        anyhow::Ok((done.status.code(), String::from_utf8_lossy(&printed).into_owned()))
    };
    let (code, printed) = verify(&["."])?;
    assert!(code == Some(0) && printed.starts_with("Proven:\n  All 30 files"), "{printed}");
    let (code, printed) = verify(&["--swedish", "."])?;
    assert!(code == Some(0) && printed.starts_with("Bevisat:\n  Alla 30 filer"), "{printed}");
    fs::write(folder.path().join("notes.txt"), "hello")?;
    let (code, printed) = verify(&["."])?;
    let wrong = "Wrong:\n  notes.txt does not belong to this package.\n\nProven:";
    assert!(code == Some(1) && printed.starts_with(wrong), "{printed}");
    let (code, printed) = verify(&[])?;
    assert!(code == Some(1) && printed.contains("name the folder of an unpacked package"));
    Ok(())
}

#[test]
fn python_and_openssl_find_the_same() -> anyhow::Result<()> {
    for key in [P256, RSA] {
        let folder = TempDir::new()?;
        write(folder.path(), &Order::default(), &Sealing::new()?, &Authority::new(key)?)?;
        let verified = |folder: &Path| run(folder, "python3", &[SCRIPT, "."]);
        assert_eq!(verified(folder.path())?, "nothing is wrong\n");
        let facts = folder.path().join(format!("facts/{:026}.json", 0));
        let right = fs::read_to_string(&facts)?;
        fs::write(&facts, right.replace("anna", "anne"))?;
        list_again(folder.path())?;
        let error = verified(folder.path()).expect_err("it was altered").to_string();
        assert!(error.contains("stored is not sealed"), "{error}");
    }
    Ok(())
}
