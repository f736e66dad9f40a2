//! Verifies a package: each file, each fact's place in a signed and stamped tree, and the audio.
//!
//! Every check that fails is reported, and none ends the others.

mod findings;
mod folder;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use chrono::{DateTime, NaiveDate, Utc};

pub use findings::{Finding, Language, State};
use folder::Folder;

use crate::{
    Hash, canonical,
    fact::{Kind, VERSION},
    head::{Head, SuperRoot},
    key::Key,
    package::{self, MANIFEST, MANIFEST_HASH, Manifest, SealedFact},
    timestamp,
    tree::Proof,
};

/// The findings about a package, in the order in which a person reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.state() != State::Wrong)
    }
}

/// Verifies the package in a folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn verify(folder: &Path) -> io::Result<Report> {
    let folder = Folder::open(folder)?;
    let mut findings = files(&folder)?;
    findings.extend(folder.others.iter().map(|path| Finding::Unreadable { path: path.clone() }));
    let keys = keys(&folder, &mut findings)?;
    let supers = supers(&folder, &keys, &mut findings)?;
    let heads = heads(&folder, &keys, &supers, &mut findings)?;
    recordings(&folder, &heads, &mut findings)?;
    findings.extend(keys.into_keys().map(|key| Finding::KeyOfOperator { key }));
    findings.extend([Finding::AllFacts, Finding::Completeness, Finding::Speakers]);
    Ok(Report { findings })
}

/// Compares the files with the manifest.
fn files(folder: &Folder) -> io::Result<Vec<Finding>> {
    let Some(manifest) = folder.read(MANIFEST)? else {
        return Ok(vec![Finding::Absent { path: MANIFEST.to_owned() }]);
    };
    let mut findings = Vec::new();
    match folder.read(MANIFEST_HASH)? {
        None => findings.push(Finding::Absent { path: MANIFEST_HASH.to_owned() }),
        Some(hash) if hash != package::hash_file(&manifest).as_bytes() => {
            findings.push(Finding::Changed { path: MANIFEST.to_owned() });
        }
        Some(_) => {}
    }
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&manifest) else {
        findings.push(Finding::Unreadable { path: MANIFEST.to_owned() });
        return Ok(findings);
    };
    let mut listed: BTreeSet<&str> = [MANIFEST, MANIFEST_HASH].into();
    for file in &manifest.files {
        let path = file.path.clone();
        if !package::is_inside(&path) || !listed.insert(&file.path) {
            findings.push(Finding::Unreadable { path: MANIFEST.to_owned() });
            continue;
        }
        match folder.hash(&path)? {
            None => findings.push(Finding::Absent { path }),
            Some(found) if found != (file.bytes, file.sha256) => {
                findings.push(Finding::Changed { path });
            }
            Some(_) => {}
        }
    }
    for path in folder.paths().filter(|path| !listed.contains(path)) {
        findings.push(Finding::Added { path: path.to_owned() });
    }
    if findings.is_empty() {
        let (purpose, recipient) = (manifest.purpose, manifest.recipient);
        let (files, created, by) = (manifest.files.len(), manifest.created, manifest.created_by);
        findings.push(Finding::Complete { files, purpose, recipient, created, by });
    }
    Ok(findings)
}

/// The keys by their fingerprint.
fn keys(folder: &Folder, findings: &mut Vec<Finding>) -> io::Result<BTreeMap<Hash, Key>> {
    let mut keys = BTreeMap::new();
    for path in folder.under("keys/") {
        match folder.read(path)?.map(|pem| Key::read(&pem)) {
            Some(Ok(key)) if package::key(key.id) == path => _ = keys.insert(key.id, key),
            _ => findings.push(Finding::Unreadable { path: path.to_owned() }),
        }
    }
    Ok(keys)
}

/// A head that is signed, or a super-root.
struct Signed<T> {
    head: T,
    /// When it existed at the latest, if a timestamp shows it.
    stamped: Option<DateTime<Utc>>,
}

/// Reads a signed file: its canonical JSON and its signature.
fn signed<T: serde::de::DeserializeOwned>(
    folder: &Folder,
    keys: &BTreeMap<Hash, Key>,
    path: &str,
    kid: impl Fn(&T) -> Hash,
    findings: &mut Vec<Finding>,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let path = path.to_owned();
    let Some(bytes) = folder.read(&path)? else { return Ok(None) };
    let Ok(head) = canonical::read::<T>(&bytes) else {
        findings.push(Finding::Unreadable { path });
        return Ok(None);
    };
    let signature = folder.read(&package::signature(&path))?;
    let Some(key) = keys.get(&kid(&head)) else {
        findings.push(Finding::NoKey { path, key: kid(&head) });
        return Ok(None);
    };
    if !signature.is_some_and(|signature| key.has_signed(&bytes, &signature)) {
        findings.push(Finding::NotSigned { path });
        return Ok(None);
    }
    Ok(Some((head, bytes)))
}

type Supers = BTreeMap<NaiveDate, Signed<SuperRoot>>;

fn supers(
    folder: &Folder,
    keys: &BTreeMap<Hash, Key>,
    findings: &mut Vec<Finding>,
) -> io::Result<Supers> {
    let mut authorities = Vec::new();
    for path in folder.under("tsa/") {
        match folder.read(path)?.map(|pem| timestamp::trusted(&pem)) {
            Some(Ok(trusted)) => authorities.push(trusted),
            _ => findings.push(Finding::Unreadable { path: path.to_owned() }),
        }
    }
    let mut anchors = BTreeMap::new();
    let mut supers = Supers::new();
    for path in folder.under("super/").filter(|path| path.ends_with(".json")) {
        let kid = |head: &SuperRoot| head.kid;
        let Some((head, bytes)) = signed(folder, keys, path, kid, findings)? else { continue };
        let day = head.day;
        if head.v != VERSION || package::super_root(day, "json") != path {
            findings.push(Finding::Unreadable { path: path.to_owned() });
            continue;
        }
        let stamp = folder.read(&package::super_root(day, "tsr"))?;
        let stamped = match stamp {
            None => {
                findings.push(Finding::NotStamped { day });
                None
            }
            Some(stamp) => {
                let verified =
                    authorities.iter().map(|trusted| timestamp::verify(&stamp, &bytes, trusted));
                match verified.reduce(|one, other| one.or(other)) {
                    Some(Ok(stamp)) => {
                        let (at, authority) = (stamp.at, stamp.authority);
                        anchors.insert(stamp.anchor.0, stamp.anchor.1);
                        findings.push(Finding::Stamped { day, at, authority });
                        Some(at)
                    }
                    Some(Err(error)) => {
                        let why = [error.to_string(), error.swedish()];
                        findings.push(Finding::WrongStamp { day, why });
                        None
                    }
                    None => {
                        findings.push(Finding::NoAuthority { day });
                        None
                    }
                }
            }
        };
        supers.insert(day, Signed { head, stamped });
    }
    let anchors = anchors.into_iter();
    findings.extend(
        anchors.map(|(certificate, authority)| Finding::KeyOfAuthority { certificate, authority }),
    );
    let chain = supers.values().map(|signed| Link {
        day: signed.head.day,
        hash: signed.head.hash(),
        previous: signed.head.previous,
    });
    chained(None, chain, findings);
    Ok(supers)
}

type Heads = BTreeMap<(String, NaiveDate), Signed<Head>>;

fn heads(
    folder: &Folder,
    keys: &BTreeMap<Hash, Key>,
    supers: &Supers,
    findings: &mut Vec<Finding>,
) -> io::Result<Heads> {
    let mut heads = Heads::new();
    let is_head = |path: &&str| path.ends_with(".json") && !path.ends_with(".proof.json");
    for path in folder.under("heads/").filter(is_head) {
        let kid = |head: &Head| head.kid;
        let Some((head, _)) = signed(folder, keys, path, kid, findings)? else { continue };
        let (of, day) = (head.organisation.clone(), head.day);
        let counted: u64 = head.counts.values().sum();
        if head.v != VERSION || package::head(&of, day, "json") != path || counted != head.size {
            findings.push(Finding::Unreadable { path: path.to_owned() });
            continue;
        }
        let path = package::head(&of, day, "proof.json");
        let proof = folder.read(&path)?.map(|proof| serde_json::from_slice::<Proof>(&proof));
        let stamped = match (proof, supers.get(&day)) {
            (None, _) | (_, None) => {
                findings.push(Finding::NotInSuperRoot { organisation: of.clone(), day });
                None
            }
            (Some(Err(_)), _) => {
                findings.push(Finding::Unreadable { path });
                None
            }
            (Some(Ok(proof)), Some(super_root)) => {
                let is_in = head.leaf().is_ok_and(|leaf| leaf == proof.leaf)
                    && is_in(&proof, super_root.head.size, super_root.head.root);
                if !is_in {
                    findings.push(Finding::OtherSuperRoot { organisation: of.clone(), day });
                }
                super_root.stamped.filter(|_| is_in)
            }
        };
        heads.insert((of, day), Signed { head, stamped });
    }
    let organisations: BTreeSet<_> = heads.keys().map(|(of, _)| of.clone()).collect();
    for of in organisations {
        let of_it = heads.values().filter(|signed| signed.head.organisation == of);
        let chain = of_it.map(|signed| Link {
            day: signed.head.day,
            hash: signed.head.hash(),
            previous: signed.head.previous,
        });
        chained(Some(&of), chain, findings);
    }
    Ok(heads)
}

/// Whether a proof leads to the root of a tree of this size.
fn is_in(proof: &Proof, size: u64, root: Hash) -> bool {
    proof.size == size && proof.root() == Ok(root)
}

struct Link {
    day: NaiveDate,
    hash: Result<Hash, canonical::Error>,
    previous: Hash,
}

/// Compares each head with that of the day before, where both are there.
fn chained(
    organisation: Option<&str>,
    links: impl Iterator<Item = Link>,
    findings: &mut Vec<Finding>,
) {
    let links: Vec<Link> = links.collect();
    let (Some(first), Some(last)) = (links.first(), links.last()) else { return };
    let organisation = organisation.map(str::to_owned);
    let mut is_whole = true;
    for pair in links.windows(2) {
        let (before, day) = (&pair[0], pair[1].day);
        if before.day.succ_opt() != Some(day) {
            is_whole = false;
            let (organisation, from) = (organisation.clone(), before.day);
            findings.push(Finding::DaysBetween { organisation, from, to: day });
        } else if !before.hash.as_ref().is_ok_and(|hash| *hash == pair[1].previous) {
            is_whole = false;
            findings.push(Finding::BrokenChain { organisation: organisation.clone(), day });
        }
    }
    if is_whole && links.len() > 1 {
        findings.push(Finding::Chained { organisation, from: first.day, to: last.day });
    }
}

/// Verifies the facts and the audio of each recording.
fn recordings(folder: &Folder, heads: &Heads, findings: &mut Vec<Finding>) -> io::Result<()> {
    let mut audio: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in folder.under("recordings/") {
        match package::recording_at(path) {
            Some(id) => audio.entry(id).or_default().push(path),
            None => findings.push(Finding::Unreadable { path: path.to_owned() }),
        }
    }
    let mut described = BTreeSet::new();
    for path in folder.under("facts/") {
        let sealed = folder.read(path)?.unwrap_or_default();
        let id = path.strip_prefix("facts/").unwrap_or(path);
        let id = id.strip_suffix(".json").unwrap_or(id);
        let Ok(sealed) = serde_json::from_slice::<Vec<SealedFact>>(&sealed) else {
            findings.push(Finding::Unreadable { path: path.to_owned() });
            continue;
        };
        described.insert(id.to_owned());
        let files = audio.get(id).map_or(&[][..], Vec::as_slice);
        recording(folder, heads, id, &sealed, files, findings)?;
    }
    for (id, paths) in audio {
        if !described.contains(id) {
            findings.extend(paths.iter().map(|path| Finding::NoFacts { path: (*path).to_owned() }));
        }
    }
    Ok(())
}

fn recording(
    folder: &Folder,
    heads: &Heads,
    id: &str,
    sealed: &[SealedFact],
    files: &[&str],
    findings: &mut Vec<Finding>,
) -> io::Result<()> {
    let before = findings.len();
    let mut stamped = Some(DateTime::<Utc>::MIN_UTC);
    for SealedFact { facts, salt, proof, head: day } in sealed {
        let Some(head) = heads.get(&(facts.organisation.clone(), *day)) else {
            findings.push(Finding::NoHead { id: id.to_owned(), kind: facts.kind, day: *day });
            continue;
        };
        if proof.size != head.head.size {
            let (tree, head) = (proof.size, head.head.size);
            let (id, day) = (id.to_owned(), *day);
            findings.push(Finding::OtherHead { id, kind: facts.kind, day, tree, head });
            continue;
        }
        let is_leaf = facts.leaf(*salt).is_ok_and(|leaf| leaf == proof.leaf);
        let is_counted = head.head.counts.get(&facts.kind).is_some_and(|count| *count > 0);
        if !is_leaf
            || !is_counted
            || !is_in(proof, head.head.size, head.head.root)
            || facts.subject != id
            || facts.v != VERSION
        {
            findings.push(Finding::NotSealed { id: id.to_owned(), kind: facts.kind, day: *day });
        }
        stamped = stamped.zip(head.stamped).map(|(latest, at)| latest.max(at));
    }
    let stored = sealed.iter().filter(|sealed| sealed.facts.kind == Kind::Stored);
    let Some(stored) = stored.max_by_key(|sealed| sealed.facts.at) else {
        findings.extend(files.iter().map(|path| Finding::NoFacts { path: (*path).to_owned() }));
        if files.is_empty() {
            findings.push(Finding::NoAudioSealed { id: id.to_owned() });
        }
        return Ok(());
    };
    let (facts, day) = (&stored.facts, stored.head);
    for path in files {
        let is_right = folder.hash(path)?.is_some_and(|(bytes, hash)| {
            facts.text("sha256") == Some(&hash.to_string()) && facts.number("bytes") == Some(bytes)
        });
        if !is_right {
            findings.push(Finding::OtherAudio { id: id.to_owned(), path: (*path).to_owned() });
        }
    }
    if findings.len() == before {
        let (id, facts) = (id.to_owned(), sealed.len());
        findings.push(match files.is_empty() {
            true => Finding::FactsAlone { id, facts },
            false => Finding::Unaltered { id, facts, day, stamped },
        });
    }
    Ok(())
}
