//! Files that are written whole: places as `cp` treats them, many writers at one time, kills, a full disk.
#![cfg(unix)]

mod moons;

use autograd_core::module::StateDict;
use autograd_core::{Tensor, seeded};
use moons::{child, sets, stress};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::tempdir;
use wengert_nn::{Linear, Sequential, Tanh, cross_entropy, sequential};
use wengert_optim::Adam;
use wengert_train::{Checkpoint, Snapshot, Trainer};

/// A state of equal numbers: a mixture of two shows.
fn state(value: f32, numbers: usize) -> StateDict {
    let mut state = StateDict::new();
    state.insert("x", Tensor::from_vec(vec![value; numbers], &[numbers]).expect("as many"));
    state
}

fn value(path: &Path) -> Result<f64, String> {
    let state = StateDict::load(path).map_err(|e| e.to_string())?;
    let values = state.get("x").expect("its only tensor").to_f64s();
    if values.iter().all(|value| *value == values[0]) { Ok(values[0]) } else { Err("a mixture".into()) }
}

fn names(dir: &Path) -> Vec<String> {
    let files = fs::read_dir(dir).expect("readable").map(|file| file.expect("readable").file_name());
    let mut names: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn links_modes_and_devices() {
    let dir = tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name);
    let save = |value: f32, name: &str| state(value, 3).save(at(name)).map_err(|e| e.to_string());
    let shown = |name: &str| at(name).display().to_string();
    fs::create_dir(at("below")).expect("new");

    // Chains of links, relative and absolute: the last file is written, the links stay.
    save(1.0, "below/file").expect("writable");
    symlink("below/file", at("near")).expect("new");
    symlink(at("near"), at("far")).expect("new");
    save(2.0, "far").expect("writable");
    assert_eq!(value(&at("below/file")), Ok(2.0));
    assert!(["near", "far"].iter().all(|name| fs::symlink_metadata(at(name)).expect("there").is_symlink()));
    symlink("nowhere", at("lost")).expect("new");
    let expected = format!(
        "{}: it is a link that leads nowhere (to {}); nothing is written",
        shown("lost"),
        at("nowhere").display()
    );
    assert_eq!(save(1.0, "lost"), Err(expected));
    symlink("ring", at("ring")).expect("new");
    let expected = format!("{}: it is a link behind more than 40 links; nothing is written", shown("ring"));
    assert_eq!(save(1.0, "ring"), Err(expected));

    // A hard link is another file's name: it keeps the old bytes.
    fs::hard_link(at("below/file"), at("hard")).expect("one file system");
    save(3.0, "below/file").expect("writable");
    assert_eq!((value(&at("hard")), value(&at("below/file"))), (Ok(2.0), Ok(3.0)));

    // Modes stay; a file that must not be written is not replaced (the superuser may write anything).
    let mode = |name: &str| fs::metadata(at(name)).expect("there").mode() & 0o7777;
    fs::write(at("plain"), "").expect("writable");
    save(1.0, "fresh").expect("writable");
    assert_eq!(mode("fresh"), mode("plain"), "a new file has the usual mode");
    for bits in [0o600, 0o664, 0o755] {
        fs::set_permissions(at("fresh"), fs::Permissions::from_mode(bits)).expect("ours");
        save(2.0, "fresh").expect("writable");
        assert_eq!(mode("fresh"), bits);
    }
    fs::set_permissions(at("fresh"), fs::Permissions::from_mode(0o444)).expect("ours");
    let superuser = OpenOptions::new().write(true).open(at("fresh")).is_ok();
    let outcome = save(4.0, "fresh");
    let expected = format!("{}: Permission denied (os error 13)", shown("fresh"));
    assert_eq!(outcome, if superuser { Ok(()) } else { Err(expected) });
    assert_eq!(value(&at("fresh")), Ok(if superuser { 4.0 } else { 2.0 }));

    // Devices are written into, and are devices afterwards; directories are not replaced.
    state(1.0, 3).save("/dev/null").expect("it takes everything");
    assert!(fs::metadata("/dev/null").expect("there").file_type().is_char_device());
    if Path::new("/dev/full").exists() {
        let text = state(1.0, 3).save("/dev/full").expect_err("it takes nothing").to_string();
        assert_eq!(text, "/dev/full: No space left on device (os error 28)");
    }
    // A pipe is written into through the link that leads to it, as `/dev/stdout` may be one.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
    if Path::new(&link).exists() {
        state(5.0, 3).save(&link).expect("a pipe takes it");
        drop(writer);
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut bytes).expect("it has ended");
        assert_eq!(bytes, state(5.0, 3).to_safetensors().expect("plain"));
    }
    assert_eq!(save(1.0, "below"), Err(format!("{}: Is a directory (os error 21)", shown("below"))));
    assert_eq!(names(&at("below")), ["file"]);
    assert!(names(dir.path()).iter().all(|name| !name.contains("wengert")), "{:?}", names(dir.path()));
}

#[test]
fn what_is_not_of_a_checkpoint_stays_as_it_is() {
    let (dir, other) = (tempdir().expect("a temporary directory"), tempdir().expect("a temporary directory"));
    let thesis = other.path().join("thesis");
    fs::write(&thesis, "mine").expect("writable");
    let foreign = ["checkpoint-trial", "checkpoint-1.safetensors", "checkpoint.json.bak", ".wengert-1.tmp"];
    for name in foreign {
        symlink(&thesis, dir.path().join(name)).expect("new");
    }
    let [train, valid] = sets();
    trainer(dir.path(), 2).fit(&mut wide(), &train, &valid, &mut seeded(7)).expect("room enough");
    assert!(foreign.iter().all(|name| names(dir.path()).iter().any(|there| there == name)));
    assert_eq!(fs::read_to_string(thesis).expect("there"), "mine");
}

#[test]
fn names_as_long_as_they_may_be() {
    let dir = tempdir().expect("a temporary directory");
    for name in ["n".repeat(255), "ä".repeat(127)] {
        let path = dir.path().join(name);
        state(1.0, 3).save(&path).expect("255 bytes");
        assert_eq!(value(&path), Ok(1.0));
    }
    assert_eq!(names(dir.path()).len(), 2);
}

#[test]
fn many_writers_of_one_path() {
    let dir = tempdir().expect("a temporary directory");
    let path = dir.path().join("model.safetensors");
    let done = AtomicBool::new(false);
    state(0.0, 4096).save(&path).expect("writable");
    std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=4_u16)
            .map(|writer| {
                let path = &path;
                scope.spawn(move || {
                    (0..25 * stress()).filter_map(|_| state(writer.into(), 4096).save(path).err()).collect::<Vec<_>>()
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let (mut wrong, mut reads) = (Vec::new(), 0);
            while !done.load(Ordering::Relaxed) || reads == 0 {
                wrong.extend(value(&path).err());
                reads += 1;
            }
            wrong
        });
        let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, Ordering::Relaxed);
        let failed: Vec<_> = ended.into_iter().flat_map(|failed| failed.expect("no panic")).collect();
        assert!(failed.is_empty(), "{} saves failed: {:?}", failed.len(), failed.first());
        let wrong = reader.join().expect("no panic");
        assert!(wrong.is_empty(), "{} reads failed: {:?}", wrong.len(), wrong.first());
    });
    assert_eq!(names(dir.path()), ["model.safetensors"]);
}

const SAVES: &str = "WENGERT_TEST_SAVES";

/// In the process that [`the_dead_are_buried`] starts, and kills: saves for ever.
#[test]
fn child_saves_until_killed() {
    let Ok(dir) = std::env::var(SAVES) else { return };
    loop {
        state(1.0, 1 << 20).save(Path::new(&dir).join("model.safetensors")).expect("writable");
    }
}

#[test]
fn the_dead_are_buried() {
    let dir = tempdir().expect("a temporary directory");
    let path = dir.path().join("model.safetensors");
    let (mut left, mut kills) = (0, 0);
    let parts = || names(dir.path()).into_iter().filter(|name| name.starts_with(".wengert-")).collect::<Vec<_>>();
    // A save that is seen in the middle, and killed, mostly leaves its part.
    while left == 0 || kills < 4 * stress() {
        let before = parts();
        let mut saver = child("child_saves_until_killed", SAVES, dir.path()).spawn().expect("this test runs");
        while !path.exists() || parts().iter().all(|part| before.contains(part)) {
            let ended = saver.try_wait().expect("a child of this process");
            assert!(ended.is_none(), "it has ended by itself: {ended:?}");
        }
        saver.kill().expect("still running");
        saver.wait().expect("killed");
        assert_eq!(value(&path), Ok(1.0));
        left = parts().len();
        kills += 1;
        assert!(kills < 100 * stress(), "no kill of {kills} has left anything");
    }
    fs::write(dir.path().join(".wengert-mine.tmp"), "not written by a save").expect("writable");
    state(2.0, 3).save(&path).expect("writable");
    let rest = names(dir.path());
    assert_eq!(rest, [".wengert-mine.tmp", "model.safetensors"], "{left} files were left by {kills} kills");
}

const FULL: &str = "WENGERT_TEST_FULL";

fn wide() -> Sequential {
    let rng = &mut seeded(7);
    let mut layer = |rows, columns| Linear::new(rows, columns, rng).expect("good sizes");
    sequential![layer(2, 512), Tanh, layer(512, 2)]
}

fn trainer(dir: &Path, epochs: u64) -> Trainer<'static> {
    Trainer::new(Adam::new(0.01), cross_entropy).epochs(epochs).checkpoint(dir)
}

/// In the process that [`a_full_disk`] starts, which may write no file larger than 16 KiB: saves fail in part.
#[test]
fn child_on_a_full_disk() {
    let Ok(dir) = std::env::var(FULL) else { return };
    let dir = Path::new(&dir);
    let before = names(dir);
    let text = state(1.0, 100_000).save(dir.join("model.safetensors")).expect_err("too large").to_string();
    assert!(text.ends_with("model.safetensors: File too large (os error 27)"), "{text}");
    assert_eq!(names(dir), before);

    // The model fits, the state of the optimizer does not.
    let [train, valid] = sets();
    let run = |trainer: Trainer<'_>| trainer.fit(&mut wide(), &train, &valid, &mut seeded(7)).map(|_| ());
    let text = run(trainer(dir, 2).resume(true).allow("epochs")).expect_err("too large").to_string();
    assert!(text.contains(".optimizer.safetensors: File too large"), "{text}");
    assert_eq!((names(dir), Snapshot::load(dir).expect("the one before").epoch), (before, 1));
    // Without a checkpoint before nothing stays but the lock, which is free.
    let text = run(trainer(&dir.join("new"), 1)).expect_err("too large").to_string();
    assert!(text.contains(".optimizer.safetensors: File too large"), "{text}");
    assert_eq!(names(&dir.join("new")), ["checkpoint.lock"]);
}

#[test]
fn a_full_disk() {
    let dir = tempdir().expect("a temporary directory");
    let [train, valid] = sets();
    trainer(dir.path(), 1).fit(&mut wide(), &train, &valid, &mut seeded(7)).expect("room enough");
    assert!(Checkpoint::exists(dir.path()));
    // Blocks of 512 bytes; a write beyond is an error instead of a signal.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -f 32; trap '' XFSZ; exec \"$0\" --exact child_on_a_full_disk --nocapture"]);
    shell.arg(std::env::current_exe().expect("this test")).env(FULL, dir.path());
    let output = shell.output().expect("there is a shell");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}{err}");
    assert!(dir.path().join("new").exists(), "the child did its work");
}
