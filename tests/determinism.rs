//! The same bits from the same seed: on repetition, and for any number of threads.

use wengert::core::module::Module;
use wengert::core::{DType, Tensor, seeded};
use wengert::data::{DataLoader, TensorDataset};
use wengert::nn::{Dropout, Layer, Linear, ReLU, cross_entropy, sequential};
use wengert::optim::{Adam, Optimizer};

fn with_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(f)
}

fn bits(x: &Tensor) -> Vec<u64> {
    x.to_f64s().iter().map(|x| x.to_bits()).collect()
}

/// A run with chance in every place it can be: initialisation, dropout, the order of samples. Products, element-wise
/// work and updates are each large enough to be shared between threads.
fn train() -> Vec<(String, Vec<u64>)> {
    let mut rng = seeded(7);
    let x = Tensor::randn(&[1000, 784], DType::F32, &mut rng).expect("fits");
    let y = x.narrow(1, 0, 10).and_then(|x| x.argmax(1)).expect("a dim of ten");
    let set = TensorDataset::new(x, y).expect("as many rows");
    let mut model = sequential![
        Linear::new(784, 512, &mut rng).expect("sizes above 0"),
        ReLU,
        Dropout::new(0.3, &mut rng).expect("a probability"),
        Linear::new(512, 10, &mut rng).expect("sizes above 0"),
    ];
    let mut adam = Adam::new(1e-3).weight_decay(1e-4);
    let loader = DataLoader::new(&set).batch_size(256).shuffle(3);
    let mut log = Vec::new();
    for epoch in 0..2 {
        for batch in loader.epoch(epoch).expect("batches") {
            let (x, y) = batch.expect("rows");
            let loss = model.forward(&x).and_then(|output| cross_entropy(&output, &y)).expect("shapes fit");
            let gradients = loss.backward().expect("tracked");
            adam.step(&mut model, &gradients).expect("gradients fit");
            log.push(("loss".to_string(), bits(&loss)));
        }
    }
    log.extend(model.state_dict().iter().map(|(name, value)| (name.to_string(), bits(value))));
    log.extend(adam.state_dict().iter().map(|(name, value)| (name.to_string(), bits(value))));
    log
}

/// The names of the tensors that differ.
fn differing<'a>(a: &'a [(String, Vec<u64>)], b: &'a [(String, Vec<u64>)]) -> Vec<&'a str> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).filter(|(a, b)| a != b).map(|(a, _)| a.0.as_str()).collect()
}

#[test]
fn a_training_run_gives_the_same_bits_again_and_on_any_number_of_threads() {
    let first = train();
    assert_eq!(differing(&first, &train()), [""; 0], "repeated");
    for threads in [1, 2, 3] {
        let run = with_threads(threads, train);
        assert_eq!(differing(&first, &run), [""; 0], "on {threads} threads");
    }
}

#[test]
fn single_operations_give_the_same_bits_on_any_number_of_threads() {
    let x = Tensor::randn(&[700, 1001], DType::F32, &mut seeded(1)).expect("fits");
    let row = x.narrow(0, 0, 1).expect("a row");
    type Operation = fn(&Tensor, &Tensor) -> wengert::core::Result<Tensor>;
    let operations: [(&str, Operation); 14] = [
        ("exp", |x, _| Ok(x.exp())),
        ("gelu", |x, _| Ok(x.gelu())),
        ("exp of a transposed view", |x, _| Ok(x.t()?.exp())),
        ("add, broadcast", |x, row| x.try_add(row)),
        ("sum", |x, _| Ok(x.sum())),
        ("sum of columns", |x, _| x.sum_dim(0)),
        ("sum of rows", |x, _| x.sum_dim(1)),
        ("mean", |x, _| x.mean()),
        ("var", |x, _| x.var_dim(0, 1.0)),
        ("amax", |x, _| x.amax(0)),
        ("softmax", |x, _| x.softmax(1)),
        ("logsumexp", |x, _| x.logsumexp(0)),
        ("matmul", |x, _| x.matmul(&x.t()?)),
        ("dropout", |x, _| x.dropout_seeded(0.5, 9)),
    ];
    for (name, operation) in operations {
        let run = || {
            let x = x.requires_grad();
            let y = operation(&x, &row).expect("shapes fit");
            // A gradient of another size in every place.
            let seed = y.detach().add_scalar(0.37);
            let gradient = y.backward_with(&seed).expect("tracked").take(&x).expect("used");
            (bits(&y), bits(&gradient))
        };
        let one = with_threads(1, run);
        for threads in [1, 2, 3] {
            assert!(with_threads(threads, run) == one, "{name} on {threads} threads");
        }
    }
}

#[test]
fn other_seeds_give_other_numbers() {
    let sample = |seed| bits(&Tensor::randn(&[8], DType::F32, &mut seeded(seed)).expect("small"));
    assert_eq!(sample(1), sample(1));
    assert_ne!(sample(1), sample(2));
    let x = Tensor::ones(&[64], DType::F32).expect("small");
    let dropped = |seed| bits(&x.dropout_seeded(0.5, seed).expect("a probability"));
    assert_ne!(dropped(1), dropped(2));
}
