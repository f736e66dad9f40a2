//! The arguments of the program.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use phone::{CallId, Direction, Facts};

/// The text that follows an error in the arguments.
pub(crate) const USAGE: &str = "\
usage: phone enqueue --queue DIR --audio FILE --direction in|out --started-at RFC3339
                     [--call-id ID] [--counterpart X] [--duration-ms N] [--note TEXT] [--mark NAME]
                     [--conversation-id ID]
       phone run --queue DIR --api URL --token-command CMD [--until-empty] [--backoff-ms N]";

/// The action that the arguments request.
pub(crate) enum Command {
    /// Adds a call to the queue.
    Enqueue { queue: PathBuf, audio: PathBuf, call_id: CallId, facts: Facts },
    /// Uploads the calls of the queue.
    Run(Run),
}

/// The settings of the upload.
pub(crate) struct Run {
    pub(crate) queue: PathBuf,
    pub(crate) api: String,
    pub(crate) token_command: String,
    pub(crate) until_empty: bool,
    /// The bound of the first pause.
    pub(crate) base: Option<Duration>,
}

/// Options with their values. Reading one takes it out, so those that remain are unknown.
struct Options(BTreeMap<String, String>);

pub(crate) fn parse(words: impl Iterator<Item = String>) -> anyhow::Result<Command> {
    let mut words = words;
    let command = words.next().context("the command is missing")?;
    let mut options = Options::read(words)?;
    let command = match command.as_str() {
        "enqueue" => Command::Enqueue {
            queue: options.required("--queue")?.into(),
            audio: options.required("--audio")?.into(),
            call_id: match options.take("--call-id") {
                Some(id) => id.try_into().context("--call-id cannot be used")?,
                None => CallId::random(),
            },
            facts: facts(&mut options)?,
        },
        "run" => Command::Run(Run {
            queue: options.required("--queue")?.into(),
            api: options.required("--api")?.trim_end_matches('/').to_owned(),
            token_command: options.required("--token-command")?,
            until_empty: options.take("--until-empty").is_some(),
            base: options.number("--backoff-ms")?.map(|ms| Duration::from_millis(ms.into())),
        }),
        _ => bail!("the command is neither enqueue nor run"),
    };
    match options.0.into_keys().next() {
        Some(option) => bail!("{option} is no option of the command"),
        None => Ok(command),
    }
}

fn facts(options: &mut Options) -> anyhow::Result<Facts> {
    let direction = match options.required("--direction")?.as_str() {
        "in" => Direction::In,
        "out" => Direction::Out,
        _ => bail!("--direction is neither in nor out"),
    };
    let started_at = DateTime::parse_from_rfc3339(&options.required("--started-at")?);
    Ok(Facts {
        direction,
        counterpart: options.take("--counterpart"),
        started_at: started_at.context("--started-at is not RFC 3339")?.with_timezone(&Utc),
        duration_ms: options.number("--duration-ms")?.unwrap_or_default(),
        note: options.take("--note"),
        mark: options.take("--mark"),
        conversation_id: options.take("--conversation-id"),
        participants: Vec::new(),
    })
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = BTreeMap::new();
        while let Some(name) = words.next() {
            if !name.starts_with("--") {
                bail!("an option begins with two hyphens");
            }
            let value = match name.as_str() {
                "--until-empty" => String::new(),
                _ => words.next().with_context(|| format!("{name} has no value"))?,
            };
            if options.insert(name.clone(), value).is_some() {
                bail!("{name} is given twice");
            }
        }
        Ok(Self(options))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    fn required(&mut self, name: &str) -> anyhow::Result<String> {
        self.take(name).with_context(|| format!("{name} is missing"))
    }

    fn number(&mut self, name: &str) -> anyhow::Result<Option<u32>> {
        let number = self.take(name).map(|value| value.parse()).transpose();
        number.with_context(|| format!("{name} is no whole number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> anyhow::Result<Command> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_call_has_the_facts_that_are_given() {
        let line = "enqueue --queue q --audio a.ogg --direction out --counterpart 112 \
                    --started-at 2026-11-24T14:02:11+01:00 --duration-ms 9 --note Hej --mark red \
                    --call-id 6f0c1c5e-leg-1";
        let Ok(Command::Enqueue { queue, audio, call_id, facts }) = parsed(line) else {
            panic!("the line adds a call");
        };
        assert_eq!(call_id.as_str(), "6f0c1c5e-leg-1");
        assert_eq!((queue.to_str(), audio.to_str()), (Some("q"), Some("a.ogg")));
        assert_eq!((facts.direction, facts.duration_ms), (Direction::Out, 9));
        assert_eq!(facts.started_at.to_rfc3339(), "2026-11-24T13:02:11+00:00");
        assert_eq!(facts.counterpart.as_deref(), Some("112"));
        assert_eq!((facts.note.as_deref(), facts.mark.as_deref()), (Some("Hej"), Some("red")));
    }

    #[test]
    fn a_run_has_the_settings_that_are_given() {
        let line = "run --until-empty --queue q --api http://a/ --token-command t --backoff-ms 2";
        let Ok(Command::Run(run)) = parsed(line) else { panic!("the line runs the client") };
        assert_eq!((run.api.as_str(), run.token_command.as_str()), ("http://a", "t"));
        assert_eq!((run.until_empty, run.base), (true, Some(Duration::from_millis(2))));
    }

    #[test]
    fn a_faulty_line_is_refused() {
        for line in [
            "",
            "upload",
            "run --queue q --api a",
            "run --queue q --api a --token-command t --verbose x",
            "run --queue q --queue q --api a --token-command t",
            "run --queue q --api a --token-command",
            "run q",
            "enqueue --queue q --audio a --direction in --started-at 2026-11-24T14:02:11Z --call-id a/b",
            "enqueue --queue q --audio a --direction up --started-at 2026-11-24T14:02:11Z",
            "enqueue --queue q --audio a --direction in --started-at today",
            "enqueue --queue q --audio a --direction in --started-at 2026-11-24T14:02:11Z \
             --duration-ms -1",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
