//! Datasets that do not give what they were asked for, and ones of other forms than pairs.

use autograd_core::{DType, ErrorKind, Tensor, seeded};
use wengert_data::{DataLoader, Dataset, InputsDataset, Result, TensorDataset, only_input};

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32).expect("small")
}

/// Ten samples, of which a batch has other shapes than it should.
struct Liar {
    inputs: Vec<fn(usize) -> Vec<usize>>,
    target: fn(usize) -> Vec<usize>,
}

impl Dataset for Liar {
    fn len(&self) -> usize {
        10
    }
    fn name(&self) -> &str {
        "Liar"
    }
    fn inputs(&self) -> usize {
        self.inputs.len().max(1)
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        only_input(self.batch_all(indices)?)
    }
    fn batch_all(&self, indices: &[usize]) -> Result<(Vec<Tensor>, Tensor)> {
        let of = |shape: &fn(usize) -> Vec<usize>| zeros(&shape(indices.len()));
        Ok((self.inputs.iter().map(of).collect(), of(&self.target)))
    }
}

/// The error of the first batch of four, in order and shuffled.
fn refused(liar: &Liar) -> String {
    let first = |loader: DataLoader<'_, Liar>| {
        let batch = loader.batch_size(4).epoch(0).expect("a proper loader").all().next().expect("three batches");
        batch.expect_err("a lie")
    };
    let (plain, shuffled) = (first(DataLoader::new(liar)), first(DataLoader::new(liar).shuffle(7)));
    assert_eq!(plain, shuffled);
    if liar.inputs.len() == 1 {
        let one = DataLoader::new(liar).batch_size(4).epoch(0).expect("proper").next().expect("three batches");
        assert_eq!(one.expect_err("a lie"), plain);
    }
    plain.to_string()
}

#[test]
fn a_batch_has_a_row_for_each_sample() {
    let truth: fn(usize) -> Vec<usize> = |n| vec![n, 2];
    let check = |inputs: &[fn(usize) -> Vec<usize>], target, text: &str| {
        assert_eq!(refused(&Liar { inputs: inputs.to_vec(), target }), format!("DataLoader: Liar gave {text}"));
    };
    check(&[|n| vec![n + 3, 1]], truth, "x of shape [7, 1] for 4 samples, expected [4, ..], a row for each");
    check(&[|n| vec![n - 1, 1]], truth, "x of shape [3, 1] for 4 samples, expected [4, ..], a row for each");
    check(&[|_| vec![]], truth, "x of shape [] for 4 samples, expected [4, ..], a row for each");
    check(&[truth], |_| vec![1], "y of shape [1] for 4 samples, expected [4, ..], a row for each");
    check(&[truth], |_| vec![], "y of shape [] for 4 samples, expected [4, ..], a row for each");
    check(&[truth, |_| vec![1, 4]], truth, "input 2 of shape [1, 4] for 4 samples, expected [4, ..], a row for each");
}

#[test]
fn a_set_that_shrinks_is_not_cut_short() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    struct Shrinking(AtomicUsize);
    impl Dataset for Shrinking {
        fn len(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
        fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
            self.0.store(3, Ordering::Relaxed);
            Ok((zeros(&[indices.len()]), zeros(&[indices.len()])))
        }
    }
    for shuffled in [false, true] {
        let set = Shrinking(AtomicUsize::new(10));
        let loader = DataLoader::new(&set).batch_size(4);
        let loader = if shuffled { loader.shuffle(1) } else { loader };
        let sizes: Vec<usize> = loader.epoch(0).expect("ten").map(|batch| batch.expect("fits").0.numel()).collect();
        assert_eq!(sizes, [4, 4, 2]);
    }
}

#[test]
fn the_number_of_samples_is_read_once_in_an_epoch() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    struct Fading(AtomicUsize);
    impl Dataset for Fading {
        fn len(&self) -> usize {
            self.0.fetch_sub(5, Ordering::Relaxed)
        }
        fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
            Ok((zeros(&[indices.len()]), zeros(&[indices.len()])))
        }
    }
    let set = Fading(AtomicUsize::new(20));
    let sizes = |loader: DataLoader<'_, Fading>| -> Vec<usize> {
        let epoch = loader.batch_size(4).epoch(0).expect("not yet empty");
        epoch.map(|batch| batch.expect("fits").0.numel()).collect()
    };
    assert_eq!(sizes(DataLoader::new(&set)), [4; 5]);
    assert_eq!(sizes(DataLoader::new(&set).shuffle(1)), [4, 4, 4, 3]);
    assert_eq!(DataLoader::new(&set).batch_size(4).indices(0, 2).expect("ten"), [8, 9]);
}

#[test]
fn several_inputs() -> Result<()> {
    let (a, b) = (Tensor::from([1, 2, 3]), Tensor::from([[1.0], [2.0], [3.0]]));
    let set = InputsDataset::new(vec![a.clone(), b.clone()], Tensor::from([10, 20, 30]))?;
    assert_eq!((set.len(), set.inputs()), (3, 2));
    for loader in [DataLoader::new(&set), DataLoader::new(&set).shuffle(7)] {
        let batches: Vec<_> = loader.batch_size(2).epoch(0)?.all().collect::<Result<_>>()?;
        assert_eq!(batches.len(), 2);
        for (inputs, y) in batches {
            assert_eq!(inputs[0].mul_scalar(10.0).to_f64s(), y.to_f64s());
            assert_eq!(inputs[1].mul_scalar(10.0).to_f64s(), y.to_f64s());
        }
    }
    let error = DataLoader::new(&set).epoch(0)?.next().expect("three batches").expect_err("two inputs");
    assert_eq!(error.to_string(), "the samples have 2 inputs, one is asked for; batch_all gives all");
    assert_eq!(set.select(&[2, 0])?.batch_all(&[0])?.1.to_vec::<i64>()?, [30]);

    let text = |inputs, y| InputsDataset::new(inputs, y).expect_err("they do not fit").to_string();
    let expected = "InputsDataset: the shapes [[3], [3, 1], [2]] must begin with the same number of samples";
    assert_eq!(text(vec![a, b], zeros(&[2])), expected);
    assert_eq!(text(vec![], zeros(&[2])), "InputsDataset: needs at least one input");
    Ok(())
}

#[test]
fn tensors_are_inputs_without_targets() -> Result<()> {
    let x = Tensor::from([[1.0], [2.0], [3.0]]);
    assert!(x.in_memory() && vec![x.clone()].in_memory());
    assert!(!x.has_targets() && TensorDataset::new(x.clone(), x.clone())?.has_targets());
    let batches: Vec<_> = DataLoader::new(&x).batch_size(2).shuffle(3).epoch(0)?.collect::<Result<_>>()?;
    assert_eq!((batches[0].0.shape(), batches[0].1.shape()), (&[2, 1][..], &[2, 0][..]));
    let both = vec![x.clone(), Tensor::from([4, 5, 6])];
    let (inputs, _) = DataLoader::new(&both).batch_size(3).epoch(0)?.all().next().expect("one batch")?;
    assert_eq!(inputs[1].to_vec::<i64>()?, [4, 5, 6]);
    let uneven = vec![x, Tensor::from([4, 5])];
    let error = DataLoader::new(&uneven).epoch(0)?.all().next().expect("a batch").expect_err("2 of 3");
    let expected = "the list of tensors: the shapes [[3, 1], [2]] must begin with the same number of samples";
    assert_eq!(error.to_string(), expected);
    Ok(())
}

/// So many samples that nobody can list them.
struct Endless;

impl Dataset for Endless {
    fn len(&self) -> usize {
        usize::MAX
    }
    fn batch(&self, indices: &[usize]) -> Result<(Tensor, Tensor)> {
        Ok((zeros(&[indices.len()]), zeros(&[indices.len()])))
    }
}

#[test]
fn endless_sets_and_batches() -> Result<()> {
    let loader = || DataLoader::new(&Endless);
    assert_eq!(loader().batch_size(2).epoch(0)?.nth(1 << 62).expect("far from the end")?.0.numel(), 2);
    assert_eq!(loader().batch_size(2).num_batches()?, (usize::MAX / 2) + 1);
    let error = loader().batch_size(2).shuffle(7).epoch(0).map(|_| ()).expect_err("no memory for the order");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let all = usize::MAX;
    assert_eq!(error.to_string(), format!("DataLoader: the numbers of {all} samples do not fit into memory"));
    let error = loader().batch_size(all).epoch(0)?.next().expect("one batch").expect_err("no memory for its numbers");
    assert_eq!(error.to_string(), format!("the dataset: the numbers of {all} samples do not fit into memory"));
    assert_eq!(loader().batch_size(all).indices(0, 0).expect_err("no memory for them").kind(), ErrorKind::TooLarge);
    assert_eq!(DataLoader::new(&zeros(&[3])).batch_size(all).epoch(0)?.count(), 1);
    let set = TensorDataset::new(zeros(&[3]), zeros(&[3]))?;
    assert_eq!(DataLoader::new(&set).batch_size(all).shuffle(1).epoch(0)?.count(), 1);
    assert!(wengert_data::sets::two_moons(all, 0.1, &mut seeded(1)).is_err());
    Ok(())
}
