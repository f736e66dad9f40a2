//! A package of some recordings in some days, built as the service does.

use std::{collections::BTreeMap, fs, path::Path};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use evidence::{
    Hash,
    canonical::canonical,
    fact::{Facts, Kind, Salt},
    head::{FIRST, Head, SuperRoot},
    key::Key,
    package::{self, File, Manifest, SealedFact},
    tree::{Proof, root},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::authority::Authority;

/// The sealing key of the operator.
pub struct Sealing {
    pair: EcdsaKeyPair,
    pub key: Key,
}

/// The SubjectPublicKeyInfo of a point on P-256, without the point.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

impl Sealing {
    pub fn new() -> anyhow::Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let point = pair.public_key().as_ref();
        let key = Key::of(&[&P256, point].concat())?;
        Ok(Self { pair, key })
    }

    pub fn sign(&self, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(self.pair.sign(&SystemRandom::new(), bytes)?.as_ref().to_vec())
    }
}

pub const ORGANISATION: &str = "demo";
/// Facts of other recordings in each day.
const OTHERS: usize = 20;

pub struct Order {
    pub seed: u64,
    pub recordings: usize,
    pub days: u64,
    /// Bytes of each recording's audio.
    pub bytes: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { seed: 1, recordings: 5, days: 3, bytes: 2_000 }
    }
}

pub fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).expect("a day")
}

pub fn begins(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(4, 0, 0).expect("a time").and_utc()
}

/// Writes a package of recordings, with the heads of all days.
pub fn write(
    folder: &Path,
    order: &Order,
    sealing: &Sealing,
    authority: &Authority,
) -> anyhow::Result<()> {
    let random = &mut ChaCha8Rng::seed_from_u64(order.seed);
    let days: Vec<NaiveDate> =
        (0..order.days).filter_map(|day| first_day().checked_add_days(Days::new(day))).collect();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut of_day: BTreeMap<NaiveDate, Vec<(Facts, Salt)>> = BTreeMap::new();
    for number in 0..order.recordings {
        let day = days[number % days.len()];
        let id = format!("{number:026}");
        let audio: Vec<u8> = (0..order.bytes).map(|_| random.random()).collect();
        let at = begins(day) + TimeDelta::minutes(number as i64 % 1_000);
        let of = |kind, seconds| {
            Facts::new(kind, ORGANISATION, id.clone(), at + TimeDelta::seconds(seconds))
        };
        let registered =
            of(Kind::Registered, 0).with("user", "anna").with("callId", format!("call-{number}"));
        let stored = of(Kind::Stored, 5)
            .with("sha256", Hash::of(&audio).to_string())
            .with("bytes", audio.len())
            .with("user", "anna")
            .with("direction", "out")
            .with("counterpart", "+46701234567");
        let heard = of(Kind::Audit, 60).with("action", "play").with("actor", "karin");
        for facts in [registered, stored, heard] {
            of_day.entry(day).or_default().push((facts, Salt(random.random())));
        }
        files.insert(format!("recordings/{day}/{day} Anna till +46701234567_{id}.ogg"), audio);
    }
    let (mut previous, mut before) = (FIRST, FIRST);
    let mut sealed: BTreeMap<String, Vec<SealedFact>> = BTreeMap::new();
    for day in days {
        let mut facts = of_day.remove(&day).unwrap_or_default();
        for number in 0..OTHERS {
            let at = begins(day) + TimeDelta::seconds(number as i64);
            let other = Facts::new(Kind::Edited, ORGANISATION, format!("other-{number}"), at);
            facts.push((other, Salt(random.random())));
        }
        let mut leaves = Vec::new();
        for (facts, salt) in facts {
            let leaf = facts.leaf(salt)?;
            leaves.push((facts.order(leaf), facts, salt, leaf));
        }
        leaves.sort_by(|a, b| a.0.cmp(&b.0));
        let hashes: Vec<Hash> = leaves.iter().map(|(.., leaf)| *leaf).collect();
        let mut counts = BTreeMap::new();
        for (index, (_, facts, salt, _)) in leaves.into_iter().enumerate() {
            *counts.entry(facts.kind).or_default() += 1;
            if !facts.subject.starts_with("other") {
                let proof = Proof::of(&hashes, index).expect("it is a leaf");
                let of = sealed.entry(facts.subject.clone()).or_default();
                of.push(SealedFact { facts, salt, proof, head: day });
            }
        }
        let head = Head {
            v: 1,
            organisation: ORGANISATION.to_owned(),
            day,
            size: hashes.len() as u64,
            root: root(hashes),
            counts,
            previous,
            kid: sealing.key.id,
        };
        previous = head.hash()?;
        // Two other organisations have heads of the day, too.
        let all = [Hash([1; 32]), head.leaf()?, Hash([2; 32])];
        let super_root = SuperRoot {
            v: 1,
            day,
            size: 3,
            root: root(all),
            previous: before,
            kid: sealing.key.id,
        };
        before = super_root.hash()?;
        let proof = Proof::of(&all, 1).expect("it is a leaf");
        let (head, super_root) = (canonical(&head)?, canonical(&super_root)?);
        files.insert(package::head(ORGANISATION, day, "sig"), sealing.sign(&head)?);
        files.insert(package::head(ORGANISATION, day, "json"), head);
        files.insert(package::head(ORGANISATION, day, "proof.json"), canonical(&proof)?);
        files.insert(package::super_root(day, "sig"), sealing.sign(&super_root)?);
        files.insert(package::super_root(day, "tsr"), authority.stamp(&super_root, "sha256")?);
        files.insert(package::super_root(day, "json"), super_root);
    }
    for (id, facts) in sealed {
        files.insert(package::facts(&id), serde_json::to_vec_pretty(&facts)?);
    }
    files.insert(package::key(sealing.key.id), sealing.key.pem()?.into_bytes());
    files.insert("tsa/tests.pem".to_owned(), authority.root()?);
    let listed = files.iter().map(|(path, content)| File {
        path: path.clone(),
        bytes: content.len() as u64,
        sha256: Hash::of(content),
    });
    let manifest = Manifest {
        v: 1,
        purpose: "a dispute about an order".to_owned(),
        recipient: "Tingsrätten".to_owned(),
        created: begins(first_day()) + TimeDelta::days(30),
        created_by: "karin".to_owned(),
        files: listed.collect(),
    };
    let manifest = serde_json::to_vec_pretty(&manifest)?;
    files.insert(package::MANIFEST_HASH.to_owned(), package::hash_file(&manifest).into_bytes());
    files.insert(package::MANIFEST.to_owned(), manifest);
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder"))?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// Writes the manifest anew, as somebody who alters a package does.
pub fn list_again(folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(package::MANIFEST);
    let mut manifest: Manifest = serde_json::from_slice(&fs::read(&path)?)?;
    manifest.files.retain(|file| folder.join(&file.path).exists());
    for file in &mut manifest.files {
        let content = fs::read(folder.join(&file.path))?;
        (file.bytes, file.sha256) = (content.len() as u64, Hash::of(&content));
    }
    let manifest = serde_json::to_vec_pretty(&manifest)?;
    fs::write(folder.join(package::MANIFEST_HASH), package::hash_file(&manifest))?;
    Ok(fs::write(path, manifest)?)
}
