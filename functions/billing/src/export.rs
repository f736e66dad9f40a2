//! Exports a month: the lines and statements of all organisations. `control.json` completes it.
//!
//! Files without `control.json` are ignored. A repeated run writes the same bytes, because the
//! export depends only on facts that were known when the month ended, and facts are only added.
//! Once `control.json` exists, no file is written again.
//!
//! An organisation whose items cannot be read does not delay the others. The month is closed
//! without it, `control.json` lists it in `missing`, and the function fails as an alert. When its
//! items are repaired, the next run exports it into a supplement, `supplement-1` and so on, with
//! files like the month's. Transient errors, such as a busy table, leave the month open.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::Arc,
};

use aws_sdk_s3::{error::SdkError, primitives::ByteStream};
use domain::{
    billing::{self, Month, RULES, Rule, Statement, Terms, Used},
    ids::OrganisationId,
    recording::Sha256,
};
use futures_util::TryStreamExt;
use platform::{
    bucket::failed_to,
    exports::{self, content_type, key},
    log::error_chain,
    multipart::{Multipart, Written},
    statement,
    table::{self, organisation_list::Listed, statement::Exported},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::{App, Error, Separator, all, day::close_one, lines};

/// The result of an export.
#[derive(Debug, Serialize)]
pub struct Export {
    pub month: String,
    /// The month had been exported before: nothing was written.
    pub before: bool,
    /// The supplement that was written, with organisations that had been missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplement: Option<usize>,
}

/// The content of `control.json`. It depends only on the month and its facts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Control {
    month: String,
    /// The supplement's number. Absent in the month's own export.
    #[serde(skip_serializing_if = "Option::is_none")]
    supplement: Option<usize>,
    rules: &'static str,
    /// Facts that became known from then on belong to later months.
    closed_at: chrono::DateTime<chrono::Utc>,
    currency: &'static str,
    separator: &'static str,
    organisations: usize,
    /// Organisations that could be read, with or without lines.
    #[serde(skip)]
    read: usize,
    /// Organisations that could not be read. A later supplement contains them.
    missing: Vec<String>,
    lines: u64,
    /// Lines without a price, which someone has to agree on.
    unpriced: u64,
    /// Lines that correct earlier months.
    corrections: Sum,
    /// Sums by rule, including corrections.
    sums: BTreeMap<&'static str, Sum>,
    #[serde(serialize_with = "in_ore")]
    total: Decimal,
    files: Vec<File>,
}

/// A file over all organisations that is complete.
#[derive(Serialize)]
struct File {
    name: &'static str,
    #[serde(flatten)]
    written: Written,
}

#[derive(Clone, Default, Serialize)]
struct Sum {
    lines: u64,
    quantity: i64,
    #[serde(serialize_with = "in_ore")]
    amount: Decimal,
}

/// The organisations that an earlier run left out.
#[derive(Deserialize)]
struct Before {
    #[serde(default)]
    missing: Vec<String>,
}

/// An organisation's part of the export.
struct Part {
    organisation: OrganisationId,
    statement: Statement,
    csv: Vec<u8>,
    json: Vec<u8>,
    differences: Vec<u8>,
    /// The digest of its statement. None if it owes nothing and has no file.
    sha256: Option<Sha256>,
}

/// The files over all organisations, while they are being written.
struct Files<'a> {
    csv: Multipart<'a>,
    json: Multipart<'a>,
    sums: Multipart<'a>,
    differences: Multipart<'a>,
}

const LINES_CSV: &str = "lines.csv";
const LINES_JSON: &str = "lines.jsonl";
const SUMS: &str = "SHA256SUMS";
const DIFFERENCES: &str = "differences.jsonl";

const CONTROL: &str = "control.json";

/// Exports the month. If that was done before, exports what was missing.
pub async fn export(app: &App, month: Month) -> Result<Export, Error> {
    let (mut before, mut number) = (closed(app, month, None).await?, 0);
    while let Some(closed) = &before
        && !closed.missing.is_empty()
        && let Some(supplement) = self::closed(app, month, Some(number + 1)).await?
    {
        (before, number) = (Some(supplement), number + 1);
    }
    match before {
        None => exported(app, month, None, None).await,
        Some(Before { missing }) if missing.is_empty() => {
            Ok(Export { month: month.to_string(), before: true, supplement: None })
        }
        Some(Before { missing }) => {
            exported(app, month, Some(number + 1), Some(missing.into_iter().collect())).await
        }
    }
}

/// The organisations missing from the month's export or a supplement. None if it is not closed.
async fn closed(
    app: &App,
    month: Month,
    supplement: Option<usize>,
) -> Result<Option<Before>, Error> {
    let file = app.exports.read_export(month, &place(supplement, CONTROL)).await?;
    Ok(file.map(|file| serde_json::from_slice(&file)).transpose()?)
}

/// The name of a file within the month, in its own export or in a supplement.
fn place(supplement: Option<usize>, name: &str) -> String {
    supplement.map_or_else(|| name.to_owned(), |number| format!("supplement-{number}/{name}"))
}

/// Exports all organisations, or `only` some.
async fn exported(
    app: &App,
    month: Month,
    supplement: Option<usize>,
    only: Option<BTreeSet<String>>,
) -> Result<Export, Error> {
    let asked = Arc::new(Asked {
        general: app.table.prices().all(None).await?,
        signing_in: signing_in(app).await?,
        only,
    });
    let mut control = Control::new(month, supplement, app.separator);
    let (mut files, mut failed) = (Files::begin(app, month, supplement).await?, Vec::new());
    let mut all = pin!(all::each(&app.table, |listed: Listed| {
        let (app, asked) = (app.clone(), asked.clone());
        tokio::spawn(async move { (part(&app, &listed, &asked, month).await, listed.id) })
    }));
    while let Some((part, organisation)) = all.try_next().await? {
        match part {
            Ok(None) => {}
            Ok(Some(part)) => {
                files.add(&part).await?;
                control.add(&part);
            }
            Err(error) => {
                tracing::error!(%organisation, error = error_chain(&error), "could not export the organisation's month");
                match error {
                    Error::Table(table::Error::Item(_)) => {
                        control.missing.push(organisation.to_string())
                    }
                    _ => failed.push(organisation.to_string()),
                }
            }
        }
    }
    if let Some(first) = failed.first() {
        return Err(Error::Failed { failed: failed.len(), first: first.clone() });
    }
    let missing = control.missing.clone();
    if supplement.is_none() || control.read > 0 {
        control.files = files.finish().await?;
        close(app, month, &control).await?;
        tracing::info!(%month, supplement, organisations = control.organisations, lines = control.lines, "exported");
    }
    match missing.first() {
        Some(first) => Err(Error::Missing { month, missing: missing.len(), first: first.clone() }),
        None => Ok(Export { month: month.to_string(), before: false, supplement }),
    }
}

/// The common input of all parts.
struct Asked {
    general: Vec<Terms>,
    /// The organisations with a key for SFTP.
    signing_in: BTreeSet<OrganisationId>,
    /// The organisations to export. None for all.
    only: Option<BTreeSet<String>>,
}

/// The organisations with an SFTP key. 1 request for each MB, which is thousands of them.
async fn signing_in(app: &App) -> Result<BTreeSet<OrganisationId>, Error> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let (some, next) = app.table.sftp().subscribers(after).await?;
        found.extend(some.into_iter().map(|subscriber| subscriber.organisation));
        after = next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Writes an organisation's statement and returns its part. None if it is not to be exported.
async fn part(
    app: &App,
    listed: &Listed,
    asked: &Asked,
    month: Month,
) -> Result<Option<Part>, Error> {
    if asked.only.as_ref().is_some_and(|only| !only.contains(listed.id.as_str())) {
        return Ok(None);
    }
    let (mut ledger, used) = app.table.ledgers().agreements(&listed.id, &asked.general).await?;
    app.table.ledgers().fill(&listed.id, &mut ledger, month).await?;
    let closed = ledger.usage.days.iter().any(|closed| closed.day == month.last());
    if !closed && close_one(app, &listed.id, &asked.general, month.last()).await? > 0 {
        app.table.ledgers().fill(&listed.id, &mut ledger, month).await?;
    }
    let used = Used { sftp_key: asked.signing_in.contains(&listed.id), ..used };
    let differences =
        lines::differences(listed, month, &billing::differences(&ledger, &used, month))?;
    let statement = billing::month(&ledger, month);
    if statement.lines.is_empty() {
        return Ok(Some(Part {
            organisation: listed.id.clone(),
            statement,
            csv: Vec::new(),
            json: Vec::new(),
            differences,
            sha256: None,
        }));
    }
    let file = serde_json::to_vec(&statement::Statement::of(&statement, false))?;
    let sha256 = Sha256::of(&file);
    app.exports.write_export(month, &exports::statement(&listed.id), file).await?;
    let total = format!("{:.2}", statement.total());
    app.table
        .statements()
        .put(&listed.id, &Exported { month, lines: statement.lines.len() as u64, total })
        .await?;
    let csv = lines::csv(app.separator, listed, month, &statement.lines)?;
    let json = lines::json(listed, month, &statement.lines)?;
    Ok(Some(Part {
        organisation: listed.id.clone(),
        statement,
        csv,
        json,
        differences,
        sha256: Some(sha256),
    }))
}

/// Writes `control.json` once. Concurrent exports write the same bytes.
async fn close(app: &App, month: Month, control: &Control) -> Result<(), Error> {
    let mut written = serde_json::to_vec_pretty(control)?;
    written.push(b'\n');
    let name = place(control.supplement, CONTROL);
    let put = app
        .exports
        .client
        .put_object()
        .bucket(&app.exports.name)
        .key(key(month, &name))
        .if_none_match("*");
    let put = put.content_type(content_type(CONTROL)).body(ByteStream::from(written.clone()));
    match put.send().await {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 412 => {
            if app.exports.read_export(month, &name).await? == Some(written) {
                Ok(())
            } else {
                Err(Error::Otherwise(month))
            }
        }
        Err(error) => Err(failed_to("close the export")(error).into()),
    }
}

impl<'a> Files<'a> {
    async fn begin(app: &'a App, month: Month, supplement: Option<usize>) -> Result<Self, Error> {
        let names = [LINES_CSV, LINES_JSON, SUMS, DIFFERENCES];
        let [mut csv, json, sums, differences] =
            names.map(|name| app.exports.begin_export(month, &place(supplement, name)));
        csv.write(&lines::header(app.separator)?).await?;
        Ok(Self { csv, json, sums, differences })
    }

    async fn add(&mut self, part: &Part) -> Result<(), Error> {
        self.csv.write(&part.csv).await?;
        self.json.write(&part.json).await?;
        self.differences.write(&part.differences).await?;
        if let Some(sha256) = &part.sha256 {
            self.sums
                .write(sha256.line(&exports::statement(&part.organisation)).as_bytes())
                .await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        for (name, lines) in [(LINES_CSV, self.csv), (LINES_JSON, self.json)] {
            let written = lines.finish().await?;
            self.sums.write(written.sha256.line(name).as_bytes()).await?;
            files.push(File { name, written });
        }
        files.push(File { name: SUMS, written: self.sums.finish().await? });
        self.differences.finish().await?;
        Ok(files)
    }
}

impl Control {
    fn new(month: Month, supplement: Option<usize>, separator: Separator) -> Self {
        Self {
            month: month.to_string(),
            supplement,
            read: 0,
            missing: Vec::new(),
            rules: RULES,
            closed_at: month.end(),
            currency: "SEK",
            separator: separator.as_str(),
            organisations: 0,
            lines: 0,
            unpriced: 0,
            corrections: Sum::default(),
            sums: Rule::VARIANTS.iter().map(|rule| (rule.into_str(), Sum::default())).collect(),
            total: Decimal::ZERO,
            files: Vec::new(),
        }
    }

    fn add(&mut self, part: &Part) {
        self.read += 1;
        self.organisations += usize::from(part.sha256.is_some());
        self.total += part.statement.total();
        for line in &part.statement.lines {
            self.lines += 1;
            self.unpriced += u64::from(line.price.is_none());
            let by_rule = self.sums.entry(line.rule.into_str()).or_default();
            let correction = line.corrects.map(|_| &mut self.corrections);
            for sum in [Some(by_rule), correction].into_iter().flatten() {
                sum.lines += 1;
                sum.quantity += line.quantity;
                sum.amount += line.amount;
            }
        }
    }
}

fn in_ore<S: serde::Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{amount:.2}"))
}
