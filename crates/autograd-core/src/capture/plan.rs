//! The plan of a program's memory: values whose lives do not overlap share bytes.

use super::record::{Place, Record};

/// Values begin at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// The steps between which a value is needed, both included.
#[derive(Clone, Copy, Debug)]
struct Life {
    first: usize,
    last: usize,
}

/// The first byte of each value in one room, and the size of the room. Values of `apart` are not in it.
///
/// The largest value is placed first, each at the lowest place that is free for its whole life.
pub(super) fn plan(record: &Record, apart: &[usize]) -> (Vec<usize>, usize) {
    let lives = lives(record);
    let mut order: Vec<usize> =
        (0..record.values.len()).filter(|v| !apart.contains(v) && lives[*v].is_some()).collect();
    order.sort_by_key(|value| std::cmp::Reverse(record.values[*value]));
    let mut starts = vec![0; record.values.len()];
    let mut placed: Vec<(Life, std::ops::Range<usize>)> = Vec::new();
    let mut size = 0;
    for value in order {
        let Some(life) = lives[value] else { continue };
        let bytes = record.values[value].next_multiple_of(ALIGNMENT).max(ALIGNMENT);
        let together =
            |(other, _): &&(Life, std::ops::Range<usize>)| other.first <= life.last && life.first <= other.last;
        // Sorted by place: the first gap that is wide enough.
        let mut start = 0;
        for (_, taken) in placed.iter().filter(together) {
            if start + bytes <= taken.start {
                break;
            }
            start = start.max(taken.end);
        }
        starts[value] = start;
        size = size.max(start + bytes);
        let at = placed.partition_point(|(_, taken)| taken.start < start);
        placed.insert(at, (life, start..start + bytes));
    }
    (starts, size)
}

/// The life of each value: from the first step that writes it to the last that reads or writes it.
fn lives(record: &Record) -> Vec<Option<Life>> {
    let mut lives: Vec<Option<Life>> = vec![None; record.values.len()];
    for (i, step) in record.steps.iter().enumerate() {
        let read = step.operands.iter().filter_map(|source| match source.place {
            Place::Made(value) => Some(value),
            Place::Given(_) | Place::Constant(_) => None,
        });
        for value in read.chain(step.result.iter().map(|(value, _)| *value)) {
            lives[value].get_or_insert(Life { first: i, last: i }).last = i;
        }
    }
    lives
}
