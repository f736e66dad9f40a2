//! A private PostgreSQL on loopback with an empty data folder, stopped and deleted with the value.
//! It is Debian's, and runs as its own user when we are root, because it refuses to run as root.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{DirBuilderExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio_postgres::{Client, Config, NoTls};

/// A running server.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    config: Config,
    process: Child,
}

const USER: &str = "oracle";
/// Settings without durability, and with plans reused for its few statements.
const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=10",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "jit=off",
    "plan_cache_mode=force_generic_plan",
];
/// Stops the server when the parent process closes its standard input or ends in any way.
const WATCH: &str = "trap '' INT TERM; \"$@\" & read -r _; kill -QUIT $!; wait; rm -rf data";
/// Attempts to connect, a twentieth of a second apart.
const LOOKS: usize = 600;

impl Server {
    /// Starts a server. Its data are in `.local` beside the sources.
    pub fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let owner = owner()?;
        let folder = folder(owner)?;
        let password = format!("{:032x}", rand::random::<u128>());
        fs::write(folder.join("password"), &password)?;
        owned(&folder.join("password"), owner)?;
        let data = folder.join("data");
        let mut create = command(&programs.join("initdb"), owner, &folder);
        create.arg("--pgdata").arg(&data).arg("--pwfile").arg(folder.join("password"));
        create.args([
            "--username",
            USER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "--no-sync",
        ]);
        let created = create.output().context("could not run initdb")?;
        ensure!(
            created.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&created.stderr)
        );
        let port = free_port()?;
        let mut serve = command(Path::new("/bin/sh"), owner, &folder);
        serve.args(["-c", WATCH, "sh"]).arg(programs.join("postgres")).arg("-D").arg(&data);
        for setting in SETTINGS.into_iter().chain([format!("port={port}").as_str()]) {
            serve.args(["-c", setting]);
        }
        let log = File::create(folder.join("log"))?;
        let process = serve
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("could not run postgres")?;
        let mut config = Config::new();
        config.host("127.0.0.1").port(port).user(USER).password(&password).dbname("postgres");
        Ok(Self { folder, config, process })
    }

    /// Connects once the server is running.
    pub async fn connect(&mut self) -> anyhow::Result<Client> {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..LOOKS {
            look.tick().await;
            if let Ok((client, connection)) = self.config.connect(NoTls).await {
                tokio::spawn(connection);
                return Ok(client);
            }
            if self.process.try_wait()?.is_some() {
                break;
            }
        }
        bail!(
            "PostgreSQL did not come up: {}",
            fs::read_to_string(self.folder.join("log")).unwrap_or_default()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _status = self.process.wait();
        let _left_over = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of Debian's newest version.
fn programs() -> anyhow::Result<PathBuf> {
    let missing = "PostgreSQL is missing: run apt-get install postgresql, and try again";
    let versions = fs::read_dir("/usr/lib/postgresql").context(missing)?.filter_map(Result::ok);
    let installed = versions
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").exists());
    installed.max_by_key(|programs| version(programs)).context(missing)
}

fn version(programs: &Path) -> u32 {
    let name = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// The user and group of the package, if we are root.
fn owner() -> anyhow::Result<Option<(u32, u32)>> {
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?)))
}

fn id(arguments: &[&str]) -> anyhow::Result<u32> {
    let stated = Command::new("id").args(arguments).output().context("could not run id")?;
    String::from_utf8(stated.stdout)?
        .trim()
        .parse()
        .with_context(|| format!("id {} returned no number", arguments.join(" ")))
}

fn folder(owner: Option<(u32, u32)>) -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../.local/postgres-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let folder = folder.canonicalize()?;
    owned(&folder, owner)?;
    Ok(folder)
}

fn owned(path: &Path, owner: Option<(u32, u32)>) -> anyhow::Result<()> {
    match owner {
        Some((user, group)) => chown(path, Some(user), Some(group))
            .with_context(|| format!("could not give {} away", path.display())),
        None => Ok(()),
    }
}

fn command(program: &Path, owner: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("LANG", "C.UTF-8").env("PATH", "/usr/bin:/bin");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
