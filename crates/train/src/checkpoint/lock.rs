//! The owner of a directory.

use autograd_core::{Error, Result};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whether a file system knows no locks: also one of a network whose service for them is not there.
fn has_none(error: &std::io::Error) -> bool {
    // `flock` says so by ENOLCK.
    const NO_LOCKS: Option<i32> = if cfg!(target_os = "linux") { Some(37) } else { None };
    error.kind() == ErrorKind::Unsupported || NO_LOCKS.is_some_and(|code| error.raw_os_error() == Some(code))
}

const LOCK: &str = "checkpoint.lock";

/// The right to write into a directory, until it is dropped. The operating system holds it for the process and takes it
/// back when the process ends, however it ends; the file that stays means nothing by itself. It says who holds it.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the directory, which is made if it does not exist.
    ///
    /// # Errors
    /// If another run has it, with the name of that; if the directory cannot be written.
    pub(crate) fn take(dir: &Path) -> Result<Lock> {
        let fail = |e: std::io::Error| Error::file(dir, e);
        fs::create_dir_all(dir).map_err(fail)?;
        let path = dir.join(LOCK);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(fail)?;
        // An owner writes its name after it has taken the lock, and removes it before it gives it back.
        let mut patience = 100;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                // A file system without locks: runs are kept apart by the user alone.
                Err(TryLockError::Error(e)) if has_none(&e) => break,
                Err(TryLockError::Error(e)) => return Err(fail(e)),
                Err(TryLockError::WouldBlock) => {}
            }
            let holder = fs::read_to_string(&path).unwrap_or_default();
            if let Some((holder, _)) = holder.split_once('\n') {
                return Err(taken(dir, holder));
            }
            if patience == 0 {
                return Err(taken(dir, "another process"));
            }
            patience -= 1;
            std::thread::sleep(Duration::from_millis(2));
        }
        // The text is for people only: that it could not be written is no reason to stop.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", this_process()));
        Ok(Lock(file))
    }

    /// Whether the directory is the one that was taken: it may have been removed, and made anew by another run.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn check(&self, dir: &Path) -> Result<()> {
        if self.is_at(&dir.join(LOCK)) {
            return Ok(());
        }
        let text = format!("the directory, or its {LOCK}, was removed while a run had it; nothing is written");
        Err(Error::file(dir, text))
    }

    #[cfg(unix)]
    fn is_at(&self, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let place = |found: fs::Metadata| (found.dev(), found.ino());
        let (own, there) = (self.0.metadata().map(place), fs::metadata(path).map(place));
        own.is_ok_and(|own| there.is_ok_and(|there| own == there))
    }

    /// An open file cannot be removed elsewhere.
    #[cfg(not(unix))]
    fn is_at(&self, _: &Path) -> bool {
        true
    }
}

fn taken(dir: &Path, holder: &str) -> Error {
    // The holder may be the run itself, with two of them.
    let needs = "each run needs its own directory, and of one run one Checkpoint does both, every and best";
    Error::file(dir, format!("a run is writing its checkpoints here: {holder}; {needs}"))
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.set_len(0);
        // Closing does it, too, but later if a child process was started in between.
        let _ = self.0.unlock();
    }
}

fn this_process() -> String {
    let host =
        ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter().find_map(|path| fs::read_to_string(path).ok());
    let host = host.or_else(|| ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(|name| std::env::var(name).ok()));
    let host = host.map_or("an unknown host".into(), |host| format!("host {}", host.trim()));
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    format!("process {} on {host} since {}", std::process::id(), utc(seconds))
}

/// `2026-11-26T10:00:00Z`, by the calendar of H. Hinnant, "chrono-compatible low-level date algorithms".
fn utc(seconds: u64) -> String {
    // Days since 1 March of the year 0, in eras of 400 years that all have as many days.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_utc() {
        // By `date -u -d @…`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_687_476, "2026-11-26T10:04:36Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn one_owner_at_a_time() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let lock = Lock::take(dir.path()).expect("free");
        let text = Lock::take(dir.path()).expect_err("taken").to_string();
        let place = format!(
            "{}: a run is writing its checkpoints here: process {} on ",
            dir.path().display(),
            std::process::id()
        );
        let end = "Z; each run needs its own directory, and of one run one Checkpoint does both, every and best";
        assert!(text.starts_with(&place) && text.ends_with(end), "{text}");
        drop(lock);
        // The file stays, and means nothing.
        assert_eq!(fs::read_to_string(dir.path().join(LOCK)).expect("readable"), "");
        Lock::take(dir.path()).expect("free again");
    }
}
