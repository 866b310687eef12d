//! The order of the products of an einsum.

/// So many operands have their best order found by trying all; more are reduced to so many, the cheapest product first.
const TRIED: usize = 8;

/// The operands as sets of labels, a bit for each, and the sizes of the labels.
pub(super) struct Path<'a> {
    pub(super) result: u128,
    pub(super) sizes: &'a [f64],
}

impl Path<'_> {
    /// The number of multiplications, and of elements of the result, of the product of two.
    fn cost(&self, a: u128, b: u128, kept: u128) -> f64 {
        let count = |labels: u128| {
            let present = (0..self.sizes.len()).filter(|i| labels >> i & 1 == 1);
            present.map(|i| self.sizes[i].max(1.0)).product::<f64>()
        };
        count(a | b) + count((a | b) & kept)
    }

    /// The labels that are still needed when some operands are multiplied: those of the result and of all others.
    fn needed(&self, others: impl Iterator<Item = u128>) -> u128 {
        others.fold(self.result, |all, labels| all | labels)
    }

    /// Pairs to multiply, one after the other: their places in the list, from which both are taken, and behind which
    /// the product is put.
    pub(super) fn order(&self, operands: &[u128]) -> Vec<(usize, usize)> {
        let (mut list, mut pairs) = (operands.to_vec(), Vec::new());
        while list.len() > 1 {
            let (i, j) = if list.len() > TRIED { self.cheapest(&list) } else { self.first_of_best(&list) };
            let needed = self.needed((0..list.len()).filter(|k| *k != i && *k != j).map(|k| list[k]));
            let (b, a) = (list.remove(j), list.remove(i));
            list.push((a | b) & needed);
            pairs.push((i, j));
        }
        pairs
    }

    fn cheapest(&self, list: &[u128]) -> (usize, usize) {
        let mut best = (f64::INFINITY, (0, 1));
        for j in 1..list.len() {
            for i in 0..j {
                let needed = self.needed((0..list.len()).filter(|k| *k != i && *k != j).map(|k| list[k]));
                let cost = self.cost(list[i], list[j], needed);
                if cost < best.0 {
                    best = (cost, (i, j));
                }
            }
        }
        best.1
    }

    /// A pair of operands that the cheapest of all orders multiplies with each other.
    fn first_of_best(&self, list: &[u128]) -> (usize, usize) {
        let n = list.len();
        let members = |set: usize| (0..n).filter(move |i| set >> i & 1 == 1);
        let all = (1 << n) - 1;
        // What is left of the labels of each set of operands when they are multiplied.
        let kept: Vec<u128> = (0..=all)
            .map(|set| {
                let labels = members(set).fold(0, |labels, i| labels | list[i]);
                labels & self.needed(members(all & !set).map(|i| list[i]))
            })
            .collect();
        let mut best: Vec<(f64, usize)> = vec![(0.0, 0); all + 1];
        for set in 1..=all {
            if set.count_ones() < 2 {
                continue;
            }
            best[set].0 = f64::INFINITY;
            // The parts that have the first member: each cut is seen once.
            let first = set & set.wrapping_neg();
            let mut part = (set - 1) & set;
            while part > 0 {
                if part & first != 0 {
                    let rest = set & !part;
                    let cost = best[part].0
                        + best[rest].0
                        + self.cost(list_of(list, &kept, part), list_of(list, &kept, rest), kept[set]);
                    if cost < best[set].0 {
                        best[set] = (cost, part);
                    }
                }
                part = (part - 1) & set;
            }
        }
        let mut set = all;
        while set.count_ones() > 2 {
            let part = best[set].1;
            set = if part.count_ones() > 1 { part } else { set & !part };
        }
        let mut pair = members(set);
        match (pair.next(), pair.next()) {
            (Some(i), Some(j)) => (i, j),
            _ => unreachable!("a set of two"),
        }
    }
}

/// The labels of a set: those of a single operand are its own.
fn list_of(list: &[u128], kept: &[u128], set: usize) -> u128 {
    if set.count_ones() == 1 { list[set.trailing_zeros() as usize] } else { kept[set] }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_chain_is_multiplied_from_its_thin_end() {
        // ab, bc, cd, d: the vector first.
        let path = Path { result: 1, sizes: &[100.0, 90.0, 80.0, 70.0] };
        assert_eq!(path.order(&[0b11, 0b110, 0b1100, 0b1000]), [(2, 3), (1, 2), (0, 1)]);
    }

    #[test]
    fn a_long_chain_of_equal_matrices_costs_one_product_each() {
        let operands: Vec<u128> = (0..20).map(|i| 0b11 << i).collect();
        let path = Path { result: 1 | 1 << 20, sizes: &[3.0; 21] };
        let mut list = operands.clone();
        for (i, j) in path.order(&operands) {
            let others = (0..list.len()).filter(|k| *k != i && *k != j).fold(path.result, |all, k| all | list[k]);
            let (b, a) = (list.remove(j), list.remove(i));
            assert_ne!(a & b, 0, "no outer product");
            list.push((a | b) & others);
        }
        assert_eq!(list, [path.result]);
    }
}
