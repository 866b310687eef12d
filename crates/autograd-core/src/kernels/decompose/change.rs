//! A diagonal to which something of rank one is added: which of its values change, and how their vectors are put
//! together.

use super::super::real::Real;

/// A diagonal of d with a change along z, apart from what stays as it is.
pub struct Change<T> {
    /// Of those that change, in rising order of d: d, z, and their place.
    pub kept: Vec<(T, T, usize)>,
    /// Those that stay: d and its place.
    pub stay: Vec<(T, usize)>,
    /// Rotations of two places, in their order: the places, the cosine and the sine.
    pub rotations: Vec<(usize, usize, T, T)>,
}

impl<T: Real> Change<T> {
    /// The d and z that change.
    pub fn kept(&self) -> (Vec<T>, Vec<T>) {
        self.kept.iter().map(|(d, z, _)| (*d, *z)).unzip()
    }

    /// The values that were found for those that change, among those that stay: in rising order, each with its number.
    pub fn sorted(&self, found: Vec<T>) -> Vec<(T, usize)> {
        let stay = self.stay.iter().map(|(d, _)| *d);
        let mut all: Vec<(T, usize)> = found.into_iter().chain(stay).enumerate().map(|(i, d)| (d, i)).collect();
        all.sort_by(|(a, _), (b, _)| a.as_f64().total_cmp(&b.as_f64()));
        all
    }

    /// The vector of the value with this number, by places, in a row of zeros; `found` has a row for each that changes.
    pub fn vector(&self, number: usize, found: &[T], row: &mut [T]) {
        let k = self.kept.len();
        match number.checked_sub(k) {
            Some(i) => row[self.stay[i].1] = T::ONE,
            None => self.kept.iter().zip(&found[number * k..]).for_each(|((_, _, place), x)| row[*place] = *x),
        }
        for (first, second, cosine, sine) in self.rotations.iter().rev() {
            let (x, y) = (row[*first], row[*second]);
            row[*first] = *cosine * x - *sine * y;
            row[*second] = *sine * x + *cosine * y;
        }
    }
}

/// The places of numbers in rising order.
pub fn rising<T: Real>(d: &[T]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..d.len()).collect();
    order.sort_by(|i, j| d[*i].as_f64().total_cmp(&d[*j].as_f64()));
    order
}
