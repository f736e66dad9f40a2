//! The files of a folder, read without following links out of it.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::Hash;

/// The largest file that is read whole. Only audio is larger, and it is hashed in pieces.
const WHOLE: u64 = 64 << 20;

pub struct Folder {
    root: PathBuf,
    /// With `/` between folders, in order.
    paths: Vec<String>,
    /// Links and devices, which are not opened.
    pub others: Vec<String>,
}

impl Folder {
    pub fn open(root: &Path) -> io::Result<Self> {
        let mut folder = Self { root: root.to_owned(), paths: Vec::new(), others: Vec::new() };
        list(root, "", &mut folder)?;
        folder.paths.sort();
        folder.others.sort();
        Ok(folder)
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    pub fn under<'a>(&'a self, prefix: &'static str) -> impl Iterator<Item = &'a str> {
        self.paths().filter(move |path| path.starts_with(prefix))
    }

    /// The content of a file; `None` if there is none, or too much.
    pub fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.file(path)? else { return Ok(None) };
        if file.metadata()?.len() > WHOLE {
            return Ok(None);
        }
        let mut content = Vec::new();
        file.take(WHOLE).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// The length and the hash of a file; `None` if there is none.
    pub fn hash(&self, path: &str) -> io::Result<Option<(u64, Hash)>> {
        let Some(mut file) = self.file(path)? else { return Ok(None) };
        let (mut hash, mut length, mut some) = (Sha256::new(), 0, vec![0; 1 << 16]);
        loop {
            let read = file.read(&mut some)?;
            if read == 0 {
                return Ok(Some((length, Hash(hash.finalize().into()))));
            }
            hash.update(&some[..read]);
            length += read as u64;
        }
    }

    fn file(&self, path: &str) -> io::Result<Option<File>> {
        match self.paths.binary_search_by(|known| known.as_str().cmp(path)) {
            Ok(_) => File::open(self.root.join(path)).map(Some),
            Err(_) => Ok(None),
        }
    }
}

fn list(folder: &Path, prefix: &str, into: &mut Folder) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?; // of a link itself
        if kind.is_dir() {
            list(&entry.path(), &format!("{prefix}{name}/"), into)?;
        } else if kind.is_file() {
            into.paths.push(format!("{prefix}{name}"));
        } else {
            into.others.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
