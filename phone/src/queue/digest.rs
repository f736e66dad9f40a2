//! The digest of an audio file.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::call::Audio;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Reads a file once, in pieces.
pub(super) fn of_file(path: &Path) -> io::Result<Audio> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let (mut piece, mut length) = (vec![0; PIECE], 0);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(Audio { length, sha256: HEXLOWER.encode(&hash.finalize()) });
        }
        hash.update(&piece[..read]);
        length += read as u64;
    }
}
