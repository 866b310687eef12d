//! The summary's table, as data and as text.

use std::fmt;

/// The result of [`summary`](super::summary); its `Display` is the table.
///
/// # Examples
/// ```
/// use wengert_nn::{Linear, Summary, summary};
/// let table: Summary = summary(&Linear::new(3, 2, &mut autograd_core::seeded(7))?, &[3])?;
/// assert_eq!((table.trainable, table.frozen, table.bytes, table.multiply_adds), (8, 0, 32, 6));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// One row for each call of a layer, in the order they ran. A layer made of others has a row only if it has
    /// parameters besides theirs, multiplies itself, or runs its parts without [`Layer::call`](crate::Layer::call).
    pub rows: Vec<Row>,
    /// How many numbers are trained.
    pub trainable: usize,
    /// How many numbers of parameters are not trained.
    pub frozen: usize,
    /// Bytes of parameters and buffers.
    pub bytes: usize,
    /// The multiplications with an addition of all rows together; see
    /// [`Profile::multiply_adds`](autograd_core::Profile::multiply_adds).
    pub multiply_adds: u64,
}

/// A row of a [`Summary`].
///
/// # Examples
/// ```
/// use wengert_nn::{Linear, ReLU, sequential, summary};
/// let model = sequential![Linear::new(3, 2, &mut autograd_core::seeded(7))?, ReLU];
/// let row = &summary(&model, &[3])?.rows[0];
/// assert_eq!((&*row.name, &*row.kind, &*row.output, row.parameters), ("0", "Linear", "[N, 2]", 8));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The place of the layer, as in the names of its parameters; empty for the model itself.
    pub name: String,
    /// The type of the layer; empty if it was not run with [`Layer::call`](crate::Layer::call).
    pub kind: String,
    /// The shape of its output, N the batch; empty if it was not run with [`Layer::call`](crate::Layer::call).
    pub output: String,
    /// How many numbers its own parameters have, without those of other rows.
    pub parameters: usize,
    /// The bytes of those.
    pub bytes: usize,
    /// The multiplications with an addition that it does itself.
    pub multiply_adds: u64,
}

impl Row {
    fn title(&self) -> String {
        match (self.name.as_str(), self.kind.as_str()) {
            (name, "") => name.into(),
            ("", kind) => kind.into(),
            (name, kind) => format!("{name} ({kind})"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![["layer".into(), "output".into(), "parameters".into(), "multiply-adds".into()]];
        lines.extend(
            self.rows.iter().map(|row| {
                [row.title(), row.output.clone(), grouped(row.parameters as u64), grouped(row.multiply_adds)]
            }),
        );
        let totals = [
            ("trainable", self.trainable as u64),
            ("frozen", self.frozen as u64),
            ("bytes", self.bytes as u64),
            ("multiply-adds", self.multiply_adds),
        ];
        lines.extend(totals.map(|(name, count)| [name.into(), String::new(), grouped(count), String::new()]));

        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let [w0, w1, w2, w3] = [width(0), width(1), width(2), width(3)];
        let rule = "─".repeat(w0 + w1 + w2 + w3 + 3);
        for (at, [name, output, count, work]) in lines.iter().enumerate() {
            write!(f, "{name:<w0$} {output:<w1$} {count:>w2$}")?;
            if !work.is_empty() {
                write!(f, " {work:>w3$}")?;
            }
            if at == 0 || at == self.rows.len() {
                write!(f, "\n{rule}")?;
            }
            if at + 1 < lines.len() {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A count with its digits in groups of three: `203,530`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
