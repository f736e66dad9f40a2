//! An authority of timestamps, as openssl runs one.

use std::{fs, path::Path, process::Command};

use anyhow::ensure;
use tempfile::TempDir;

/// An authority with a root certificate.
pub struct Authority(TempDir);

const CONFIGURATION: &str = "[tsa]
default_tsa = own
[own]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[for_timestamps]
extendedKeyUsage = critical, timeStamping
";

/// The key of an authority, as openssl's options for a new one.
pub const RSA: &[&str] = &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
pub const P256: &[&str] = &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub const P384: &[&str] = &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];

impl Authority {
    pub fn new(key: &[&str]) -> anyhow::Result<Self> {
        Self::with(key, "")
    }

    /// One with a further line of configuration.
    pub fn with(key: &[&str], line: &str) -> anyhow::Result<Self> {
        let it = Self(TempDir::new()?);
        let configuration =
            CONFIGURATION.replace("[for_timestamps]", &format!("{line}[for_timestamps]"));
        fs::write(it.0.path().join("tsa.cnf"), configuration)?;
        for name in ["root", "tsa"] {
            it.openssl(&[key, &["-out", &format!("{name}.key")]].concat())?;
        }
        let root = "req -x509 -new -key root.key -subj /CN=Root/O=Tests -days 3650 -out root.pem";
        let request = "req -new -key tsa.key -subj /CN=Clock/O=Tests -out tsa.csr";
        let certify = "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3650 -extfile tsa.cnf -extensions for_timestamps -out tsa.pem";
        for command in [root, request, certify] {
            it.openssl(&command.split(' ').collect::<Vec<_>>())?;
        }
        Ok(it)
    }

    /// The certificate to trust, in PEM.
    pub fn root(&self) -> anyhow::Result<Vec<u8>> {
        Ok(fs::read(self.0.path().join("root.pem"))?)
    }

    /// A response about the content, by this digest.
    pub fn stamp(&self, content: &[u8], digest: &str) -> anyhow::Result<Vec<u8>> {
        fs::write(self.0.path().join("content"), content)?;
        let query = format!("ts -query -data content -{digest} -cert -out content.tsq");
        let reply = "ts -reply -config tsa.cnf -section own -queryfile content.tsq -signer tsa.pem -inkey tsa.key -out content.tsr";
        for command in [&query, reply] {
            self.openssl(&command.split(' ').collect::<Vec<_>>())?;
        }
        Ok(fs::read(self.0.path().join("content.tsr"))?)
    }

    /// A response that a certificate signed which the authority's own end certificate has issued.
    pub fn stamp_by_its_own_leaf(&self, content: &[u8]) -> anyhow::Result<Vec<u8>> {
        fs::write(self.0.path().join("content"), content)?;
        self.openssl(&[P256, &["-out", "forged.key"]].concat())?;
        for command in [
            "req -new -key forged.key -subj /CN=Forged -out forged.csr",
            "x509 -req -in forged.csr -CA tsa.pem -CAkey tsa.key -CAcreateserial -days 3650 -extfile tsa.cnf -extensions for_timestamps -out forged.pem",
            "ts -query -data content -sha256 -cert -out content.tsq",
            "ts -reply -config tsa.cnf -section own -queryfile content.tsq -signer forged.pem -inkey forged.key -chain tsa.pem -out content.tsr",
        ] {
            self.openssl(&command.split(' ').collect::<Vec<_>>())?;
        }
        Ok(fs::read(self.0.path().join("content.tsr"))?)
    }

    fn openssl(&self, arguments: &[&str]) -> anyhow::Result<()> {
        run(self.0.path(), "openssl", arguments).map(drop)
    }
}

/// Runs a program, and returns what it prints.
pub fn run(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let done = Command::new(program).args(arguments).current_dir(folder).output()?;
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    let printed_too = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{program} {arguments:?}: {printed_too}{printed}");
    Ok(printed)
}
