//! The program `phone`: it adds finished calls to a queue, and uploads them.

mod arguments;

use std::{
    io,
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use phone::{Api, Backoff, Client, Queue, System, Token, Unavailable};
use tokio::process;
use tracing::level_filters::LevelFilter;

use arguments::{Command, Run, USAGE};

/// The longest time for the command that prints a token.
const TOKEN_AT_MOST: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let format = tracing_subscriber::fmt().json().flatten_event(true).with_target(false);
    format.with_writer(io::stderr).with_max_level(LevelFilter::INFO).init();
    let command = match arguments::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("phone: {error:#}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match perform(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("phone: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Enqueue { queue, audio, call_id, facts } => {
            let queue = Queue::open(queue).context("failed to open the queue")?;
            queue.enqueue_as(&call_id, facts, &audio).context("failed to add the call")?;
            println!("{call_id}");
            Ok(())
        }
        Command::Run(settings) => run(settings).await,
    }
}

async fn run(settings: Run) -> anyhow::Result<()> {
    let Run { queue, api, token_command, until_empty, base } = settings;
    let queue = Queue::open(queue).context("failed to open the queue")?;
    let tokens =
        || async { token(&token_command).await.map_err(|error| Unavailable(error.into())) };
    let backoff = base.map_or_else(Backoff::default, |base| Backoff { base, ..Backoff::default() });
    let mut client = Client::new(queue, Api::new(api)?, tokens, System::default(), backoff);
    match until_empty {
        true => client.run_until_empty().await?,
        false => client.run().await?,
    }
    Ok(())
}

/// The token that a shell command prints. Its errors go to the standard error.
async fn token(command: &str) -> anyhow::Result<Token> {
    let mut shell = process::Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = tokio::time::timeout(TOKEN_AT_MOST, shell.output()).await??;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() || text.trim().is_empty() {
        bail!("the token command printed no token, {}", output.status);
    }
    Ok(Token::new(text.trim()))
}
