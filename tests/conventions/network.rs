//! Places, windows, matrices and layers.

use crate::{INF, Row, check, check_two, same, second};
use wengert::core::{
    DType, EmbeddingBagOptions, FractionalMaxPool, GridSample, GridSampleMode, LpPool, MaxPool, Recurrence, Result,
    ScatterReduce, SvdMode, Tensor, Triangle, seeded,
};
use wengert::nn::{AdditiveAttention, Attention, AttentionMasks, GCNConv, Layer};

/// A tensor of these numbers and shape.
fn of(x: &[f64], shape: &[usize]) -> Tensor {
    Tensor::from_slice(x, shape).expect("as many elements")
}

/// A layer whose weights are of `F64`.
fn double<L: wengert::core::module::Module>(mut layer: L) -> L {
    layer.to_dtype(DType::F64).expect("a float type");
    layer
}

pub(crate) const PLACES: &[Row] = &[
    ("repeated indices in `gather`, `index_select`", || {
        let (index, weights) = (Tensor::from([2, 0, 2, 2]), of(&[1.0, 10.0, 100.0, 1000.0], &[4]));
        check(&[5.0, 6.0, 7.0], &[10.0, 0.0, 1101.0], |x| x.index_select(0, &index)?.try_mul(&weights));
        check(&[5.0, 6.0, 7.0], &[10.0, 0.0, 1101.0], |x| x.gather(0, &index)?.try_mul(&weights));
    }),
    ("repeated places of `scatter`, `index_copy`, `index_fill`, `put`, `index_put`", || {
        let (index, weights) = (Tensor::from([1, 1]), of(&[1.0, 10.0, 100.0], &[3]));
        type Put = fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>;
        let puts: [Put; 4] = [
            |x, index, src| x.scatter(0, index, src),
            |x, index, src| x.index_copy(0, index, src),
            |x, index, src| x.put(index, src),
            |x, index, src| x.index_put(&[index], src),
        ];
        for put in puts {
            let y = put(&of(&[0.0; 3], &[3]), &index, &of(&[5.0, 7.0], &[2])).expect("it fits");
            assert_eq!(y.to_f64s(), [0.0, 7.0, 0.0]);
            let want: [&[f64]; 2] = [&[1.0, 0.0, 100.0], &[0.0, 10.0]];
            check_two(&[0.0; 3], &[5.0, 7.0], want, |x, src| put(x, &index, src)?.try_mul(&weights));
        }
        check(&[5.0, 6.0, 7.0], &[1.0, 0.0, 100.0], |x| x.index_fill(0, &index, 3.0)?.try_mul(&weights));
    }),
    ("`scatter_reduce`, `segment_max`, `segment_min` with ties", || {
        let ids = Tensor::from([0, 0, 1]);
        check(&[4.0, 4.0, 3.0], &[0.5, 0.5, 1.0], |x| x.segment_max(&ids, 2));
        check(&[4.0, 4.0, 3.0], &[0.5, 0.5, 1.0], |x| x.segment_min(&ids, 2));
        let third = 1.0 / 3.0;
        check_two(&[4.0], &[4.0, 4.0], [&[third], &[third, third]], |x, src| {
            x.scatter_reduce(0, &Tensor::from([0, 0]), src, ScatterReduce::amax())
        });
    }),
    ("empty segments and bags", || {
        let ids = Tensor::from([0, 2]);
        type Fold = fn(&Tensor, &Tensor) -> Result<Tensor>;
        let folds: [Fold; 4] = [
            |x, ids| x.segment_sum(ids, 3),
            |x, ids| x.segment_mean(ids, 3),
            |x, ids| x.segment_max(ids, 3),
            |x, ids| x.segment_min(ids, 3),
        ];
        for fold in folds {
            assert_eq!(fold(&of(&[4.0, 5.0], &[2]), &ids).expect("it fits").to_f64s(), [4.0, 0.0, 5.0]);
            check(&[4.0, 5.0], &[1.0, 1.0], |x| fold(x, &ids));
        }
        let bags = Tensor::from([0, 0]);
        let table = of(&[4.0, 5.0], &[2, 1]);
        let y = table.embedding_bag(&Tensor::from([1]), Some(&bags), EmbeddingBagOptions::new()).expect("it fits");
        assert_eq!(y.to_f64s(), [0.0, 5.0]);
    }),
];

pub(crate) const WINDOWS: &[Row] = &[
    ("`max_pool` with ties", || {
        let plane = |x: &Tensor| x.reshape(&[1, 1, x.numel()]);
        check(&[3.0, 3.0, 1.0], &[1.0, 0.0, 0.0], |x| plane(x)?.max_pool1d(MaxPool::new(3)));
        check(&[f64::NAN, 3.0, f64::NAN], &[0.0, 0.0, 1.0], |x| plane(x)?.max_pool1d(MaxPool::new(3)));
        // The second window, of a dilated kernel, lies in the padding alone.
        let windows = || MaxPool::new(2).stride(1).padding(1).dilation(3);
        let y = of(&[3.0, 4.0], &[1, 1, 2]).max_pool1d(windows()).expect("it fits");
        assert_eq!(y.to_f64s(), [-INF]);
        check(&[3.0, 4.0], &[0.0, 0.0], |x| plane(x)?.max_pool1d(windows()));
    }),
    ("`lp_pool` of a sum of 0; `grid_sample` by nearest, for the grid", || {
        for p in [1.5, 2.0, 3.0] {
            check(&[0.0, 0.0], &[0.0, 0.0], |x| x.reshape(&[1, 1, 2])?.lp_pool1d(LpPool::new(p, 2)));
        }
        let x = of(&[1.0, 2.0, 3.0, 4.0], &[1, 1, 2, 2]);
        check(&[0.25, -0.75], &[0.0, 0.0], |grid| {
            x.grid_sample(&grid.reshape(&[1, 1, 1, 2])?, GridSample::new().mode(GridSampleMode::Nearest))
        });
    }),
    ("`fractional_max_pool` with ties", || {
        let pooled = |x: &Tensor| {
            let windows = FractionalMaxPool::size([1, 3], [1, 1]);
            Ok(x.reshape(&[1, 1, 3])?.fractional_max_pool2d(windows, &of(&[0.5, 0.5], &[1, 1, 2]))?.0)
        };
        check(&[3.0, 3.0, 1.0], &[1.0, 0.0, 0.0], pooled);
        check(&[f64::NAN, 3.0, f64::NAN], &[0.0, 0.0, 1.0], pooled);
    }),
];

pub(crate) const MATRICES: &[Row] = &[
    ("`eigh`, `svd` of equal values", || {
        // Of the vectors of the identity nothing is defined but what all of them share.
        let square = |x: &Tensor| x.reshape(&[2, 2]);
        check(&[1.0, 0.0, 0.0, 1.0], &[0.0; 4], |x| Ok(square(x)?.eigh(Triangle::Lower)?.1));
        check(&[1.0, 0.0, 0.0, 1.0], &[0.0; 4], |x| Ok(square(x)?.svd(SvdMode::Reduced)?.0));
        check(&[1.0, 0.0, 0.0, 1.0], &[1.0, 0.0, 0.0, 1.0], |x| Ok(square(x)?.svd(SvdMode::Reduced)?.1));
    }),
    ("`det` of a singular matrix", || {
        let det = |x: &Tensor| x.reshape(&[2, 2])?.det();
        check(&[0.0, 0.0, 0.0, 3.0], &[3.0, 0.0, 0.0, 0.0], det);
        // d/dx₃ of the cofactors, which are [x₃, −x₂, −x₁, x₀].
        assert_eq!(second(&[0.0; 4], &[1.0, 0.0, 0.0, 0.0], det), Some(vec![0.0, 0.0, 0.0, 1.0]));
    }),
    ("`logdet` of a negative determinant", || {
        let logdet = |x: &Tensor| x.reshape(&[2, 2])?.logdet();
        assert!(logdet(&of(&[0.0, 1.0, 1.0, 0.0], &[4])).expect("square").to_f64s()[0].is_nan());
        check(&[0.0, 1.0, 1.0, 0.0], &[0.0; 4], logdet);
    }),
];

pub(crate) const LAYERS: &[Row] = &[
    ("`scaled_dot_product_attention` of a query that sees nothing", || {
        let options = || wengert::core::AttentionOptions::new().attn_mask(Tensor::from([[false, false]]));
        let (k, v) = (of(&[1.0, 2.0], &[1, 2, 1]), of(&[3.0, 4.0], &[1, 2, 1]));
        let attend = |q: &Tensor| q.reshape(&[1, 1, 1])?.scaled_dot_product_attention(&k, &v, options());
        assert_eq!(attend(&of(&[5.0], &[1])).expect("it fits").to_f64s(), [0.0]);
        check(&[5.0], &[0.0], attend);
    }),
    ("`Attention`, `AdditiveAttention` of a query that sees nothing", || {
        let masks = AttentionMasks::new().attn_mask(Tensor::from([[true, true]]));
        let v = of(&[3.0, 4.0], &[1, 2, 1]);
        let dot = Attention::new(&mut seeded(7));
        let added = double(AdditiveAttention::new(1, &mut seeded(7)).expect("a feature"));
        let by_dot = |q: &Tensor| Ok(dot.attend(&q.reshape(&[1, 1, 1])?, &v, None, &masks)?.0);
        let by_sum = |q: &Tensor| Ok(added.attend(&q.reshape(&[1, 1, 1])?, &v, None, &masks)?.0);
        assert_eq!(by_dot(&of(&[5.0], &[1])).expect("it fits").to_f64s(), [0.0]);
        assert_eq!(by_sum(&of(&[5.0], &[1])).expect("it fits").to_f64s(), [0.0]);
        check(&[5.0], &[0.0], by_dot);
        check(&[5.0], &[0.0], by_sum);
    }),
    ("`GCNConv` of a node of degree 0", || {
        let gcn = gcn(1.0);
        let (x, edges) = (of(&[2.0, 3.0], &[2, 1]), Tensor::from([[0, 0], [1, 0]]));
        // The self loop of node 0 weighs 0, as does the edge to node 1 but for its own loop, which is added.
        let forward = |w: &Tensor| gcn.forward_all(&[x.clone(), edges.clone(), w.clone()])?.narrow(0, 0, 1);
        assert_eq!(forward(&of(&[1.0, 0.0], &[2])).expect("it fits").to_f64s(), [0.0]);
        check(&[1.0, 0.0], &[0.0, 0.0], forward);
    }),
    ("several self loops of a node in `GCNConv`", || {
        let gcn = gcn(2.0);
        let (x, edges) = (of(&[3.0], &[1, 1]), Tensor::from([[0, 0], [0, 0]]));
        // Its weight over its degree, which is the same: 1, with a gradient of 0 for what counts, too.
        let y = gcn.forward_all(&[x.clone(), edges, of(&[5.0, 0.25], &[2])]).expect("it fits");
        assert!((y.to_f64s()[0] - 6.0).abs() < 1e-12);
        let edges = Tensor::from([[0, 0, 1], [0, 0, 0]]);
        let x = of(&[1.0, 4.0], &[2, 1]);
        let weights = of(&[5.0, 3.0, 1.0], &[3]).requires_grad();
        let y = gcn.forward_all(&[x, edges, weights.clone()]).expect("it fits");
        let gradient =
            y.narrow(0, 0, 1).expect("two").backward().expect("tracked").get(&weights).expect("used").to_f64s();
        assert!(gradient[0] == 0.0 && gradient[1] != 0.0, "{gradient:?}");
    }),
    ("`rnn_relu` at 0", || {
        let (w, one) = (of(&[1.0], &[1, 1]), of(&[1.0], &[1, 1]));
        check(&[0.0], &[0.0], |x| Ok(x.reshape(&[1, 1, 1])?.rnn_relu(&w, &one, Recurrence::new())?.0));
    }),
    ("`rnn_tanh`, `rnn_relu`, `gru`, `lstm` behind a sample's length", || {
        let options = || Recurrence::new().lengths(&Tensor::from([1]));
        let w = |gates: usize| of(&vec![0.5; gates], &[gates, 1]);
        type Run = fn(&Tensor, &Tensor, Recurrence) -> Result<Tensor>;
        let runs: [(usize, Run); 4] = [
            (1, |x, w, options| Ok(x.rnn_tanh(w, w, options)?.0)),
            (1, |x, w, options| Ok(x.rnn_relu(w, w, options)?.0)),
            (3, |x, w, options| Ok(x.gru(w, w, options)?.0)),
            (4, |x, w, options| Ok(x.lstm(w, w, options)?.0)),
        ];
        for (gates, run) in runs {
            let forward = |x: &Tensor| run(&x.reshape(&[2, 1, 1])?, &w(gates), options());
            let y = forward(&of(&[1.0, 2.0], &[2])).expect("it fits").to_f64s();
            assert!(y[0] != 0.0 && y[1] == 0.0, "{y:?}");
            check(&[2.0], &[0.0], |last| forward(&Tensor::cat(&[&of(&[1.0], &[1]), last], 0)?));
        }
    }),
    ("`ctc_loss` of a target that no path says", || {
        // A symbol twice takes three times, and here are two.
        let (targets, two) = (Tensor::from([[1, 1]]), Tensor::from([2]));
        let forward = |x: &Tensor| x.reshape(&[2, 1, 2])?.ctc_loss(&targets, &two, &two, 0);
        let x = [-0.5, -1.0, -0.2, -2.0];
        assert_eq!(forward(&of(&x, &[4])).expect("it fits").to_f64s(), [INF]);
        check(&x, &[0.0; 4], forward);
    }),
];

/// Graph convolution with this weight, and without a bias.
fn gcn(weight: f64) -> GCNConv {
    let options = wengert::nn::GCNConvOptions::new().bias(false);
    let mut gcn = double(GCNConv::with(1, 1, options, &mut seeded(7)).expect("sizes"));
    gcn.lin.weight.set(of(&[weight], &[1, 1])).expect("of its shape");
    assert!(same(&gcn.lin.weight.to_f64s(), &[weight]));
    gcn
}
