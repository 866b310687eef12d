//! A profile as a table.

use super::{Entry, Pass, Profile};
use std::fmt;
use std::time::Duration;

const HEADER: [&str; 7] = ["", "calls", "time (µs)", "mean (µs)", "share (%)", "GB/s", "GFLOP/s"];

/// A number in four digits, or all digits before the point if there are more.
fn digits(x: f64) -> String {
    // Where rounding adds a digit.
    match x {
        x if !x.is_finite() => "-".into(),
        x if x < 9.9995 => format!("{x:.3}"),
        x if x < 99.995 => format!("{x:.2}"),
        x if x < 999.95 => format!("{x:.1}"),
        x => format!("{x:.0}"),
    }
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A name on one line, whatever it is made of.
fn line(name: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    name.chars().map(escaped).collect()
}

/// A row: a name, and what stands beside it.
fn row(name: String, entry: &Entry, total: Duration) -> [String; 7] {
    let time = microseconds(entry.time);
    let rate = |count: u64, rate: f64| if count == 0 { "-".into() } else { digits(rate) };
    [
        name,
        entry.calls.to_string(),
        digits(time),
        digits(time / entry.calls as f64),
        digits(time / microseconds(total) * 100.0),
        rate(entry.bytes, entry.gigabytes_per_second()),
        rate(entry.flops, entry.gigaflops_per_second()),
    ]
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = Entry::sum("total", Pass::Forward, self.entries.iter());
        let mut rows = vec![HEADER.map(String::from)];
        for pass in Pass::ALL {
            let entries = || self.entries.iter().filter(move |entry| entry.pass == pass);
            let sum = Entry::sum(pass.name(), pass, entries());
            if sum.calls > 0 {
                rows.push(row(sum.name.into(), &sum, total.time));
                rows.extend(entries().map(|entry| row(format!("  {}", line(entry.name)), entry, total.time)));
            }
        }
        rows.push(row(total.name.into(), &total, total.time));
        let mut widths = [0; 7];
        for row in &rows {
            row.iter().zip(&mut widths).for_each(|(cell, width)| *width = (*width).max(cell.chars().count()));
        }
        for [name, numbers @ ..] in &rows {
            write!(f, "{name:<width$}", width = widths[0])?;
            numbers.iter().zip(&widths[1..]).try_for_each(|(cell, width)| write!(f, "  {cell:>width$}"))?;
            writeln!(f)?;
        }
        let (kernels, all) = (digits(microseconds(total.time)), digits(microseconds(self.time)));
        write!(f, "kernels: {kernels} of {all} µs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &'static str, pass: Pass, calls: u64, micros: u64, bytes: u64, flops: u64) -> Entry {
        Entry { name, pass, calls, time: Duration::from_micros(micros), bytes, flops }
    }

    fn shown(entries: Vec<Entry>) -> String {
        Profile { entries, events: Vec::new(), left_out: 0, products: 0, time: Duration::from_micros(1500) }.to_string()
    }

    #[test]
    fn the_table_is_aligned_and_sums_up() {
        let entries = vec![
            entry("linear", Pass::Backward, 2, 600, 600_000, 48_000_000),
            entry("linear", Pass::Forward, 1, 300, 300_000, 24_000_000),
            entry("größe\n→", Pass::Forward, 12, 75, 9_000, 0),
            entry("sum", Pass::Backward, 1, 25, 1_000, 125),
        ];
        let expected = "            calls  time (µs)  mean (µs)  share (%)   GB/s  GFLOP/s
forward        13      375.0      28.85      37.50  0.824    64.00
  linear        1      300.0      300.0      30.00  1.000    80.00
  größe\\n→     12      75.00      6.250      7.500  0.120        -
backward        3      625.0      208.3      62.50  0.962    76.80
  linear        2      600.0      300.0      60.00  1.000    80.00
  sum           1      25.00      25.00      2.500  0.040    0.005
total          16       1000      62.50      100.0  0.910    72.00
kernels: 1000 of 1500 µs";
        assert_eq!(shown(entries), expected);
    }

    #[test]
    fn a_profile_of_nothing_is_a_table_too() {
        let expected = "       calls  time (µs)  mean (µs)  share (%)  GB/s  GFLOP/s
total      0      0.000          -          -     -        -
kernels: 0.000 of 1500 µs";
        assert_eq!(shown(Vec::new()), expected);
    }

    #[test]
    fn numbers_have_four_digits_after_rounding() {
        let cases = [(0.0, "0.000"), (9.9994, "9.999"), (9.9996, "10.00"), (99.996, "100.0"), (999.96, "1000")];
        for (x, text) in cases.into_iter().chain([(123_456.7, "123457"), (f64::NAN, "-"), (f64::INFINITY, "-")]) {
            assert_eq!(digits(x), text);
        }
    }
}
