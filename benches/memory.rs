//! The peak memory of a step, as Linux counts it.

use crate::workloads::{Result, Step};
use std::fs;

/// The most memory that a step and what it keeps take beside the data and the model, in bytes.
pub fn peak(mut step: Step) -> Result<u64> {
    wengert::core::memory::trim();
    let before = resident("RssAnon")?;
    step()?;
    // The highest mark begins here.
    fs::write("/proc/self/clear_refs", "5")?;
    for _ in 0..5 {
        step()?;
    }
    // Pages of files are code, which is there once for all programs.
    Ok((resident("VmHWM")? - resident("RssFile")? - resident("RssShmem")?).saturating_sub(before))
}

/// A size of this process by the name that proc(5) gives it, in bytes.
fn resident(name: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let line = line.ok_or_else(|| format!("no {name} in /proc/self/status"))?;
    Ok(1024 * line.trim().trim_end_matches(" kB").parse::<u64>()?)
}
