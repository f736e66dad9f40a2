//! Findings, in the words of people.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use crate::{Hash, fact::Kind};

/// The weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Proven,
    /// Nothing is wrong, and the package does not prove it.
    NotProven,
    Wrong,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Swedish,
}

/// A finding about a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    // ---- files
    Complete {
        files: usize,
        purpose: String,
        recipient: String,
        created: DateTime<Utc>,
        by: String,
    },
    Changed {
        path: String,
    },
    Absent {
        path: String,
    },
    Added {
        path: String,
    },
    Unreadable {
        path: String,
    },
    // ---- heads
    NoKey {
        path: String,
        key: Hash,
    },
    NotSigned {
        path: String,
    },
    Stamped {
        day: NaiveDate,
        at: DateTime<Utc>,
        authority: String,
    },
    NotStamped {
        day: NaiveDate,
    },
    NoAuthority {
        day: NaiveDate,
    },
    WrongStamp {
        day: NaiveDate,
        why: [String; 2],
    },
    NotInSuperRoot {
        organisation: String,
        day: NaiveDate,
    },
    OtherSuperRoot {
        organisation: String,
        day: NaiveDate,
    },
    /// Of an organisation; `None`: of all.
    Chained {
        organisation: Option<String>,
        from: NaiveDate,
        to: NaiveDate,
    },
    DaysBetween {
        organisation: Option<String>,
        from: NaiveDate,
        to: NaiveDate,
    },
    BrokenChain {
        organisation: Option<String>,
        day: NaiveDate,
    },
    // ---- recordings
    Unaltered {
        id: String,
        facts: usize,
        day: NaiveDate,
        stamped: Option<DateTime<Utc>>,
    },
    FactsAlone {
        id: String,
        facts: usize,
    },
    NoAudioSealed {
        id: String,
    },
    NotSealed {
        id: String,
        kind: Kind,
        day: NaiveDate,
    },
    NoHead {
        id: String,
        kind: Kind,
        day: NaiveDate,
    },
    OtherHead {
        id: String,
        kind: Kind,
        day: NaiveDate,
        tree: u64,
        head: u64,
    },
    OtherAudio {
        id: String,
        path: String,
    },
    NoFacts {
        path: String,
    },
    // ---- never proven
    KeyOfOperator {
        key: Hash,
    },
    KeyOfAuthority {
        certificate: Hash,
        authority: String,
    },
    AllFacts,
    Completeness,
    Speakers,
}

impl Finding {
    pub fn state(&self) -> State {
        match self {
            Self::Complete { .. }
            | Self::Stamped { .. }
            | Self::Chained { .. }
            | Self::Unaltered { .. }
            | Self::FactsAlone { .. } => State::Proven,
            Self::NotStamped { .. }
            | Self::NotInSuperRoot { .. }
            | Self::DaysBetween { .. }
            | Self::NoAudioSealed { .. }
            | Self::KeyOfOperator { .. }
            | Self::KeyOfAuthority { .. }
            | Self::AllFacts
            | Self::Completeness
            | Self::Speakers => State::NotProven,
            _ => State::Wrong,
        }
    }

    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Swedish => self.swedish(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Complete { files, purpose, recipient, created, by } => format!(
                "All {files} files are as they were when {by} ordered this package at {} for {recipient}: {purpose}",
                time(created)
            ),
            Self::Changed { path } => format!("{path} was changed after this package was made."),
            Self::Absent { path } => format!("{path} is missing."),
            Self::Added { path } => format!("{path} does not belong to this package."),
            Self::Unreadable { path } => format!("{path} is damaged, or is another file."),
            Self::NoKey { path, key } => {
                format!("{path} was signed with the key {key}, which is not in this package.")
            }
            Self::NotSigned { path } => {
                format!("{path} was altered, or its signature was: they do not fit.")
            }
            Self::Stamped { day, at, authority } => format!(
                "The facts of {day} existed at {}. That says the authority {authority}.",
                time(at)
            ),
            Self::NotStamped { day } => {
                format!(
                    "No authority has stamped the facts of {day}. Only the operator says when they existed."
                )
            }
            Self::NoAuthority { day } => {
                format!(
                    "The timestamp of {day} cannot be checked: the authority's certificate is not in this package."
                )
            }
            Self::WrongStamp { day, why } => {
                format!("The timestamp of {day} is wrong: {}.", why[0])
            }
            Self::NotInSuperRoot { organisation, day } => {
                format!(
                    "This package does not show that the timestamp of {day} includes {organisation}."
                )
            }
            Self::OtherSuperRoot { organisation, day } => {
                format!("The facts of {organisation} of {day} are not those that were stamped.")
            }
            Self::Chained { organisation, from, to } => format!(
                "No day from {from} to {to} was replaced: each contains the hash of the day before ({}).",
                organisation.as_deref().unwrap_or("all organisations")
            ),
            Self::DaysBetween { organisation, from, to } => format!(
                "The days between {from} and {to} are not in this package, so it does not show that none was replaced ({}).",
                organisation.as_deref().unwrap_or("all organisations")
            ),
            Self::BrokenChain { organisation, day } => format!(
                "{day} does not follow the day before it: one of them was replaced ({}).",
                organisation.as_deref().unwrap_or("all organisations")
            ),
            Self::Unaltered { id, facts, stamped: Some(at), .. } => format!(
                "Recording {id}: the audio is what was stored, unaltered since {}. Its {facts} facts are in sealed days.",
                time(at)
            ),
            Self::Unaltered { id, facts, day, stamped: None } => format!(
                "Recording {id}: the audio is what the operator sealed for {day}. No authority confirms when. Its {facts} facts are in sealed days."
            ),
            Self::FactsAlone { id, facts } => {
                format!(
                    "Recording {id}: its {facts} facts are in sealed days. Its audio is not in this package."
                )
            }
            Self::NoAudioSealed { id } => {
                format!("Recording {id}: no audio of it was stored while these days were sealed.")
            }
            Self::NotSealed { id, kind, day } => {
                format!(
                    "Recording {id}: the fact `{kind}` was altered, or was never in the sealed day {day}."
                )
            }
            Self::NoHead { id, kind, day } => {
                format!(
                    "Recording {id}: the sealed day {day} of the fact `{kind}` is not in this package."
                )
            }
            Self::OtherHead { id, kind, day, tree, head } => format!(
                "Recording {id}: the proof of the fact `{kind}` is of a day with {tree} facts, and {day} has {head}. They are of different packages, or one is outdated."
            ),
            Self::OtherAudio { id, path } => {
                format!("Recording {id}: {path} is not the audio that was stored.")
            }
            Self::NoFacts { path } => format!("{path} is audio of which no sealed fact tells."),
            Self::KeyOfOperator { key } => format!(
                "That the key belongs to the operator. Compare its fingerprint with the published one: {key}"
            ),
            Self::KeyOfAuthority { certificate, authority } => format!(
                "That the certificate belongs to the authority {authority}. Compare its fingerprint with the one that the authority publishes: {certificate}"
            ),
            Self::AllFacts => {
                "That the package has every fact of a recording: one may have been left out."
                    .to_owned()
            }
            Self::Completeness => {
                "That no other call was made or recorded, unless call records were sealed."
                    .to_owned()
            }
            Self::Speakers => "Who spoke.".to_owned(),
        }
    }

    fn swedish(&self) -> String {
        match self {
            Self::Complete { files, purpose, recipient, created, by } => format!(
                "Alla {files} filer är som när {by} beställde paketet {} åt {recipient}: {purpose}",
                time(created)
            ),
            Self::Changed { path } => format!("{path} har ändrats sedan paketet skapades."),
            Self::Absent { path } => format!("{path} saknas."),
            Self::Added { path } => format!("{path} hör inte till paketet."),
            Self::Unreadable { path } => format!("{path} är skadad, eller är en annan fil."),
            Self::NoKey { path, key } => {
                format!("{path} är signerad med nyckeln {key}, som inte finns i paketet.")
            }
            Self::NotSigned { path } => {
                format!("{path} eller dess signatur har ändrats: de hör inte ihop.")
            }
            Self::Stamped { day, at, authority } => format!(
                "Uppgifterna från {day} fanns {}. Det intygar {authority}.",
                time(at)
            ),
            Self::NotStamped { day } => {
                format!("Ingen har tidsstämplat uppgifterna från {day}. Bara operatören säger när de fanns.")
            }
            Self::NoAuthority { day } => {
                format!("Tidsstämpeln för {day} går inte att kontrollera: utfärdarens certifikat saknas i paketet.")
            }
            Self::WrongStamp { day, why } => format!("Tidsstämpeln för {day} stämmer inte: {}.", why[1]),
            Self::NotInSuperRoot { organisation, day } => {
                format!("Paketet visar inte att tidsstämpeln för {day} omfattar {organisation}.")
            }
            Self::OtherSuperRoot { organisation, day } => {
                format!("Uppgifterna om {organisation} från {day} är inte de som tidsstämplades.")
            }
            Self::Chained { organisation, from, to } => format!(
                "Ingen dag från {from} till {to} har bytts ut: varje dag innehåller dagen före ({}).",
                organisation.as_deref().unwrap_or("alla organisationer")
            ),
            Self::DaysBetween { organisation, from, to } => format!(
                "Dagarna mellan {from} och {to} finns inte i paketet, så det visar inte att ingen har bytts ut ({}).",
                organisation.as_deref().unwrap_or("alla organisationer")
            ),
            Self::BrokenChain { organisation, day } => format!(
                "{day} följer inte på dagen före: en av dem har bytts ut ({}).",
                organisation.as_deref().unwrap_or("alla organisationer")
            ),
            Self::Unaltered { id, facts, stamped: Some(at), .. } => format!(
                "Inspelning {id}: ljudet är det som lagrades, oförändrat sedan {}. Dess {facts} uppgifter finns i förseglade dagar.",
                time(at)
            ),
            Self::Unaltered { id, facts, day, stamped: None } => format!(
                "Inspelning {id}: ljudet är det som operatören förseglade för {day}. Ingen utfärdare intygar när. Dess {facts} uppgifter finns i förseglade dagar."
            ),
            Self::FactsAlone { id, facts } => {
                format!("Inspelning {id}: dess {facts} uppgifter finns i förseglade dagar. Ljudet finns inte i paketet.")
            }
            Self::NoAudioSealed { id } => {
                format!("Inspelning {id}: inget ljud lagrades medan de här dagarna förseglades.")
            }
            Self::NotSealed { id, kind, day } => {
                format!("Inspelning {id}: uppgiften `{kind}` har ändrats, eller fanns aldrig i den förseglade dagen {day}.")
            }
            Self::NoHead { id, kind, day } => {
                format!("Inspelning {id}: den förseglade dagen {day} med uppgiften `{kind}` finns inte i paketet.")
            }
            Self::OtherHead { id, kind, day, tree, head } => format!(
                "Inspelning {id}: beviset för uppgiften `{kind}` gäller en dag med {tree} uppgifter, men {day} har {head}. De kommer från olika paket, eller ett är föråldrat."
            ),
            Self::OtherAudio { id, path } => {
                format!("Inspelning {id}: {path} är inte ljudet som lagrades.")
            }
            Self::NoFacts { path } => format!("{path} är ljud som ingen förseglad uppgift nämner."),
            Self::KeyOfOperator { key } => format!(
                "Att nyckeln är operatörens. Jämför fingeravtrycket med det publicerade: {key}"
            ),
            Self::KeyOfAuthority { certificate, authority } => format!(
                "Att certifikatet tillhör {authority}. Jämför fingeravtrycket med det som utfärdaren publicerar: {certificate}"
            ),
            Self::AllFacts => {
                "Att paketet har alla uppgifter om en inspelning: någon kan ha utelämnats.".to_owned()
            }
            Self::Completeness => {
                "Att inget annat samtal ringdes eller spelades in, om inte växelns samtalsposter är förseglade.".to_owned()
            }
            Self::Speakers => "Vem som talade.".to_owned(),
        }
    }
}

fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
