//! A verifier without our code agrees: Python's standard library and openssl.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::{
    authority::{Authority, P256, RSA, run},
    package::{Order, Sealing, list_again, write},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent.py");

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
