//! Log-probabilities of many classes, of which few are frequent.

use crate::layer::Layer;
use crate::layers::{Linear, LinearOptions};
use autograd_core::check::Check;
use autograd_core::{DType, Error, ErrorKind, Result, Tensor};
use rand::Rng;
use wengert_derive::Module;

/// Log-probabilities of many classes, of which the first are the most frequent. The classes before the first cutoff
/// have logits of their own in the head; those of each cluster between two cutoffs share one there, and have theirs in
/// a tail of `⌊D / div_valueⁱ⌋` features: `log p(k) = log p(cluster i) + log p(k | cluster i)`. That is Python's `D //
/// div_value ** i`, of the exact quotient: of 11 features 1.1 leaves 9, because the `f64` 1.1 is a little more.
///
/// # Shapes
/// `x: [.., D] → [.., K]`, the logarithms of all probabilities; of the target's alone with
/// [`with_loss`](AdaptiveLogSoftmaxWithLoss::with_loss), which computes no tail for a sample of another cluster.
///
/// # Errors
/// The constructors fail if a size is 0, or the cutoffs do not rise from at least 1 to below K; `forward` if the input
/// does not fit.
///
/// # Examples
/// ```
/// use autograd_core::{DType, Tensor, seeded};
/// use wengert_nn::{AdaptiveLogSoftmaxWithLoss, Layer};
/// let words = AdaptiveLogSoftmaxWithLoss::new(16, 100, &[10, 30], &mut seeded(7))?;
/// let x = Tensor::ones(&[2, 16], DType::F32)?;
/// let all = words.forward(&x)?;
/// assert!((all.exp().sum().item::<f32>()? - 2.0).abs() < 1e-5);
/// let (of_target, loss) = words.with_loss(&x, &Tensor::from([3, 99]))?;
/// assert!((of_target.sum().item::<f32>()? + 2.0 * loss.item::<f32>()?).abs() < 1e-5);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
///
/// # References
/// Grave, Joulin, Cissé, Grangier, Jégou, Efficient softmax approximation for GPUs, 2017.
///
/// # Differs from
/// PyTorch, where `forward` is `with_loss`, and `log_prob` is `forward`.
#[derive(Clone, Debug, Module)]
pub struct AdaptiveLogSoftmaxWithLoss {
    /// The logits of the frequent classes and of the clusters.
    pub head: Linear,
    /// The logits of each cluster's classes: two layers without biases.
    pub tail: Vec<[Linear; 2]>,
    cutoffs: Vec<usize>,
}

/// The options of [`AdaptiveLogSoftmaxWithLoss`].
///
/// # Examples
/// ```
/// use wengert_nn::{AdaptiveLogSoftmaxOptions, AdaptiveLogSoftmaxWithLoss};
/// let options = AdaptiveLogSoftmaxOptions::new().div_value(2.0).head_bias(true);
/// let words = AdaptiveLogSoftmaxWithLoss::with(8, 100, &[10], options, &mut autograd_core::seeded(7))?;
/// assert_eq!(words.head.bias.expect("a bias").shape(), [11]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveLogSoftmaxOptions {
    div_value: f64,
    head_bias: bool,
}

impl Default for AdaptiveLogSoftmaxOptions {
    fn default() -> Self {
        AdaptiveLogSoftmaxOptions { div_value: 4.0, head_bias: false }
    }
}

impl AdaptiveLogSoftmaxOptions {
    /// The defaults.
    pub fn new() -> AdaptiveLogSoftmaxOptions {
        AdaptiveLogSoftmaxOptions::default()
    }

    /// How many times fewer features each cluster has than the one before it, above 0. Default 4.
    #[must_use]
    pub fn div_value(mut self, div_value: f64) -> AdaptiveLogSoftmaxOptions {
        self.div_value = div_value;
        self
    }

    /// Whether the head has a bias. Default false.
    #[must_use]
    pub fn head_bias(mut self, head_bias: bool) -> AdaptiveLogSoftmaxOptions {
        self.head_bias = head_bias;
        self
    }
}

const NAME: &str = "AdaptiveLogSoftmaxWithLoss";

impl AdaptiveLogSoftmaxWithLoss {
    /// A layer from `in_features` (D) to `n_classes` (K), of which those before `cutoffs[0]` are frequent and the
    /// others are in clusters up to the next cutoff, with the default options.
    ///
    /// # Errors
    /// If a size is 0, or the cutoffs do not rise from at least 1 to below K.
    pub fn new(
        in_features: usize,
        n_classes: usize,
        cutoffs: &[usize],
        rng: &mut dyn Rng,
    ) -> Result<AdaptiveLogSoftmaxWithLoss> {
        AdaptiveLogSoftmaxWithLoss::with(in_features, n_classes, cutoffs, AdaptiveLogSoftmaxOptions::new(), rng)
    }

    /// A layer from `in_features` (D) to `n_classes` (K), as for [`new`](AdaptiveLogSoftmaxWithLoss::new).
    ///
    /// # Errors
    /// If a size is 0, the cutoffs do not rise from at least 1 to below K, or `div_value` leaves a cluster without
    /// features.
    pub fn with(
        in_features: usize,
        n_classes: usize,
        cutoffs: &[usize],
        options: AdaptiveLogSoftmaxOptions,
        rng: &mut dyn Rng,
    ) -> Result<AdaptiveLogSoftmaxWithLoss> {
        let check = Check(NAME);
        check.require(in_features > 0, "in_features", in_features, "at least 1")?;
        let rises = cutoffs.windows(2).all(|two| two[0] < two[1]);
        let inside = cutoffs.first().is_some_and(|first| *first > 0) && cutoffs.last() < Some(&n_classes);
        let must = format!("numbers that rise from at least 1 to below n_classes, {n_classes}");
        check.require(rises && inside, "cutoffs", cutoffs, must)?;
        let ends: Vec<usize> = cutoffs.iter().copied().chain([n_classes]).collect();
        // Of each cluster, before anything is drawn.
        let mut sizes = Vec::new();
        for (i, two) in ends.windows(2).enumerate() {
            let (d, scale) = (in_features as f64, options.div_value.powf((i + 1) as f64));
            // A quotient that is rounded up to a whole number has a floor that is one more than the exact one's.
            let features = ((d - d % scale) / scale).round();
            let must =
                format!("above 0, and leave each cluster at least 1 of {in_features} features and a countable number");
            let valid = scale > 0.0 && (1.0..1e15).contains(&features);
            check.require(valid, "div_value", options.div_value, must)?;
            let (features, classes) = (features as usize, two[1] - two[0]);
            check
                .room(&[features, in_features], DType::F32)
                .and_then(|()| check.room(&[classes, features], DType::F32))?;
            sizes.push((features, classes));
        }
        let bias = LinearOptions::new().bias(options.head_bias);
        let head = Linear::with(in_features, cutoffs[0].saturating_add(cutoffs.len()), bias, rng)?;
        let mut linear = |from, to| Linear::with(from, to, LinearOptions::new().bias(false), rng);
        let tail = sizes
            .into_iter()
            .map(|(features, classes)| Ok([linear(in_features, features)?, linear(features, classes)?]));
        let tail = tail.collect::<Result<Vec<_>>>()?;
        Ok(AdaptiveLogSoftmaxWithLoss { head, tail, cutoffs: ends })
    }

    /// The log-probabilities of the targets, and minus their mean, the loss.
    ///
    /// # Shapes
    /// `x: [N, D]`, `target: [N]` → `[N]` and `[]`; or `[D]` and `[]`.
    ///
    /// # Errors
    /// If the shapes do not fit, or a target is no class.
    pub fn with_loss(&self, x: &Tensor, target: &Tensor) -> Result<(Tensor, Tensor)> {
        let check = Check(NAME);
        let [leading @ .., _] = x.shape() else {
            return Err(Error::shape(NAME, "the input", x.shape(), "[N, D] or [D]"));
        };
        if leading.len() > 1 {
            return Err(Error::shape(NAME, "the input", x.shape(), "[N, D] or [D]"));
        }
        check.is("target", target, leading)?;
        check.dtype(target, DType::I64)?;
        let classes = target.to_vec::<i64>()?;
        let samples = if leading.is_empty() { x.unsqueeze(0)? } else { x.clone() };
        let rows = self.rows(&classes)?;
        let head = self.head.call("head", &samples)?.log_softmax(1)?;
        let in_head: Vec<i64> = rows.iter().map(|row| row.in_head).collect();
        let in_head = Tensor::from_vec(in_head, &[rows.len(), 1])?;
        let mut output = head.gather(1, &in_head)?.squeeze(&[1])?;
        for (i, tail) in self.tail.iter().enumerate() {
            let of_cluster = || rows.iter().enumerate().filter(|(_, row)| row.cluster == Some(i));
            let at: Vec<i64> = of_cluster().map(|(n, _)| n as i64).collect();
            let inside: Vec<i64> = of_cluster().map(|(_, row)| row.inside).collect();
            let count = at.len();
            if count == 0 {
                continue;
            }
            let (at, inside) = (Tensor::from_vec(at, &[count])?, Tensor::from_vec(inside, &[count, 1])?);
            let logits = cluster(i, tail, &samples.index_select(0, &at)?)?;
            let more = logits.log_softmax(1)?.gather(1, &inside)?.squeeze(&[1])?;
            output = output.index_add(0, &at, &more, 1.0)?;
        }
        let loss = output.mean()?.neg();
        Ok((output.reshape(leading)?, loss))
    }

    /// The most probable class of each sample (`I64`).
    ///
    /// # Shapes
    /// `x: [.., D] → [..]`
    ///
    /// # Errors
    /// As for `forward`.
    ///
    /// # Examples
    /// ```
    /// # use autograd_core::{DType, Tensor};
    /// # use wengert_nn::{AdaptiveLogSoftmaxWithLoss, Layer};
    /// let words = AdaptiveLogSoftmaxWithLoss::new(16, 100, &[10, 30], &mut autograd_core::seeded(7))?;
    /// let x = Tensor::ones(&[2, 16], DType::F32)?;
    /// assert_eq!(words.predict(&x)?.to_vec::<i64>()?, words.forward(&x)?.argmax(1)?.to_vec::<i64>()?);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn predict(&self, x: &Tensor) -> Result<Tensor> {
        self.forward(x)?.argmax(-1)
    }

    /// Where the log-probability of each class is found.
    fn rows(&self, classes: &[i64]) -> Result<Vec<Place>> {
        let (frequent, all) = (self.cutoffs[0] as i64, self.cutoffs[self.cutoffs.len() - 1] as i64);
        let place = |(n, class): (usize, &i64)| {
            if !(0..all).contains(class) {
                let text = format!("{NAME}: target {class} at position {n} is no class of {all}");
                return Err(Error::new(ErrorKind::Index, text));
            }
            if *class < frequent {
                return Ok(Place { in_head: *class, cluster: None, inside: 0 });
            }
            let cluster = self.cutoffs.partition_point(|cutoff| *cutoff as i64 <= *class) - 1;
            let inside = class - self.cutoffs[cluster] as i64;
            Ok(Place { in_head: frequent + cluster as i64, cluster: Some(cluster), inside })
        };
        classes.iter().enumerate().map(place).collect()
    }
}

/// The place of a class: in the head, and in its cluster.
struct Place {
    in_head: i64,
    cluster: Option<usize>,
    inside: i64,
}

/// The logits of a cluster.
fn cluster(i: usize, [down, up]: &[Linear; 2], x: &Tensor) -> Result<Tensor> {
    up.call(&format!("tail.{i}.1"), &down.call(&format!("tail.{i}.0"), x)?)
}

impl Layer for AdaptiveLogSoftmaxWithLoss {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let head = self.head.call("head", x)?.log_softmax(-1)?;
        let frequent = self.cutoffs[0];
        let mut parts = vec![head.narrow(-1, 0, frequent)?];
        for (i, tail) in self.tail.iter().enumerate() {
            let inside = cluster(i, tail, x)?.log_softmax(-1)?;
            parts.push(inside.try_add(&head.narrow(-1, frequent + i, 1)?)?);
        }
        Tensor::cat(&parts.iter().collect::<Vec<_>>(), -1)
    }
}

#[cfg(test)]
cases![
    layer("AdaptiveLogSoftmaxWithLoss", |rng| {
        let options = AdaptiveLogSoftmaxOptions::new().div_value(2.0).head_bias(true);
        AdaptiveLogSoftmaxWithLoss::with(4, 6, &[2, 4], options, rng)
    })
    .state(&["head.weight", "head.bias", "tail.0.0.weight", "tail.0.1.weight", "tail.1.0.weight", "tail.1.1.weight"])
    .maps(&[3, 4], &[3, 6])
    .maps(&[4], &[6])
    .maps(&[0, 4], &[0, 6])
    .refuses(&[2, 3], "in head (Linear): linear: inner dimensions differ: [2, 3] × [4, 4] (3 ≠ 4)"),
    layer("AdaptiveLogSoftmaxWithLoss", |rng| AdaptiveLogSoftmaxWithLoss::new(4, 6, &[2, 6], rng)).cannot_be(
        "AdaptiveLogSoftmaxWithLoss: cutoffs is [2, 6], it must be numbers that rise from at least 1 to below \
         n_classes, 6"
    ),
    layer("AdaptiveLogSoftmaxWithLoss", |rng| AdaptiveLogSoftmaxWithLoss::new(4, 6, &[], rng)).cannot_be(
        "AdaptiveLogSoftmaxWithLoss: cutoffs is [], it must be numbers that rise from at least 1 to below n_classes, 6"
    ),
    layer("AdaptiveLogSoftmaxWithLoss", |rng| AdaptiveLogSoftmaxWithLoss::new(0, 6, &[2, 4], rng))
        .cannot_be("AdaptiveLogSoftmaxWithLoss: in_features is 0, it must be at least 1"),
    layer("AdaptiveLogSoftmaxWithLoss", |rng| AdaptiveLogSoftmaxWithLoss::new(4, 6, &[2, 4], rng)).cannot_be(
        "AdaptiveLogSoftmaxWithLoss: div_value is 4.0, it must be above 0, and leave each cluster at least 1 of 4 \
         features and a countable number"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use autograd_core::module::Module;
    use autograd_core::{DType, seeded};

    fn words() -> Result<AdaptiveLogSoftmaxWithLoss> {
        let options = AdaptiveLogSoftmaxOptions::new().div_value(2.0);
        let mut words = AdaptiveLogSoftmaxWithLoss::with(8, 9, &[2, 4, 8], options, &mut seeded(7))?;
        words.to_dtype(DType::F64)?;
        Ok(words)
    }

    /// Values and gradients are those of all log-probabilities; clusters without a sample have none.
    #[test]
    fn the_loss_is_that_of_all_log_probabilities() -> Result<()> {
        let (words, x) = (words()?, Tensor::randn(&[6, 8], DType::F64, &mut seeded(3))?.requires_grad());
        for classes in [[0, 1, 2, 5, 8, 4], [0, 0, 1, 3, 2, 3], [8; 6]] {
            let target = Tensor::from(classes);
            let (output, loss) = words.with_loss(&x, &target)?;
            let want = words.forward(&x)?.gather(1, &target.unsqueeze(1)?)?.squeeze(&[1])?;
            let close =
                |a: &Tensor, b: &Tensor| a.to_f64s().iter().zip(b.to_f64s()).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(output.shape() == [6] && close(&output, &want) && close(&loss, &want.mean()?.neg()));
            let (got, want) = (loss.backward()?, want.mean()?.neg().backward()?);
            let leaves = words.parameters().into_iter().map(|param| &**param).chain([&x]);
            for leaf in leaves {
                let zeros = leaf.detach().zeros_like();
                assert!(close(got.get(leaf).unwrap_or(&zeros), want.get(leaf).unwrap_or(&zeros)), "{:?}", leaf.shape());
            }
        }
        let (one, _) = words.with_loss(&x.select(0, 2)?, &Tensor::from(5))?;
        assert_eq!(one.shape(), [0; 0]);
        Ok(())
    }

    /// Of the exact quotient: 64 / 1.6, 64 / 1.6² and 11 / 1.1 are below whole numbers, to which `f64` rounds them.
    #[test]
    fn tails_have_as_many_features_as_in_pytorch() -> Result<()> {
        for (in_features, n_classes, cutoffs, div_value, want) in [
            (64, 200, &[5, 10][..], 1.6, &[39, 24][..]),
            (11, 20, &[5][..], 1.1, &[9][..]),
            (64, 200, &[5, 10, 20][..], 4.0, &[16, 4, 1][..]),
            (3, 20, &[5][..], 0.5, &[6][..]),
        ] {
            let options = AdaptiveLogSoftmaxOptions::new().div_value(div_value);
            let words = AdaptiveLogSoftmaxWithLoss::with(in_features, n_classes, cutoffs, options, &mut seeded(7))?;
            let got: Vec<usize> = words.tail.iter().map(|[down, _]| down.out_features()).collect();
            assert_eq!(got, want, "{in_features} {div_value}");
        }
        Ok(())
    }

    #[test]
    fn what_is_no_class_and_what_does_not_fit_is_refused() -> Result<()> {
        let (words, x) = (words()?, Tensor::zeros(&[2, 8], DType::F64)?);
        let text = |x: &Tensor, target: Tensor| words.with_loss(x, &target).expect_err("refused").to_string();
        let no_class = "AdaptiveLogSoftmaxWithLoss: target 9 at position 1 is no class of 9";
        assert_eq!(text(&x, Tensor::from([0, 9])), no_class);
        assert!(text(&x, Tensor::from([-1, 0])).contains("target -1 at position 0"));
        assert_eq!(text(&x, Tensor::from([0])), "AdaptiveLogSoftmaxWithLoss: target has shape [1], expected [2]");
        let deep = "AdaptiveLogSoftmaxWithLoss: the input has shape [1, 2, 8], expected [N, D] or [D]";
        assert_eq!(text(&x.unsqueeze(0)?, Tensor::from([0])), deep);
        Ok(())
    }
}
