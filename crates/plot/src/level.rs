//! Level lines of a function on a grid.

use std::collections::BTreeMap;

/// The values of a function at the corners of a grid of `columns` times `rows` cells, row by row.
pub(crate) struct Grid {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// (columns + 1) · (rows + 1).
    pub(crate) values: Vec<f64>,
}

/// A side of a cell: the corner at its lower left end, and whether it goes up from there.
type Side = (usize, usize, bool);

impl Grid {
    fn at(&self, column: usize, row: usize) -> f64 {
        self.values[row * (self.columns + 1) + column]
    }

    /// The place where a side has the level, in cells from the corner of the grid.
    fn crossing(&self, (column, row, up): Side, level: f64) -> (f64, f64) {
        let (a, b) = (self.at(column, row), if up { self.at(column, row + 1) } else { self.at(column + 1, row) });
        let way = ((level - a) / (b - a)).clamp(0.0, 1.0);
        let (x, y) = (column as f64, row as f64);
        if up { (x, y + way) } else { (x + way, y) }
    }

    /// The lines of a level, each from side to side of cells. A cell with a corner that is not finite has none.
    pub(crate) fn lines(&self, level: f64) -> Vec<Vec<(f64, f64)>> {
        let mut neighbours: BTreeMap<Side, Vec<Side>> = BTreeMap::new();
        let mut join = |a: Side, b: Side| {
            neighbours.entry(a).or_default().push(b);
            neighbours.entry(b).or_default().push(a);
        };
        for (row, column) in (0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (row, column))) {
            let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(right, up)| self.at(column + right, row + up));
            if corners.iter().any(|value| !value.is_finite()) {
                continue;
            }
            // In a turn: below, right, above, left.
            let sides = [(column, row, false), (column + 1, row, true), (column, row + 1, false), (column, row, true)];
            let above = corners.map(|value| value > level);
            let crossed: Vec<Side> = (0..4).filter(|i| above[*i] != above[(i + 1) % 4]).map(|i| sides[i]).collect();
            match crossed[..] {
                [a, b] => join(a, b),
                // A saddle: its middle belongs to two of the corners.
                [below, right, top, left] => {
                    let middle = corners.iter().map(|value| value / 4.0).sum::<f64>() > level;
                    let pairs =
                        if middle == above[0] { [(below, right), (top, left)] } else { [(left, below), (right, top)] };
                    pairs.into_iter().for_each(|(a, b)| join(a, b));
                }
                _ => {}
            }
        }
        let mut lines = Vec::new();
        // Open lines first, from their ends; what is left then is closed.
        for ends in [1, 2] {
            while let Some(start) = neighbours.iter().find(|(_, all)| all.len() == ends).map(|(side, _)| *side) {
                let mut line = vec![self.crossing(start, level)];
                let mut side = start;
                while let Some(next) = neighbours.get_mut(&side).and_then(Vec::pop) {
                    if let Some(back) = neighbours.get_mut(&next)
                        && let Some(at) = back.iter().position(|other| *other == side)
                    {
                        back.remove(at);
                    }
                    line.push(self.crossing(next, level));
                    side = next;
                }
                neighbours.retain(|_, all| !all.is_empty());
                lines.push(line);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(n: usize, f: impl Fn(f64, f64) -> f64) -> Grid {
        let at = |i: usize| i as f64 / n as f64 * 2.0 - 1.0;
        let values = (0..=n).flat_map(|row| (0..=n).map(move |column| (column, row)));
        Grid { columns: n, rows: n, values: values.map(|(column, row)| f(at(column), at(row))).collect() }
    }

    #[test]
    fn a_circle_is_one_closed_line_of_its_radius() {
        let lines = grid(40, |x, y| x * x + y * y).lines(0.25);
        let [line] = &lines[..] else { panic!("{} lines", lines.len()) };
        assert_eq!(line.first(), line.last());
        assert!(line.len() > 60);
        for (x, y) in line {
            let (x, y) = (x / 20.0 - 1.0, y / 20.0 - 1.0);
            assert!((x.hypot(y) - 0.5).abs() < 2e-3, "{x} {y}");
        }
    }

    #[test]
    fn lines_of_a_saddle_and_of_a_slope_end_at_the_border() {
        let slope = grid(10, |x, _| x).lines(0.1);
        assert_eq!((slope.len(), slope[0].len()), (1, 11));
        assert!(slope[0].iter().all(|(x, _)| (x - 5.5).abs() < 1e-12));
        let saddle = grid(11, |x, y| x * y).lines(0.05);
        assert_eq!(saddle.len(), 2);
        assert!(grid(3, |_, _| 1.0).lines(1.0).is_empty() && grid(3, |_, _| f64::NAN).lines(1.0).is_empty());
        // One cell, two of its corners above: two lines, which side they are on depends on the middle.
        for (low, count) in [(0.4, 2), (-0.4, 2)] {
            assert_eq!(grid(1, |x, y| if x * y > 0.0 { 1.0 } else { low }).lines(0.5).len(), count);
        }
    }
}
