//! A history as a table.

use super::short::short;
use super::width::{printable, right, width};
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
            widths[column] = widths[column].max(width(cell));
        }
        for (line, row) in rows.iter().enumerate() {
            if line > 0 {
                f.write_str("\n")?;
            }
            for (column, (cell, columns)) in row.iter().zip(&widths).enumerate() {
                write!(f, "{}{}", if column > 0 { "  " } else { "" }, right(cell, *columns))?;
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
    ["epoch".into(), "lr".into()].into_iter().chain(train).chain(valid).map(|name: String| printable(&name)).collect()
}

fn row(epoch: &EpochRecord) -> Vec<String> {
    let values = epoch.train.iter().chain(epoch.valid.iter()).map(|(_, value)| short(value));
    [epoch.epoch.to_string(), short(epoch.lr)].into_iter().chain(values).collect()
}

#[cfg(test)]
mod tests {
    use crate::history::{EpochRecord, History};

    #[test]
    fn columns_stand_below_each_other() {
        let values = [("loss", 0.5), ("größe", 0.25), ("精度", 1.0), ("a\nb", 2.0)];
        let train = values.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        let history = History {
            epochs: vec![EpochRecord { epoch: 1, lr: 0.1, train, ..Default::default() }],
            ..Default::default()
        };
        let table = "epoch      lr    loss   größe   精度    a\u{fffd}b\n    1  0.1000  0.5000  0.2500  1.000  2.000";
        assert_eq!(history.to_string(), table);
    }
}
