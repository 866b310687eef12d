//! Layers over graphs as PyTorch Geometric computes them.

use super::Aggregation::{Add, Max, Mean, Min};
use super::{
    Aggregation, FillValue, GATConv, GATConvOptions, GCNConv, GCNConvOptions, GINConv, GINConvOptions, SAGEConv,
    SAGEConvOptions,
};
use crate::Linear;
use crate::layer::Layer;
use autograd_core::module::Module;
use autograd_core::{DType, Result, Rng, Tensor, seeded};

fn gin(aggr: Aggregation, rng: &mut dyn Rng) -> Result<GINConv<Linear>> {
    GINConv::with(Linear::new(3, 2, rng)?, GINConvOptions::new().eps(0.3).aggr(aggr))
}

/// The layer with `sin(0.7 k + i)` as element k of the entry i of its state, by name; but ε stays.
fn filled(mut layer: impl Layer + 'static) -> Result<Box<dyn Layer>> {
    layer.to_dtype(DType::F64)?;
    let mut state: Vec<(String, Tensor)> =
        layer.state_dict().iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    state.sort_by(|a, b| a.0.cmp(&b.0));
    for (i, (name, value)) in state.iter_mut().enumerate() {
        if name == "eps" {
            *value = Tensor::full(&[1], 0.3, DType::F64)?;
            continue;
        }
        let elements = (0..value.numel()).map(|k| (0.7 * k as f64 + i as f64).sin()).collect();
        *value = Tensor::from_vec(elements, value.shape())?;
    }
    layer.load_state_dict(&state.into_iter().collect())?;
    layer.eval();
    Ok(Box::new(layer))
}

fn built(name: &str, rng: &mut dyn Rng) -> Result<Box<dyn Layer>> {
    let (gcn, sage, gat) = (GCNConvOptions::new(), SAGEConvOptions::new(), GATConvOptions::new());
    let gat_with = |options, rng: &mut dyn Rng| filled(GATConv::with(3, 2, options, rng)?);
    match name {
        "gcn" => filled(GCNConv::new(3, 2, rng)?),
        "gcn w" => filled(GCNConv::new(3, 2, rng)?),
        "gcn improved w" => filled(GCNConv::with(3, 2, gcn.improved(true).bias(false), rng)?),
        "gcn improved without weights" => filled(GCNConv::with(3, 2, gcn.improved(true).bias(false), rng)?),
        "gcn noloops" => filled(GCNConv::with(3, 2, gcn.add_self_loops(false), rng)?),
        "gcn nonorm" => filled(GCNConv::with(3, 2, gcn.normalize(false), rng)?),
        "sage mean" => filled(SAGEConv::new(3, 2, rng)?),
        "sage add" => filled(SAGEConv::with(3, 2, sage.aggr(Add).root_weight(false), rng)?),
        "sage max" => filled(SAGEConv::with(3, 2, sage.aggr(Max).project(true), rng)?),
        "sage min" => filled(SAGEConv::with(3, 2, sage.aggr(Min).normalize(true), rng)?),
        "gin mean" => filled(gin(Mean, rng)?),
        "gin add" => filled(gin(Add, rng)?),
        "gin max" => filled(gin(Max, rng)?),
        "gin min" => filled(gin(Min, rng)?),
        "gat" => gat_with(gat.heads(2), rng),
        "gat mean res" => gat_with(gat.heads(2).concat(false).negative_slope(0.05).residual(true).bias(false), rng),
        "gat noloops" => gat_with(gat.add_self_loops(false), rng),
        "gat edge mean" => gat_with(gat.edge_dim(2), rng),
        "gat edge add" => gat_with(gat.edge_dim(2).fill_value(FillValue::Of(Add)), rng),
        "gat edge max" => gat_with(gat.edge_dim(2).fill_value(FillValue::Of(Max)), rng),
        "gat edge 0.5" => gat_with(gat.edge_dim(2).fill_value(FillValue::Number(0.5)), rng),
        "gat edge1" => gat_with(gat.edge_dim(1).heads(2), rng),
        other => unreachable!("no layer {other}"),
    }
}

/// Written by PyTorch Geometric 2.8.1 in F64.
const WANT: &[(&str, &[f64])] = &[
    ("gcn", &[0.0185007, 0.8394409, 1.1589316, 0.3238011, 0.3345438, 0.3077395, -1.7090870, 2.0607843]),
    ("gcn w", &[-0.4214601, 0.9749464, 0.5818136, 0.5311688, 1.6496778, -0.3899046, -1.7090870, 2.0607843]),
    ("gcn improved w", &[-0.2045846, 0.2662028, -0.0499845, 0.1089749, 1.0951285, 0.5501918, -1.4632194, -0.2035341]),
    (
        "gcn improved without weights",
        &[-0.0850949, 0.5074557, 0.1702677, 0.4033882, 0.3734364, 0.0163089, -1.4632194, -0.2035341],
    ),
    ("gcn noloops", &[-1.4635040, 1.2297731, 1.4876483, 0.2914550, 1.7139247, -0.4274856, 0.0000000, 0.6442177]),
    ("gcn nonorm", &[-2.6886286, 1.7199517, 3.4090390, -0.4158181, 9.2344911, -5.0768042, 0.0000000, 0.6442177]),
    ("sage mean", &[-0.5593985, 0.0841710, 0.3636685, 1.9549162, 1.5425251, -1.8480332, -0.3836279, 2.3785002]),
    ("sage add", &[-1.7924190, 1.3613737, 4.5453853, -0.7691633, 2.0806193, -0.9987506, 0.0000000, 0.6442177]),
    ("sage max", &[-2.9691627, 0.1485556, 2.4180549, -2.0350001, -3.4433214, -0.6071102, 2.6918079, -0.8125184]),
    ("sage min", &[-0.9888685, 0.1487920, -0.0671581, 0.9977423, -0.8505915, -0.5258270, -0.1592320, 0.9872412]),
    ("gin mean", &[1.2929376, 1.1131267, 0.4495818, 1.8083712, 2.1273221, -2.2387632, 0.3427547, 3.2462321]),
    ("gin add", &[1.2929376, 1.1131267, 2.6595993, -1.1909623, 2.4916625, -3.6436726, 0.3427547, 3.2462321]),
    ("gin max", &[1.2929376, 1.1131267, 0.5257311, 1.0645206, 2.7941372, -3.4809033, 0.3427547, 3.2462321]),
    ("gin min", &[1.2929376, 1.1131267, 0.2454207, 2.3297577, 0.7936919, 0.2455170, 0.3427547, 3.2462321]),
    (
        "gat",
        &[
            1.3419775, 1.0869939, 0.6369059, -0.7470925, 1.2988443, 1.1913479, 0.6661296, -1.0229832, 1.1805176,
            1.2593871, 1.3614310, -1.7200254, 2.2038344, 0.8848869, -2.0120194, 0.4977182,
        ],
    ),
    ("gat mean res", &[-0.0655813, -0.9308597, 0.5880216, 1.6406864, -0.7556223, -0.7187538, 0.4189911, 1.1478658]),
    ("gat noloops", &[1.4574435, 1.6356727, 0.6129856, -0.7301254, 0.9867595, 0.9961095, 0.9092974, 0.4273799]),
    ("gat edge mean", &[1.2829719, -0.9267116, 0.5718666, -0.7040926, 1.3521905, -0.8004455, 1.9236305, -1.7697344]),
    ("gat edge add", &[1.2829719, -0.9267116, 0.7247894, -0.7392512, 1.3521905, -0.8004455, 1.9236305, -1.7697344]),
    ("gat edge max", &[1.2829719, -0.9267116, 0.5719550, -0.7041129, 1.3521905, -0.8004455, 1.9236305, -1.7697344]),
    ("gat edge 0.5", &[1.2793093, -0.9262293, 0.3217364, -0.6465850, 1.3300115, -0.7918885, 1.9236305, -1.7697344]),
    (
        "gat edge1",
        &[
            0.7743232, -0.8597326, -0.2527839, -1.4532193, -0.1241635, -0.5506510, 0.0163973, -2.2638738, 1.3933947,
            -0.8163425, -0.5565908, -1.8964257, 1.9236305, -1.7697344, -1.4821969, 0.8498211,
        ],
    ),
];

/// Two edges from 0 to 1, two self loops at 2, and node 3 alone.
#[test]
fn outputs_are_those_of_pytorch_geometric() -> Result<()> {
    let numbers = |n: usize, f: fn(f64) -> f64| (0..n).map(|k| f(k as f64)).collect::<Vec<_>>();
    let x = Tensor::from_vec(numbers(12, |k| (0.9 * k).cos()), &[4, 3])?;
    let edges = Tensor::from([[0, 1, 1, 2, 0, 2, 2], [1, 0, 2, 2, 1, 1, 2]]);
    let weights = Tensor::from_vec(vec![0.5, 1.5, 0.25, 2.0, 1.0, 0.75, 3.0], &[7])?;
    let attributes = Tensor::from_vec(numbers(14, |k| (0.4 * k).sin()), &[7, 2])?;
    for (name, want) in WANT {
        let mut all = vec![x.clone(), edges.clone()];
        match *name {
            "gcn w" | "gcn improved w" | "gcn noloops" | "gcn nonorm" | "gat edge1" => all.push(weights.clone()),
            "gat edge mean" | "gat edge add" | "gat edge max" | "gat edge 0.5" => all.push(attributes.clone()),
            _ => {}
        }
        let got = built(name, &mut seeded(7))?.forward_all(&all)?.to_f64s();
        let near = got.iter().zip(*want).all(|(a, b)| (a - b).abs() < 1e-7);
        assert!(got.len() == want.len() && near, "{name}: {got:?} {want:?}");
    }
    Ok(())
}

#[test]
fn attention_says_what_it_gives_to_each_edge() -> Result<()> {
    let mut gat = GATConv::with(3, 1, GATConvOptions::new().heads(2), &mut seeded(7))?;
    gat.eval();
    let x = Tensor::randn(&[4, 3], DType::F32, &mut seeded(8))?;
    let edges = Tensor::from([[0, 1, 1, 2, 0, 2, 2], [1, 0, 2, 2, 1, 1, 2]]);
    let (y, all, alpha) = gat.attend(&x, &edges, None)?;
    assert_eq!((y.shape(), all.shape(), alpha.shape()), (&[4, 2][..], &[2, 11][..], &[11, 2][..]));
    // All of a node's attention is given, and none to the loops that were replaced.
    let given = alpha.segment_sum(&all.select(0, 1)?, 4)?.to_f64s();
    assert!(given.iter().all(|sum| (sum - 1.0).abs() < 1e-6), "{given:?}");
    for edge in [3, 6] {
        assert_eq!(alpha.select(0, edge)?.to_f64s(), [0.0, 0.0]);
    }
    Ok(())
}
