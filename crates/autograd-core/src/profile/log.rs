//! The log of the kernels that run.

use super::{Entry, Pass, Profile};
use crate::tape::is_walking;
use crate::tensor::timer::{Cost, Timer};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// One kernel that ran.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) pass: Pass,
    /// Since the profile began.
    pub(super) start: Duration,
    pub(super) time: Duration,
    pub(super) shape: SmallVec<[usize; 4]>,
    pub(super) bytes: u64,
    pub(super) flops: u64,
}

/// The kernels of a profile under way.
pub(super) struct Log {
    began: Instant,
    /// So many events are kept.
    most: usize,
    /// The profile around this one.
    outer: Option<Rc<dyn Timer>>,
    seen: RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    /// In the order of their first kernels.
    entries: Vec<Entry>,
    /// Where they are.
    places: HashMap<(&'static str, Pass), usize>,
    events: Vec<Event>,
    left_out: u64,
    products: u64,
}

impl Log {
    pub(super) fn new(most: usize, outer: Option<Rc<dyn Timer>>) -> Log {
        Log { began: Instant::now(), most, outer, seen: RefCell::default() }
    }

    /// What there is by now.
    pub(super) fn finish(&self) -> Profile {
        let time = self.began.elapsed();
        let Seen { mut entries, events, left_out, products, .. } = self.seen.take();
        entries.sort_by_key(|entry| Reverse(entry.time));
        Profile { entries, events, left_out, products, time }
    }
}

impl Timer for Log {
    fn ran(&self, start: Instant, time: Duration, cost: &Cost<'_>) {
        let Cost { op: name, shape, bytes, flops, products, walked } = *cost;
        let pass = if walked.unwrap_or_else(is_walking) { Pass::Backward } else { Pass::Forward };
        let mut seen = self.seen.borrow_mut();
        seen.products = seen.products.saturating_add(products);
        let one = Entry { name, pass, calls: 1, time, bytes, flops };
        let Seen { entries, places, events, left_out, .. } = &mut *seen;
        let place = *places.entry((name, pass)).or_insert(entries.len());
        match entries.get_mut(place) {
            Some(entry) => *entry = Entry::sum(name, pass, [&*entry, &one].into_iter()),
            None => entries.push(one),
        }
        if events.len() < self.most {
            let (start, shape) = (start.duration_since(self.began), SmallVec::from_slice(shape));
            events.push(Event { name, pass, start, time, shape, bytes, flops });
        } else {
            *left_out += 1;
        }
        if let Some(outer) = &self.outer {
            outer.ran(start, time, cost);
        }
    }
}
