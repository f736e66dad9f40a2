//! Exports a month: every line of every organisation, a statement for each, and last `control.json`, which says that it is whole.
//!
//! A crash before that leaves files that nobody takes; asked again, they are written anew, to the same bytes: what is exported is a
//! function of facts that are only ever added to, as they were known when the month ended. Once `control.json` is there, nothing is written
//! any more.

use std::{collections::BTreeMap, pin::pin};

use aws_sdk_s3::{error::SdkError, primitives::ByteStream};
use domain::{
    billing::{Month, RULES, Rule, Statement, Terms},
    ids::OrganisationId,
    recording::Sha256,
};
use futures_util::TryStreamExt;
use platform::{
    bucket::could_not,
    exports::{self, content_type, key},
    http::statement,
    log::causes,
    multipart::{Multipart, Written},
    table::{listed::Listed, statement::Exported},
};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::{App, Error, Separator, all, day::close_one, lines};

/// What was exported.
#[derive(Debug, Serialize)]
pub struct Export {
    pub month: String,
    /// It had been exported before: nothing was written.
    pub before: bool,
}

/// What the export holds. Its bytes depend on nothing but the month and its facts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Control {
    month: String,
    rules: &'static str,
    /// What became known from then on is in later months.
    closed_at: chrono::DateTime<chrono::Utc>,
    currency: &'static str,
    separator: &'static str,
    organisations: usize,
    lines: u64,
    /// Lines without a price: someone has to agree on one.
    unpriced: u64,
    /// Lines that put earlier months right.
    corrections: Sum,
    /// By rule, corrections among them.
    sums: BTreeMap<&'static str, Sum>,
    #[serde(serialize_with = "in_ore")]
    total: Decimal,
    files: Vec<File>,
}

/// A file over all organisations, when it is there.
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

/// An organisation's part of the export.
struct Part {
    organisation: OrganisationId,
    statement: Statement,
    csv: Vec<u8>,
    json: Vec<u8>,
    /// Of its statement's file.
    sha256: Sha256,
}

/// The files over all organisations, under way.
struct Files<'a> {
    csv: Multipart<'a>,
    json: Multipart<'a>,
    sums: Multipart<'a>,
}

const LINES_CSV: &str = "lines.csv";
const LINES_JSON: &str = "lines.jsonl";
const SUMS: &str = "SHA256SUMS";

const CONTROL: &str = "control.json";

/// Exports the month, unless that was done before.
pub async fn export(app: &App, month: Month) -> Result<Export, Error> {
    if app.exports.read(month, CONTROL).await?.is_some() {
        return Ok(Export { month: month.to_string(), before: true });
    }
    let general = app.table.terms(None).await?;
    let mut control = Control::new(month, app.separator);
    let (mut files, mut failed) = (Files::begin(app, month).await?, Vec::new());
    let mut all = pin!(all::each(&app.table, |listed: Listed| {
        let (app, general) = (app.clone(), general.clone());
        tokio::spawn(async move { (part(&app, &listed, &general, month).await, listed.id) })
    }));
    while let Some((part, organisation)) = all.try_next().await? {
        match part {
            Ok(None) => {}
            Ok(Some(part)) => {
                files.add(&part).await?;
                control.add(&part.statement);
            }
            Err(error) => {
                tracing::error!(%organisation, error = causes(&error), "could not export its month");
                failed.push(organisation.to_string());
            }
        }
    }
    if let Some(first) = failed.first() {
        return Err(Error::Failed { failed: failed.len(), first: first.clone() });
    }
    control.files = files.finish().await?;
    close(app, month, &control).await?;
    tracing::info!(%month, organisations = control.organisations, lines = control.lines, "exported");
    Ok(Export { month: month.to_string(), before: false })
}

/// An organisation's part; none if it owes nothing and has nothing to show. Its statement is written.
async fn part(app: &App, listed: &Listed, general: &[Terms], month: Month) -> Result<Option<Part>, Error> {
    let mut facts = app.table.facts(&listed.id, general, month).await?;
    let closed = facts.usage.days.iter().any(|closed| closed.day == month.last());
    if !closed && close_one(app, &listed.id, general, month.last()).await? > 0 {
        facts = app.table.facts(&listed.id, general, month).await?;
    }
    let statement = facts.statement(month);
    if statement.lines.is_empty() {
        return Ok(None);
    }
    let file = serde_json::to_vec(&statement::Statement::of(&statement, false))?;
    let sha256 = Sha256::of(&file);
    app.exports.write(month, &exports::statement(&listed.id), file).await?;
    let total = format!("{:.2}", statement.total());
    app.table.put_statement(&listed.id, &Exported { month, lines: statement.lines.len() as u64, total }).await?;
    let csv = lines::csv(app.separator, listed, month, &statement.lines)?;
    let json = lines::json(listed, month, &statement.lines)?;
    Ok(Some(Part { organisation: listed.id.clone(), statement, csv, json, sha256 }))
}

/// Writes `control.json`, once. Of two exports at the same time, both are of the same bytes.
async fn close(app: &App, month: Month, control: &Control) -> Result<(), Error> {
    let mut written = serde_json::to_vec_pretty(control)?;
    written.push(b'\n');
    let put = app.exports.client.put_object().bucket(&app.exports.bucket).key(key(month, CONTROL)).if_none_match("*");
    let put = put.content_type(content_type(CONTROL)).body(ByteStream::from(written.clone()));
    match put.send().await {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 412 => {
            if app.exports.read(month, CONTROL).await? == Some(written) { Ok(()) } else { Err(Error::Otherwise(month)) }
        }
        Err(error) => Err(could_not("close the export")(error).into()),
    }
}

impl<'a> Files<'a> {
    async fn begin(app: &'a App, month: Month) -> Result<Self, Error> {
        let [mut csv, json, sums] = [LINES_CSV, LINES_JSON, SUMS].map(|name| app.exports.begin(month, name));
        csv.write(&lines::header(app.separator)?).await?;
        Ok(Self { csv, json, sums })
    }

    async fn add(&mut self, part: &Part) -> Result<(), Error> {
        self.csv.write(&part.csv).await?;
        self.json.write(&part.json).await?;
        Ok(self.sums.write(part.sha256.line(&exports::statement(&part.organisation)).as_bytes()).await?)
    }

    async fn finish(mut self) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        for (name, lines) in [(LINES_CSV, self.csv), (LINES_JSON, self.json)] {
            let written = lines.finish().await?;
            self.sums.write(written.sha256.line(name).as_bytes()).await?;
            files.push(File { name, written });
        }
        files.push(File { name: SUMS, written: self.sums.finish().await? });
        Ok(files)
    }
}

impl Control {
    fn new(month: Month, separator: Separator) -> Self {
        Self {
            month: month.to_string(),
            rules: RULES,
            closed_at: month.end(),
            currency: "SEK",
            separator: separator.as_str(),
            organisations: 0,
            lines: 0,
            unpriced: 0,
            corrections: Sum::default(),
            sums: Rule::ALL.map(|rule| (rule.as_str(), Sum::default())).into(),
            total: Decimal::ZERO,
            files: Vec::new(),
        }
    }

    fn add(&mut self, statement: &Statement) {
        self.organisations += 1;
        self.total += statement.total();
        for line in &statement.lines {
            self.lines += 1;
            self.unpriced += u64::from(line.price.is_none());
            let by_rule = self.sums.entry(line.rule.as_str()).or_default();
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
