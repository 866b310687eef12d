//! The four files that MNIST and Fashion-MNIST are published as.

use super::{idx_images, idx_labels};
use crate::tensor_dataset::TensorDataset;
use autograd_core::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Reads Fashion-MNIST (or MNIST: the files have the same names) from a directory: the train part and the test part.
///
/// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`, each plain or, if the plain one is missing, with `.gz`.
///
/// # Shapes
/// `x: [N, 28, 28]` F32 in [0, 1], or of the size that the files have; `y: [N]` I64.
///
/// # Errors
/// If a file is missing or damaged, or images and labels differ in number.
///
/// # Examples
/// ```no_run
/// let (train, test) = wengert_data::fashion_mnist("data/fashion-mnist")?;
/// assert_eq!(train.x.shape(), [60_000, 28, 28]);
/// # Ok::<(), wengert_data::Error>(())
/// ```
///
/// # References
/// H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
/// arXiv:1708.07747, 2017.
pub fn fashion_mnist(dir: impl AsRef<Path>) -> Result<(TensorDataset, TensorDataset)> {
    read(dir.as_ref())
}

fn read(dir: &Path) -> Result<(TensorDataset, TensorDataset)> {
    let part = |part: &str| {
        let images = find(dir, &format!("{part}-images-idx3-ubyte"))?;
        let labels = find(dir, &format!("{part}-labels-idx1-ubyte"))?;
        let whole = TensorDataset::new(idx_images(&images)?, idx_labels(&labels)?);
        whole.map_err(|e| e.context(format_args!("{} and {}", images.display(), labels.display())))
    };
    Ok((part("train")?, part("t10k")?))
}

fn find(dir: &Path, name: &str) -> Result<PathBuf> {
    let names = [name.to_string(), format!("{name}.gz")];
    let found = names.iter().map(|name| dir.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| Error::new(ErrorKind::Io, format!("{}: none of {names:?} is there", dir.display())))
}
