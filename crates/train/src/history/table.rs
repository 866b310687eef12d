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
        if self.epochs.is_empty() {
            return f.write_str("no epochs");
        }
        let names = self.names();
        let head = ["epoch", "lr"].into_iter().chain(names.iter().map(String::as_str)).map(printable).collect();
        let rows: Vec<Vec<String>> =
            std::iter::once(head).chain(self.epochs.iter().map(|epoch| row(epoch, &names))).collect();
        let mut widths = vec![0; rows[0].len()];
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

/// Of what was not measured in an epoch the cell is empty.
fn row(epoch: &EpochRecord, names: &[String]) -> Vec<String> {
    let values = names.iter().map(|name| epoch.get(name).map(short).unwrap_or_default());
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

    #[test]
    fn what_is_measured_from_some_epoch_on_has_a_column_of_its_own() {
        let of = |names: &[&str]| names.iter().map(|name| (name.to_string(), 0.5)).collect();
        let record =
            |epoch, train: &[&str], valid: &[&str]| EpochRecord { epoch, lr: 0.1, train: of(train), valid: of(valid) };
        let history = History {
            epochs: vec![record(1, &["loss", "old"], &[]), record(2, &["loss", "new"], &["loss"])],
            ..Default::default()
        };
        let table = "epoch      lr    loss     old     new  val_loss\n    \
                     1  0.1000  0.5000  0.5000                  \n    2  0.1000  0.5000          0.5000    0.5000";
        assert_eq!(history.to_string(), table);
        // One epoch has a loss of the validation set, and is the best of those.
        assert_eq!(history.best().map(|epoch| epoch.epoch), Some(2));
    }
}
