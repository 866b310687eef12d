//! Metrics of predictions, by scikit-learn's definitions.

use super::inputs::{named, tolerance};
use crate::call::Call;
use crate::case::{Array, Case, Precision};
use crate::compare;
use crate::stop::{Outcome, Stop};
use autograd_core::Tensor;
use wengert_train::metrics::{Accuracy, Metric, confusion_matrix};

type Measure = fn(&Call<'_>) -> Outcome<Tensor>;

/// The register of metrics. Wiring one up is one entry.
const TABLE: &[(&str, Measure)] = &[
    ("accuracy", |c| {
        c.only("normalize", true)?;
        c.absent("sample_weight")?;
        let (target, prediction) = (c.tensor("y_true")?, c.tensor("y_pred")?);
        // The metric takes a score for each class: the predicted class gets all of it.
        let classes = [target, prediction].map(|labels| labels.to_f64s().into_iter().fold(0.0, f64::max) as usize + 1);
        let scores = prediction.one_hot(Some(classes[0].max(classes[1])))?.to_dtype(c.precision().dtype());
        let mut tally = Accuracy.start()?;
        tally.update(&scores, target)?;
        Ok(Tensor::scalar(tally.value()))
    }),
    ("confusion_matrix", |c| {
        if let Some(normalize) = c.maybe_word("normalize")? {
            return Err(Stop::argument("normalize", normalize));
        }
        c.absent("sample_weight")?;
        let labels = c.integers("labels")?;
        if !labels.iter().copied().eq(0..labels.len() as isize) {
            return Err(Stop::argument("labels", format!("{labels:?}")));
        }
        let matrix = confusion_matrix(c.tensor("y_pred")?, c.tensor("y_true")?, labels.len())?;
        Ok(matrix.to_dtype(c.precision().dtype()))
    }),
];

pub(super) fn run(case: &Case, precision: Precision) -> Outcome<()> {
    let entry = TABLE.iter().find(|(known, _)| *known == case.name);
    let (_, measure) = entry.ok_or_else(|| Stop::Unsupported(String::new()))?;
    let inputs = named(&case.inputs, precision)?;
    let call = Call::new(&case.args, &inputs, precision);
    let value = measure(&call);
    if !matches!(value, Err(Stop::Unsupported(_))) {
        call.all_read()?;
    }
    let value = value?;
    if case.expect_error {
        return Ok(());
    }
    compare::tensor("value", &value, &case.required::<Array>("value")?, tolerance(case, precision)?)
}
