//! Elements by index, taken and added.

use crate::model::{Dice, Model, agree, coordinates, gradient_is, moved};
use autograd_core::{At, DType, Ellipsis, NewAxis, Result, Tensor, step};

/// The coordinates with another one for dim `d`.
fn at_dim(at: &[usize], d: usize, to: usize) -> Vec<usize> {
    let mut at = at.to_vec();
    at[d] = to;
    at
}

/// Takes elements of a numbered tensor: the name, the result, the model.
fn taken(dice: &mut Dice, x: &Tensor, m: &Model) -> Option<(String, Result<Tensor>, Model)> {
    let rank = m.rank();
    let d = dice.below(rank);
    let dim = dice.dim(d, rank);
    match (dice.below(6), m.shape.get(d).copied()) {
        (0, Some(size)) if size > 0 => {
            // No larger than the tensor, but along the dim.
            let mut shape: Vec<usize> = m.shape.iter().map(|s| dice.below(s + 1)).collect();
            shape[d] = dice.below(6);
            let index = dice.positions(&shape, size);
            let y = Model::build(&shape, |at| m.at(&at_dim(&at, d, index.at(&at) as usize)));
            Some((format!("gather({d}, {index:?})"), x.gather(dim, &index.integers()), y))
        }
        (1, Some(size)) if size > 0 => {
            let n = dice.below(6);
            let index = dice.positions(&[n], size);
            let mut shape = m.shape.clone();
            shape[d] = n;
            let y = Model::build(&shape, |at| m.at(&at_dim(&at, d, index.data[at[d]] as usize)));
            Some((format!("index_select({d}, {:?})", index.data), x.index_select(dim, &index.integers()), y))
        }
        (2, _) if !m.data.is_empty() => {
            let shape = dice.shape(3);
            let index = dice.positions(&shape, m.data.len());
            let y = Model::build(&index.shape, |at| m.data[index.at(&at) as usize]);
            Some((format!("take({index:?})"), x.take(&index.integers()), y))
        }
        (3, Some(_)) if !m.data.is_empty() => {
            // Two index tensors that broadcast, or one; some count from the end.
            let count = 1 + dice.below(rank.min(2));
            let (rows, columns) = (dice.below(4), dice.below(4));
            let shapes = [vec![rows, columns], vec![if dice.once_in(2) { 1 } else { rows }, columns]];
            let index: Vec<Model> = (0..count).map(|k| dice.positions(&shapes[k], m.shape[k])).collect();
            let signed = |k: usize, index: &Model| {
                let from_end = |(i, x): (usize, &f64)| if i.is_multiple_of(2) { *x } else { x - m.shape[k] as f64 };
                Model { data: index.data.iter().enumerate().map(from_end).collect(), ..index.clone() }.integers()
            };
            let tensors: Vec<Tensor> = index.iter().enumerate().map(|(k, index)| signed(k, index)).collect();
            let shape = [&[rows, columns][..], &m.shape[count..]].concat();
            let y = Model::build(&shape, |at| {
                let one = |index: &Model| index.at(&[if index.shape[0] == 1 { 0 } else { at[0] }, at[1]]) as usize;
                let first: Vec<usize> = index.iter().map(one).collect();
                m.at(&[&first[..], &at[2..]].concat())
            });
            Some((format!("index({index:?})"), x.index(&tensors.iter().collect::<Vec<_>>()), y))
        }
        (4, _) => {
            let mask = Model { data: m.data.iter().map(|_| dice.below(2) as f64).collect(), shape: m.shape.clone() };
            let chosen = m.data.iter().zip(&mask.data).filter(|(_, mask)| **mask == 1.0).map(|(x, _)| *x);
            let data: Vec<f64> = chosen.collect();
            let y = Model { shape: vec![data.len()], data };
            Some((format!("masked_select({mask:?})"), x.masked_select(&mask.integers().to_dtype(DType::Bool)), y))
        }
        (5, Some(size)) if size > 0 => {
            // One dim by number, by steps or by a list, after the dims before it, whole, and before the rest.
            let mut index: Vec<At> = vec![(..).into(); d];
            let mut shape = m.shape.clone();
            let start = dice.below(size);
            match dice.below(4) {
                0 => {
                    shape.remove(d);
                    index.push((start as isize - size as isize).into());
                    let y = Model::build(&shape, |mut at| {
                        at.insert(d, start);
                        m.at(&at)
                    });
                    Some((format!("i(.., {start})"), x.i(&index[..]), y))
                }
                1 => {
                    let by = 1 + dice.below(3);
                    shape[d] = (size - start).div_ceil(by);
                    index.extend([step(start.., by), Ellipsis.into()]);
                    let y = Model::build(&shape, |at| m.at(&at_dim(&at, d, start + at[d] * by)));
                    Some((format!("i(.., step({start}.., {by}), ...)"), x.i(&index[..]), y))
                }
                2 => {
                    let list = dice.positions(&[3], size);
                    shape[d] = 3;
                    index.push((&list.integers()).into());
                    let y = Model::build(&shape, |at| m.at(&at_dim(&at, d, list.data[at[d]] as usize)));
                    Some((format!("i(.., {:?})", list.data), x.i(&index[..]), y))
                }
                _ => {
                    shape.insert(d, 1);
                    index.push(NewAxis.into());
                    let y = Model { shape, data: m.data.clone() };
                    Some((format!("i(.. {d}, NewAxis)"), x.i(&index[..]), y))
                }
            }
        }
        _ => None,
    }
}

#[test]
fn elements_are_taken_as_loops_take_them() {
    let mut calls = 0;
    for seed in crate::seeds(4000) {
        let dice = &mut Dice::new(seed);
        let base = Model::numbered(&dice.shape(3));
        let leaf = base.view(dice).requires_grad();
        let Some((name, y, model)) = taken(dice, &leaf, &base) else { continue };
        let what = format!("seed {seed}: {:?}.{name}", base.shape);
        let y = y.unwrap_or_else(|e| panic!("{what}: {e}"));
        calls += 1;
        if y.node_id() != leaf.node_id() {
            moved(&leaf, &y, &model, dice, &what);
        }
    }
    assert!(calls >= crate::often(1500, 4000), "only {calls} calls");
}

/// Where each element of the source goes, and how many times it is added.
type Targets = Vec<usize>;

/// Adds a source to places of a tensor: the name, the result, the shape of the source, and where its elements go.
fn added(
    dice: &mut Dice,
    x: &Tensor,
    m: &Model,
    of: impl Fn(&[usize]) -> Tensor,
) -> Option<(String, Result<Tensor>, Tensor, Targets)> {
    let rank = m.rank();
    let d = dice.below(rank);
    let dim = dice.dim(d, rank);
    let size = m.shape.get(d).copied().filter(|_| !m.data.is_empty())?;
    match dice.below(3) {
        0 => {
            let shape: Vec<usize> = m.shape.iter().map(|s| dice.below(s + 1)).collect();
            let (index, src) = (dice.positions(&shape, size), of(&shape));
            let to = coordinates(&shape).map(|at| m.place(&at_dim(&at, d, index.at(&at) as usize))).collect();
            Some((format!("scatter_add({d}, {index:?})"), x.scatter_add(dim, &index.integers(), &src), src, to))
        }
        1 => {
            let n = dice.below(5);
            let index = dice.positions(&[n], size);
            let mut shape = m.shape.clone();
            shape[d] = n;
            let src = of(&shape);
            let to = coordinates(&shape).map(|at| m.place(&at_dim(&at, d, index.data[at[d]] as usize))).collect();
            Some((format!("index_add({d}, {:?})", index.data), x.index_add(dim, &index.integers(), &src, 1.0), src, to))
        }
        _ => {
            let n = dice.below(5);
            let index = dice.positions(&[n], m.shape[0]);
            let shape = [&[n], &m.shape[1..]].concat();
            let src = of(&shape);
            let to = coordinates(&shape).map(|at| m.place(&at_dim(&at, 0, index.data[at[0]] as usize))).collect();
            Some((format!("index_put_add({:?})", index.data), x.index_put_add(&[&index.integers()], &src), src, to))
        }
    }
}

#[test]
fn elements_are_added_where_loops_add_them() {
    let mut calls = 0;
    for seed in crate::seeds(3000) {
        let dice = &mut Dice::new(seed);
        let shape = dice.shape(3);
        let base = dice.random(&shape);
        let leaf = base.view(dice).requires_grad();
        // Whole numbers, which add up exactly in any order.
        let of = |shape: &[usize]| Model::numbered(shape).tensor().requires_grad();
        let Some((name, y, src, to)) = added(dice, &leaf, &base, of) else { continue };
        let what = format!("seed {seed}: {shape:?}.{name}");
        let y = y.unwrap_or_else(|e| panic!("{what}: {e}"));
        calls += 1;
        let mut want = base.clone();
        to.iter().enumerate().for_each(|(i, to)| want.data[*to] += i as f64);
        agree(&y, &want, 1e-14, &what);
        let upstream = dice.random(&shape);
        let back = Model { shape: src.shape().to_vec(), data: to.iter().map(|to| upstream.data[*to]).collect() };
        let seed = upstream.tensor();
        let gradients = y.backward_with(&seed).unwrap_or_else(|e| panic!("{what}: {e}"));
        agree(gradients.get(&leaf).expect("a leaf"), &upstream, 0.0, &format!("{what}, gradient of the target"));
        agree(gradients.get(&src).expect("a leaf"), &back, 0.0, &format!("{what}, gradient of the source"));
        // Another call, in both kinds of walk.
        let Some((name, y, src, to)) = added(&mut Dice::new(calls as u64), &leaf, &base, of) else { continue };
        let what = format!("{what}, then {name}");
        let y = y.unwrap_or_else(|e| panic!("{what}: {e}"));
        let back = Model { shape: src.shape().to_vec(), data: to.iter().map(|to| upstream.data[*to]).collect() };
        gradient_is(&y, &upstream, &src, &back, &what);
    }
    assert!(calls >= crate::often(1500, 3000), "only {calls} calls");
}
