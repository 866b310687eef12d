//! Files under names of their own, which are renamed into place or removed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A file that is being written. Its name is new and short, whatever the name it will have. It is locked while its
/// writer lives, so the file of a killed writer can be told from that of one at work; dropped, it is removed.
pub(super) struct Aside {
    file: File,
    path: PathBuf,
    placed: bool,
}

impl Aside {
    pub(super) fn new(dir: &Path) -> io::Result<Aside> {
        loop {
            let path = dir.join(new_name());
            let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(e),
            };
            // Another writer's sweep may have come between: what it holds, or has removed, is given up. Where the file
            // system knows no locks, no sweep removes anything either.
            let swept =
                matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || fs::symlink_metadata(&path).is_err();
            let aside = Aside { file, path, placed: false };
            if !swept {
                return Ok(aside);
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.write_all(bytes)?;
        file.sync_all()
    }

    pub(super) fn rename(mut self, place: &Path) -> io::Result<()> {
        fs::rename(&self.path, place)?;
        self.placed = true;
        // The name is on the disk when the directory is. Where a directory cannot be opened or synced as a file is, the
        // system does what it can.
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        drop(File::open(dir).and_then(|dir| dir.sync_all()));
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.placed {
            // The failure itself is reported; that the rest could not be removed adds nothing.
            let _ = fs::remove_file(&self.path);
        }
    }
}

const PREFIX: &str = ".wengert-";
const SUFFIX: &str = ".tmp";
/// Process, moment and count, each in hexadecimal digits.
const DIGITS: [usize; 3] = [8, 16, 8];

/// A name that no other writer uses; `create_new` decides where ids of processes repeat, as in containers.
fn new_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & 0xffff_ffff;
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |moment| moment.as_nanos() as u64);
    format!("{PREFIX}{:08x}-{moment:016x}-{count:08x}{SUFFIX}", std::process::id())
}

fn is_ours(name: &str) -> bool {
    let Some(digits) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) else { return false };
    let parts: Vec<&str> = digits.split('-').collect();
    parts.len() == DIGITS.len()
        && parts.iter().zip(DIGITS).all(|(part, n)| part.len() == n && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Removes what killed writers left in the directory: files with such a name that no process has locked. What cannot
/// be removed does no harm.
pub(super) fn sweep(dir: &Path) {
    let Ok(files) = fs::read_dir(dir) else { return };
    for file in files.flatten() {
        let plain = file.file_type().is_ok_and(|kind| kind.is_file());
        if !plain || !file.file_name().to_str().is_some_and(is_ours) {
            continue;
        }
        let Ok(open) = OpenOptions::new().write(true).open(file.path()) else { continue };
        if open.try_lock().is_ok() {
            let _ = fs::remove_file(file.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Aside, is_ours, new_name, sweep};
    use std::fs;

    #[test]
    fn names_are_new_and_known_again() {
        let (a, b) = (new_name(), new_name());
        assert!(a != b && is_ours(&a) && is_ours(&b), "{a} {b}");
        for other in [".wengert-1-2-3.tmp", "model.tmp", &a[1..], &format!("{a}.tmp"), &a.replace('0', "g")] {
            assert!(!is_ours(other) || other == a, "{other}");
        }
    }

    #[test]
    fn a_sweep_takes_the_dead_only() {
        let dir = std::env::temp_dir().join(new_name().replace(".tmp", ""));
        fs::create_dir(&dir).expect("a new directory");
        let alive = Aside::new(&dir).expect("writable");
        let dead = dir.join(new_name());
        fs::write(&dead, "left behind").expect("writable");
        fs::write(dir.join("mine.tmp"), "another's").expect("writable");
        sweep(&dir);
        assert!(alive.path().exists() && !dead.exists() && dir.join("mine.tmp").exists());
        let path = alive.path().to_path_buf();
        drop(alive);
        assert!(!path.exists());
        fs::remove_dir_all(dir).expect("ours");
    }
}
