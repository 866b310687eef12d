//! A history as a table.

use super::short::short;
use super::{EpochRecord, History};
use std::fmt;

/// ```text
/// epoch        lr    loss  val_loss
///     1  0.001000  0.6931    0.6012
/// ```
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.epochs.first() else { return f.write_str("no epochs") };
        let rows: Vec<Vec<String>> = std::iter::once(head(first)).chain(self.epochs.iter().map(row)).collect();
        let mut widths = vec![0; rows.iter().map(Vec::len).max().unwrap_or(0)];
        for (column, cell) in rows.iter().flat_map(|row| row.iter().enumerate()) {
            widths[column] = widths[column].max(cell.len());
        }
        for (line, row) in rows.iter().enumerate() {
            if line > 0 {
                f.write_str("\n")?;
            }
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                write!(f, "{}{cell:>width$}", if column > 0 { "  " } else { "" })?;
            }
        }
        match &self.stopped {
            Some(reason) => write!(f, "\nstopped: {reason}"),
            None => Ok(()),
        }
    }
}

fn head(epoch: &EpochRecord) -> Vec<String> {
    let train = epoch.train.iter().map(|(name, _)| name.to_string());
    let valid = epoch.valid.iter().map(|(name, _)| format!("val_{name}"));
    ["epoch".into(), "lr".into()].into_iter().chain(train).chain(valid).collect()
}

fn row(epoch: &EpochRecord) -> Vec<String> {
    let values = epoch.train.iter().chain(epoch.valid.iter()).map(|(_, value)| short(value));
    [epoch.epoch.to_string(), short(epoch.lr)].into_iter().chain(values).collect()
}
