//! The same bits on any number of threads.

use autograd_core::{DType, Tensor, seeded};
use wengert_data::TensorDataset;
use wengert_nn::{Dropout, Linear, ReLU, cross_entropy, sequential};
use wengert_optim::Adam;
use wengert_train::{Accuracy, Trainer};

fn train(threads: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| {
        let mut rng = seeded(7);
        let x = Tensor::randn(&[512, 64], DType::F32, &mut rng).expect("small");
        let y = x.narrow(1, 0, 10).expect("64 columns").argmax(1).expect("10 columns");
        let set = TensorDataset::new(x, y).expect("512 rows");
        let model = || -> wengert_nn::Result<_> {
            let rng = &mut seeded(7);
            let first = Linear::new(64, 512, rng)?;
            let second = Linear::new(512, 256, rng)?;
            Ok(sequential![first, ReLU, Dropout::new(0.3, rng)?, second, ReLU, Linear::new(256, 10, rng)?])
        };
        let mut model = model().expect("good sizes");
        // Two steps. A hidden layer of a batch, and the weight between both, are large enough that threads are woken.
        let trainer = Trainer::new(Adam::new(1e-3), cross_entropy).batch_size(256).metric(Accuracy);
        let valid = set.select(&(0..256).collect::<Vec<_>>()).expect("512 rows");
        let history = trainer.clip_norm(1.0).fit(&mut model, &set, &valid, &mut rng).expect("a good run");
        let state = wengert_nn::Layer::forward(&model, &valid.x).expect("fits");
        let weights = autograd_core::module::Module::state_dict(&model);
        let numbers = weights.iter().flat_map(|(_, value)| value.to_f64s()).chain(state.to_f64s());
        numbers.chain(history.values("loss")).chain(history.values("val_loss")).map(f64::to_bits).collect()
    })
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let one = train(1);
    assert!(one == train(2));
    assert!(one == train(1));
}
