//! Files that are written whole or not at all.

use super::aside::{Aside, sweep};
use crate::error::{Error, Result};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file aside, under a name of its own in the same directory, and renames it into place: readers see the old
/// file or the new one, never a part, and of several writers at one time each either puts its own bytes in place whole
/// or fails.
///
/// The place is treated as `cp` treats it: a symbolic link is followed and stays a link, one that leads nowhere is an
/// error; the new file has the permissions of the old one, and a file that may not be written is not replaced; bytes
/// for a device or a pipe go straight into it. Of a file with several hard links only this name is replaced.
///
/// What could not be put in place is removed. So is what writers that were killed left aside in the directory.
///
/// # Errors
/// If the file cannot be written; what was there before stays.
///
/// # Examples
/// ```
/// # use autograd_core::{Error, module::write_whole};
/// let path = std::env::temp_dir().join(format!("wengert-write-whole-{}", std::process::id()));
/// write_whole(&path, b"old")?;
/// write_whole(&path, b"new")?;
/// assert_eq!(std::fs::read(&path).map_err(Error::user)?, b"new");
/// # std::fs::remove_file(&path).map_err(Error::user)?;
/// # Ok::<(), Error>(())
/// ```
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    put(path, bytes).map_err(|e| Error::file(path, e))
}

/// Whether files can be made in a directory; nothing that is there is touched.
///
/// # Errors
/// If they cannot.
///
/// # Examples
/// ```
/// # use autograd_core::module::try_directory;
/// assert!(try_directory(&std::env::temp_dir()).is_ok());
/// assert!(try_directory("no/such/directory".as_ref()).is_err());
/// ```
pub fn try_directory(dir: &Path) -> Result<()> {
    Aside::new(dir).map(drop).map_err(|e| Error::file(dir, e))
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Before links are followed by name: `/dev/stdout` leads to a pipe, and a pipe has none.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let place = followed(path)?;
    let old = match fs::metadata(&place) {
        Ok(old) => Some(old),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    if old.is_some() {
        // Refused here, as `cp` is: a rename asks for the directory's permission only.
        OpenOptions::new().write(true).open(&place)?;
    }
    let dir = match place.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let aside = Aside::new(dir)?;
    if let Some(old) = old {
        // Before there is something to read.
        fs::set_permissions(aside.path(), old.permissions())?;
    }
    aside.write(bytes)?;
    aside.rename(&place)?;
    sweep(dir);
    Ok(())
}

/// The path behind symbolic links.
fn followed(path: &Path) -> io::Result<PathBuf> {
    // As many as Linux follows.
    const LINKS: usize = 40;
    let mut place = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::symlink_metadata(&place) {
            Ok(found) if found.is_symlink() => {
                let target = fs::read_link(&place)?;
                // A relative target starts at the link.
                place = place.parent().map_or_else(|| target.clone(), |dir| dir.join(&target));
            }
            Ok(_) => return Ok(place),
            Err(e) if e.kind() == io::ErrorKind::NotFound && place != path => {
                let text = format!("it is a link that leads nowhere (to {}); nothing is written", place.display());
                return Err(io::Error::new(io::ErrorKind::NotFound, text));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(place),
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::other(format!("it is a link behind more than {LINKS} links; nothing is written")))
}
