//! Attention by scaled products.

use super::options::AttentionOptions;
use super::prepare::{Prepared, last_two, prepare};
use super::twin::Rule;
use crate::error::Result;
use crate::kernels::attention::{Form, Gradients, Heads, Mask, backward, forward};
use crate::kernels::real::Real;
use crate::ops::check::Check;
use crate::shape::{Layout, strides_in};
use crate::tape::{Pull, Pullback, Saved, record};
use crate::tensor::operand::Operand;
use crate::tensor::timer::Count;
use crate::tensor::{DType, Stored, Tensor, for_float};
use smallvec::SmallVec;
use std::sync::Arc;

pub(super) const OP: &str = "scaled_dot_product_attention";
pub(super) const CHECK: Check = Check(OP);

/// # Attention
impl Tensor {
    /// Attention of these queries:
    ///
    /// ```text
    /// y = softmax(scale q kᵀ + mask) v
    /// ```
    ///
    /// A query that sees no key gives 0, and its gradients are 0. What is not seen takes part in products with a weight
    /// of 0, so it is to be finite. No matrix of all queries by all keys is made, except for the gradient of a mask and
    /// for a gradient of a gradient.
    ///
    /// # Shapes
    /// `q: [.., L, E]`, `key: [.., S, E]`, `value: [.., S, V] → [.., L, V]`; the leading dims broadcast.
    ///
    /// # Gradient
    /// That of the formula, for queries, keys, values and a mask of numbers. Saves them, the output, and two numbers
    /// for each query, of which the weights are computed again.
    ///
    /// # Differs from
    /// PyTorch refuses a mask together with `is_causal`; here both hold.
    ///
    /// # Errors
    /// If the shapes do not fit, the dtypes are not one float type, the mask does not broadcast or is of another dtype
    /// than `Bool` and theirs, or the probability of dropout is not in `[0, 1]`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AttentionOptions, Tensor};
    /// let q = Tensor::from([[0.0, 0.0]]);
    /// let (key, value) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([[1.0], [5.0]]));
    /// assert_eq!(q.scaled_dot_product_attention(&key, &value, AttentionOptions::new())?.to_vec::<f32>()?, [3.0]);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    ///
    /// # References
    /// Vaswani et al., Attention is all you need, 2017, equation 1. Dao et al., FlashAttention, 2022.
    pub fn scaled_dot_product_attention(
        &self,
        key: &Tensor,
        value: &Tensor,
        options: AttentionOptions,
    ) -> Result<Tensor> {
        let Prepared { float, rule, q, k, v, mask, outer } = prepare([self, key, value], options)?;
        let mask = mask.as_ref();
        let ([queries, features], [keys, values]) = (last_two(&q), last_two(&v));
        let shape = [&outer[..], &[queries, values]].concat();
        let products = [&outer[..], &[queries, keys]].concat();
        CHECK.room(&shape, q.dtype())?;
        if [&q, &k, &v].iter().any(|x| x.numel() == 0) {
            return rule.attend([&q, &k, &v], mask);
        }
        let heads = |x: &Tensor| Heads::new(&x.shape()[..x.rank() - 2], x.strides());
        let form = Arc::new(Form {
            group: rule.group,
            queries,
            keys,
            features,
            values,
            causal: rule.causal,
            scale: rule.scale,
            dropout: rule.dropout,
            q: heads(&q),
            k: heads(&k),
            v: heads(&v),
            mask: mask.map(|mask| Heads::new(&outer, &strides_in(mask.layout(), &products))),
        });
        let seen = mask.is_some_and(|mask| mask.dtype() == DType::Bool);
        let (numel, rows) = (shape.iter().product::<usize>(), form.heads() * queries);
        let operands = [&*q, &*k, &*v, mask.unwrap_or(&q)];
        let inner = Arc::clone(&form);
        // One pass writes both, so they lie in one memory.
        let len = numel + 2 * rows;
        let both = for_float!(float, T => {
            run::<T, 4>(&form, rule.seed, 2, len, operands, move |seed, [q, k, v, m], both| {
                let (y, norms) = both.split_at_mut(numel);
                let operands = [q, k, v].map(|x| x.strided::<T>());
                forward(&inner, seed, operands, mask_of(&inner, m, seen), y, norms.as_chunks_mut().0);
            })
        })?;
        let norms = both.with_layout(Layout::contiguous_at(&[rows, 2], numel));
        let y = both.with_layout(Layout::contiguous(&shape));
        let mut inputs: SmallVec<[&Tensor; 4]> = SmallVec::from_slice(&[&*q, &*k, &*v]);
        inputs.extend(mask.filter(|_| !seen));
        Ok(record(OP, y, &inputs, |y| Attention {
            form,
            rule,
            q: Saved::input(0, &q),
            k: Saved::input(1, &k),
            v: Saved::input(2, &v),
            mask: mask.map(|mask| if seen { Saved::constant(mask) } else { Saved::input(3, mask) }),
            y: Saved::output(y),
            norms: Saved::constant(&norms),
        }))
    }

    /// The weights of [`Tensor::scaled_dot_product_attention`], after dropout: `softmax(scale q kᵀ + mask)`. It makes
    /// the matrix of all of them.
    ///
    /// # Shapes
    /// `q: [.., L, E]`, `key: [.., S, E] → [.., L, S]`.
    ///
    /// # Gradient
    /// That of the formula.
    ///
    /// # Errors
    /// As for `scaled_dot_product_attention`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{AttentionOptions, Tensor};
    /// let (q, key) = (Tensor::from([[1.0]]), Tensor::from([[0.0], [3f32.ln()]]));
    /// let weights = q.attention_weights(&key, AttentionOptions::new())?.to_vec::<f32>()?;
    /// assert!((weights[1] - 0.75).abs() < 1e-6);
    /// # Ok::<(), autograd_core::Error>(())
    /// ```
    pub fn attention_weights(&self, key: &Tensor, options: AttentionOptions) -> Result<Tensor> {
        let Prepared { rule, q, k, mask, .. } = prepare([self, key, key], options)?;
        rule.dropped_weights([&q, &k], mask.as_ref())
    }
}

fn mask_of<'a, T: Real>(form: &Form, mask: Operand<'a>, seen: bool) -> Mask<'a, T> {
    match form.mask {
        None => Mask::None,
        Some(_) if seen => Mask::Seen(mask.strided::<u8>()),
        Some(_) => Mask::Added(mask.strided::<T>()),
    }
}

/// What a kernel of attention computes of `products` multiply-adds for each of the output's, with a seed if weights are
/// dropped.
fn run<T: Stored, const N: usize>(
    form: &Form,
    seed: u64,
    products: u64,
    len: usize,
    operands: [&Tensor; N],
    kernel: impl Fn(u64, [Operand<'_>; N], &mut [T]) + Send + Sync + 'static,
) -> Result<Tensor> {
    if form.dropout > 0.0 {
        return Tensor::draw::<T, N>(OP, &[len], seed, operands, kernel);
    }
    let count = Count::Of((form.work() as u64).saturating_mul(products));
    Tensor::counted::<T, N>(OP, count, &[len], operands, move |x, y| kernel(0, x, y))
}

struct Attention {
    form: Arc<Form>,
    rule: Rule,
    q: Saved,
    k: Saved,
    v: Saved,
    mask: Option<Saved>,
    y: Saved,
    /// Of each query the largest product, and the sum of the exponentials of what the others are below it.
    norms: Saved,
}

impl Pullback for Attention {
    fn pull(&self, at: &mut Pull<'_>) -> Result<()> {
        let (q, k, v) = (self.q.get(at), self.k.get(at), self.v.get(at));
        let mask = self.mask.as_ref().map(|mask| mask.get(at));
        self.rule.pull(at, [&q, &k, &v], mask.as_deref(), &[0, 1, 2, 3][..at.inputs()])
    }

    fn pull_fused(&self, at: &mut Pull<'_>) -> Result<()> {
        let [q, k, v] = [&self.q, &self.k, &self.v].map(Saved::value);
        let mask = self.mask.as_ref().map(Saved::value);
        if at.inputs() == 4 && at.wants(3) {
            self.rule.pull(at, [q, k, v], mask, &[3])?;
        }
        let wants = [0, 1, 2].map(|input| at.wants(input));
        if wants == [false; 3] {
            return Ok(());
        }
        let (gy, form) = (at.gy().try_packed(OP)?, Arc::clone(&self.form));
        let sizes = [0, 1, 2].map(|i| if wants[i] { [q, k, v][i].numel() } else { 0 });
        let seen = mask.is_some_and(|mask| mask.dtype() == DType::Bool);
        let operands = [q, k, v, mask.unwrap_or(q), self.y.value(), &gy, self.norms.value()];
        let len = sizes.iter().sum();
        // One pass writes all, so they lie in one memory.
        let all = for_float!(gy.float(), T => {
            run::<T, 7>(&self.form, self.rule.seed, 5, len, operands, move |seed, [q, k, v, m, y, gy, norms], all| {
                let (q_part, rest) = all.split_at_mut(sizes[0]);
                let (k_part, v_part) = rest.split_at_mut(sizes[1]);
                let gradients = Gradients { q: q_part, k: k_part, v: v_part };
                let (operands, mask) = ([q, k, v].map(|x| x.strided::<T>()), mask_of(&form, m, seen));
                let norms = norms.flat::<T>().as_chunks().0;
                backward(&form, seed, operands, mask, [y.flat(), gy.flat()], norms, gradients);
            })
        })?;
        let mut start = 0;
        for (i, x) in [q, k, v].into_iter().enumerate() {
            at.give(i, || Ok(all.with_layout(Layout::contiguous_at(x.shape(), start))))?;
            start += sizes[i];
        }
        Ok(())
    }

    fn saved(&self, see: &mut dyn FnMut(&Saved)) {
        for saved in [&self.q, &self.k, &self.v, &self.y, &self.norms] {
            see(saved);
        }
        self.mask.iter().for_each(see);
    }
}

#[cfg(test)]
crate::ops::cases::cases![{
    // Every size of its own: what has two of them large is very large.
    let real = |shape: &[usize]| Input::real(shape, -2.0..2.0);
    // [heads, group, L, S, E, V], and what is added to a product.
    fn reference(
        sizes: [usize; 6],
        scale: f64,
        added: impl Fn(&[Vec<f64>], usize, usize) -> f64,
    ) -> impl Fn(&[Vec<f64>]) -> Vec<f64> {
        let [heads, group, l, s, e, values] = sizes;
        move |x| {
            let mut y = Vec::new();
            for (head, i) in (0..heads).flat_map(|head| (0..l).map(move |i| (head, i))) {
                let (q, own) = (&x[0][(head * l + i) * e..][..e], head / group);
                let k = |j: usize| &x[1][(own * s + j) * e..][..e];
                let dot = |j: usize| q.iter().zip(k(j)).map(|(q, k)| q * k).sum::<f64>();
                let p: Vec<f64> = (0..s).map(|j| (dot(j) * scale + added(x, i, j)).exp()).collect();
                let sum = p.iter().sum::<f64>().max(f64::MIN_POSITIVE);
                y.extend((0..values).map(|c| {
                    p.iter().enumerate().map(|(j, p)| p * x[2][(own * s + j) * values + c]).sum::<f64>() / sum
                }));
            }
            y
        }
    }
    let x = move || vec![real(&[2, 3, 4]), real(&[2, 5, 4]), real(&[2, 5, 6])];
    let new = AttentionOptions::new;
    let plain = move |x: &[Tensor]| x[0].scaled_dot_product_attention(&x[1], &x[2], new());
    [
        Case::new(OP, x(), plain)
            .value(reference([2, 1, 3, 5, 4, 6], 0.5, |_, _, _| 0.0))
            .refuses(
                move |x| plain(&[x[0].clone(), x[2].clone(), x[2].clone()]),
                "scaled_dot_product_attention: key has shape [2, 5, 6], expected [.., S, 4]",
            )
            .refuses(
                move |x| plain(&[x[0].clone(), x[1].clone(), x[0].clone()]),
                "scaled_dot_product_attention: value has shape [2, 3, 4], expected [.., 5, V]",
            )
            .refuses(
                move |x| plain(&[x[0].sum_dim([0, 1])?, x[1].clone(), x[2].clone()]),
                "scaled_dot_product_attention: query has shape [4], expected [.., L, E]",
            )
            .refuses(
                move |x| plain(&[x[0].clone(), x[1].narrow(0, 0, 1)?.expand(&[3, 5, 4])?, x[2].clone()]),
                "scaled_dot_product_attention: shapes [3] and [2] do not broadcast: 3 ≠ 2 in dimension −1 (counted \
                 from the end)",
            )
            .refuses(
                move |x| plain(&[x[0].clone(), x[1].to_dtype(DType::F32), x[2].clone()]),
                "scaled_dot_product_attention: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                move |x| plain(&[x[0].to_dtype(DType::I64), x[1].clone(), x[2].clone()]),
                "scaled_dot_product_attention: dtype is I64, expected F32 or F64; to_dtype converts",
            )
            .refuses(
                move |x| x[0].scaled_dot_product_attention(&x[1], &x[2], new().dropout_p(1.5, 1)),
                "scaled_dot_product_attention: dropout_p is 1.5, it must be in [0, 1]",
            )
            .refuses(
                move |x| x[0].scaled_dot_product_attention(&x[1], &x[2], new().scale(f64::NAN)),
                "scaled_dot_product_attention: scale is NaN, it must be finite",
            )
            .refuses(
                move |x| x[0].scaled_dot_product_attention(&x[1], &x[2], new().attn_mask(x[0].clone())),
                "scaled_dot_product_attention: attn_mask has shape [2, 3, 4], expected one that broadcasts to the \
                 input's, [2, 3, 5]",
            )
            .refuses(
                move |x| x[0].scaled_dot_product_attention(&x[1], &x[2], new().attn_mask(Tensor::from([1.0f32; 5]))),
                "scaled_dot_product_attention: dtypes F64 and F32 do not mix; convert one with to_dtype",
            )
            .refuses(
                move |x| {
                    let options = new().enable_gqa(true);
                    x[0].scaled_dot_product_attention(&x[1].narrow(0, 0, 1)?, &x[2], options)
                },
                "scaled_dot_product_attention: 2 heads of queries, 1 of keys and 2 of values; keys and values must \
                 have as many, and divide the queries'",
            ),
        Case::new(
            "scaled_dot_product_attention (numbers as a mask)",
            vec![real(&[2, 3, 4]), real(&[5, 4]), real(&[1, 5, 6]), real(&[3, 5])],
            move |x| {
                let options = new().attn_mask(x[3].clone()).is_causal(true).scale(-0.7);
                x[0].scaled_dot_product_attention(&x[1], &x[2], options)
            },
        )
        .leaves_out_what_is_zero()
        .value(|x| {
            let [mut k, mut v] = [x[1].clone(), x[2].clone()];
            k.extend(&x[1]);
            v.extend(&x[2]);
            let added = |x: &[Vec<f64>], i: usize, j: usize| if j > i { f64::NEG_INFINITY } else { x[3][i * 5 + j] };
            reference([2, 1, 3, 5, 4, 6], -0.7, added)(&[x[0].clone(), k, v, x[3].clone()])
        }),
        Case::new(
            "scaled_dot_product_attention (grouped heads)",
            vec![real(&[4, 3, 7]), real(&[2, 5, 7]), real(&[2, 5, 6]), Input::mask(&[3, 5])],
            move |x| {
                let options = new().attn_mask(x[3].clone()).enable_gqa(true);
                x[0].scaled_dot_product_attention(&x[1], &x[2], options)
            },
        )
        .value(reference([4, 2, 3, 5, 7, 6], 7f64.sqrt().recip(), |x, i, j| {
            if x[3][i * 5 + j] == 0.0 { f64::NEG_INFINITY } else { 0.0 }
        })),
        Case::new("scaled_dot_product_attention (dropout)", x(), move |x| {
            x[0].scaled_dot_product_attention(&x[1], &x[2], new().dropout_p(0.4, 7))
        }),
    ]
}];
