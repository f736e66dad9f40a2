//! Summaries and descriptions of operations. The callers come from `tests/rights.txt`, which
//! `make rights` holds the service to.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;

const RIGHTS: &str = include_str!("../../rights.txt");

/// The roles of the table that a description names, in the order of its columns after `expired`.
const ROLES: [(&str, &str); 9] = [
    ("bare", "users"),
    ("own", "users with the right to their own recordings"),
    ("sup", "supervisors with the right"),
    ("admin", "administrators"),
    ("oper", "the operator"),
    ("read", "applications with the scope `read`"),
    ("annot", "applications with the scope `annotate`"),
    ("export", "applications with the scope `export`"),
    ("expired", "nobody"),
];

/// Shortens each summary to one sentence, and adds the callers to each description.
pub fn complete(document: &mut Value) -> anyhow::Result<()> {
    let callers = callers()?;
    for (name, operation) in super::operations(document) {
        let text = operation["summary"]
            .as_str()
            .with_context(|| format!("{name} has no summary"))?
            .replace('\n', " ");
        let (summary, rest) = text.split_once(". ").unwrap_or((text.trim_end_matches('.'), ""));
        let callers =
            callers.get(&name).with_context(|| format!("tests/rights.txt does not have {name}"))?;
        let further = operation["description"].as_str().unwrap_or_default();
        let parts = [rest, further, callers].map(str::to_owned);
        operation["summary"] = summary.into();
        operation["description"] = parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n")
            .into();
    }
    Ok(())
}

/// A sentence about the roles that each operation does not deny, in their own organisation.
fn callers() -> anyhow::Result<BTreeMap<String, String>> {
    let head =
        RIGHTS.lines().find(|line| line.starts_with("org ")).context("the table has a head")?;
    let columns: Vec<&str> = head.split_whitespace().skip(3).collect();
    let mut callers = BTreeMap::new();
    for line in RIGHTS.lines().filter(|line| line.starts_with("own ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, method, path, state, cells @ ..] = words.as_slice() else { continue };
        if !["-", "stored", "any"].contains(state) {
            continue;
        }
        let may = |role: &str| {
            columns
                .iter()
                .zip(cells)
                .any(|(column, cell)| *column == role && !["401", "403"].contains(cell))
        };
        // A role that needs no right of its own represents those that have one.
        let named = ROLES
            .into_iter()
            .filter(|(role, _)| may(role) && !(["own", "sup"].contains(role) && may("bare")));
        let named: Vec<&str> = named.map(|(_, name)| name).collect();
        let sentence = match named.as_slice() {
            [] => continue,
            [one] => format!("Callers: {one}."),
            [others @ .., last] => format!("Callers: {} and {last}.", others.join(", ")),
        };
        callers.insert(format!("{method} {path}"), sentence);
    }
    Ok(callers)
}
