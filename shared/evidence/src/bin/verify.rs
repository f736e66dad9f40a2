//! Verifies a package of evidence: `verify [--swedish] FOLDER`. It exits with 1 if anything is wrong.

use std::{path::Path, process::ExitCode};

use evidence::verify::{Language, State, verify};

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (language, folder) = match &arguments[..] {
        [folder] => (Language::English, folder),
        [option, folder] if option == "--swedish" => (Language::Swedish, folder),
        _ => anyhow::bail!("name the folder of an unpacked package: verify [--swedish] FOLDER"),
    };
    let report = verify(Path::new(folder))?;
    let titles = match language {
        Language::English => ["Proven", "Not proven by this package", "Wrong"],
        Language::Swedish => ["Bevisat", "Bevisas inte av paketet", "Fel"],
    };
    let order = [State::Wrong, State::Proven, State::NotProven];
    for state in order {
        let of_it = report.findings.iter().filter(|finding| finding.state() == state);
        let lines: Vec<String> = of_it.map(|finding| finding.text(language)).collect();
        if !lines.is_empty() {
            println!("{}:\n  {}\n", titles[state as usize], lines.join("\n  "));
        }
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
