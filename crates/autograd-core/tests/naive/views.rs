//! Chains of views.

use crate::model::{Dice, Model, moved};
use autograd_core::{Result, Tensor};

/// A view of both, and its name; `None` if there is none of this sort.
fn step(dice: &mut Dice, x: &Tensor, m: &Model) -> Option<(String, Result<Tensor>, Model)> {
    let rank = m.rank();
    let d = dice.below(rank);
    let size = m.shape.get(d).copied();
    let with = |d: usize, new: usize| {
        let mut shape = m.shape.clone();
        shape[d] = new;
        shape
    };
    let moved_to = |d: usize, at: &[usize], to: usize| {
        let mut at = at.to_vec();
        at[d] = to;
        m.at(&at)
    };
    match (dice.below(13), size) {
        (0, _) => {
            let mut order: Vec<usize> = (0..rank).collect();
            (1..rank).for_each(|i| order.swap(i, dice.below(i + 1)));
            let dims: Vec<isize> = order.iter().map(|d| dice.dim(*d, rank)).collect();
            let shape: Vec<usize> = order.iter().map(|d| m.shape[*d]).collect();
            let y = Model::build(&shape, |at| {
                let mut from = vec![0; rank];
                order.iter().zip(at).for_each(|(d, at)| from[*d] = at);
                m.at(&from)
            });
            Some((format!("permute({dims:?})"), x.permute(&dims), y))
        }
        (1, Some(size)) => {
            let start = dice.below(size + 1);
            let len = dice.below(size - start + 1);
            let y = Model::build(&with(d, len), |at| moved_to(d, &at, at[d] + start));
            Some((format!("narrow({d}, {start}, {len})"), x.narrow(dice.dim(d, rank), start, len), y))
        }
        (2, Some(size)) => {
            let (start, by) = (dice.below(size + 1), 1 + dice.below(3));
            let end = start + dice.below(size - start + 1);
            let len = (end - start).div_ceil(by);
            let y = Model::build(&with(d, len), |at| moved_to(d, &at, start + at[d] * by));
            // The start may count from the end, and an end beyond the last is the last.
            let first = if start < size && dice.once_in(2) { start as isize - size as isize } else { start as isize };
            let last = if end == size { [None, Some(99)][dice.below(2)] } else { Some(end as isize) };
            Some((format!("slice({d}, {first}, {last:?}, {by})"), x.slice(d, Some(first), last, by), y))
        }
        (3, Some(size)) if size > 0 => {
            let index = dice.below(size);
            let mut shape = m.shape.clone();
            shape.remove(d);
            let y = Model::build(&shape, |mut at| {
                at.insert(d, index);
                m.at(&at)
            });
            Some((format!("select({d}, {index})"), x.select(dice.dim(d, rank), index), y))
        }
        (4, Some(size)) => {
            let y = Model::build(&m.shape, |at| moved_to(d, &at, size - 1 - at[d]));
            Some((format!("flip({d})"), x.flip(&[dice.dim(d, rank)]), y))
        }
        (5, _) => {
            let d = dice.below(rank + 1);
            let mut shape = m.shape.clone();
            shape.insert(d, 1);
            let y = Model { shape, data: m.data.clone() };
            Some((format!("unsqueeze({d})"), x.unsqueeze(dice.dim(d, rank + 1)), y))
        }
        (6, Some(1)) => {
            let mut shape = m.shape.clone();
            shape.remove(d);
            let y = Model { shape, data: m.data.clone() };
            Some((format!("squeeze({d})"), x.squeeze(&[dice.dim(d, rank)]), y))
        }
        (7, _) => {
            // A new dim in front, and those of size one made larger.
            let new = dice.below(3);
            let sizes: Vec<usize> = m.shape.iter().map(|s| if *s == 1 { dice.below(3) } else { *s }).collect();
            let shape: Vec<usize> = std::iter::once(new).chain(sizes).collect();
            let y = Model::build(&shape, |at| {
                m.at(&at[1..].iter().zip(&m.shape).map(|(at, s)| if *s == 1 { 0 } else { *at }).collect::<Vec<_>>())
            });
            let asked: Vec<isize> = shape.iter().map(|s| *s as isize).collect();
            Some((format!("expand({asked:?})"), x.expand(&asked), y))
        }
        (8, Some(size)) if size > 0 => {
            // One dim in two, or two in one.
            let factors: Vec<usize> = (1..=size).filter(|f| size.is_multiple_of(*f)).collect();
            let factor = factors[dice.below(factors.len())];
            let mut shape = m.shape.clone();
            if d + 1 < rank && dice.once_in(2) {
                shape[d] = size * shape.remove(d + 1);
            } else {
                shape.splice(d..=d, [factor, size / factor]);
            }
            let y = Model { shape: shape.clone(), data: m.data.clone() };
            Some((format!("reshape({shape:?})"), x.reshape(&shape), y))
        }
        (9, Some(size)) if rank > 1 => {
            let e = (d + 1 + dice.below(rank - 1)) % rank;
            let (rows, columns) = (size as isize, m.shape[e] as isize);
            let offset = dice.below(5) as isize - 2;
            let len = (rows + offset.min(0)).min(columns - offset.max(0)).max(0) as usize;
            let rest: Vec<usize> = (0..rank).filter(|k| *k != d && *k != e).collect();
            let shape: Vec<usize> = rest.iter().map(|k| m.shape[*k]).chain([len]).collect();
            let y = Model::build(&shape, |at| {
                let (mut from, i) = (vec![0; rank], at[rest.len()]);
                rest.iter().zip(&at).for_each(|(k, at)| from[*k] = *at);
                from[d] = i + (-offset).max(0) as usize;
                from[e] = i + offset.max(0) as usize;
                m.at(&from)
            });
            let diagonal = x.diagonal(offset, dice.dim(d, rank), dice.dim(e, rank));
            Some((format!("diagonal({offset}, {d}, {e})"), diagonal, y))
        }
        (10, Some(size)) if size > 0 => {
            let (window, by) = (1 + dice.below(size), 1 + dice.below(3));
            let mut shape = with(d, (size - window) / by + 1);
            shape.push(window);
            let y = Model::build(&shape, |mut at| {
                let within = at.pop().expect("the window");
                moved_to(d, &at, at[d] * by + within)
            });
            Some((format!("unfold({d}, {window}, {by})"), x.unfold(dice.dim(d, rank), window, by), y))
        }
        (11, Some(size)) => {
            let shift = dice.below(9) as isize - 4;
            let y = Model::build(&m.shape, |at| {
                moved_to(d, &at, (at[d] as isize - shift).rem_euclid(size as isize) as usize)
            });
            Some((format!("roll({shift}, {d})"), x.roll(&[shift], &[dice.dim(d, rank)]), y))
        }
        (12, _) => {
            let repeats: Vec<usize> = m.shape.iter().map(|_| dice.below(3)).collect();
            let shape: Vec<usize> = m.shape.iter().zip(&repeats).map(|(size, n)| size * n).collect();
            let y = Model::build(&shape, |at| {
                m.at(&at.iter().zip(&m.shape).map(|(at, size)| at % size).collect::<Vec<_>>())
            });
            Some((format!("repeat({repeats:?})"), x.repeat(&repeats), y))
        }
        _ => None,
    }
}

#[test]
fn chains_of_views_move_elements_as_loops_do() {
    let mut steps = 0;
    for seed in crate::seeds(3000) {
        let dice = &mut Dice::new(seed);
        let base = Model::numbered(&dice.shape(4));
        let leaf = base.tensor().requires_grad();
        let (mut x, mut model, mut done) = (leaf.clone(), base.clone(), format!("seed {seed}: {:?}", base.shape));
        for _ in 0..1 + dice.below(6) {
            let Some((name, y, next)) = step(dice, &x, &model) else { continue };
            if next.data.len() > 2000 || next.rank() > 6 {
                continue;
            }
            done += &format!(".{name}");
            x = y.unwrap_or_else(|e| panic!("{done}: {e}"));
            model = next;
            steps += 1;
        }
        // An operation that reads the view, too: twice of it, and sums along a dim, whole numbers all of them.
        let double = Model { data: model.data.iter().map(|x| 2.0 * x).collect(), ..model.clone() };
        crate::model::agree(&x.mul_scalar(2.0), &double, 0.0, &done);
        if model.rank() > 0 {
            let d = dice.below(model.rank());
            let mut shape = model.shape.clone();
            let size = shape.remove(d);
            let sum = Model::build(&shape, |at| {
                let along = |i| model.at(&[&at[..d], &[i], &at[d..]].concat());
                (0..size).map(along).sum()
            });
            crate::model::agree(&x.sum_dim(d).expect("a dim"), &sum, 0.0, &format!("{done}.sum_dim({d})"));
        }
        if x.node_id() != leaf.node_id() {
            moved(&leaf, &x, &model, dice, &done);
        }
    }
    assert!(steps >= crate::often(3000, 3000), "only {steps} steps");
}
