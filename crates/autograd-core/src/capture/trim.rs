//! The steps that a program can do without: those whose results nothing reads, and those that compute the same at every
//! run.

use super::record::{Place, Record, Source};
use crate::error::Result;
use crate::tensor::Tensor;
use crate::tensor::operand::Operand;
use crate::tensor::watch::Work;
use std::sync::Arc;

/// Results up to this many bytes are kept from the first run on, where they are the same at every run.
const KEPT: usize = 4096;

/// Leaves such steps out; the values of `apart` are what the function returns.
///
/// # Errors
/// If there is no memory for what is kept.
pub(super) fn trim(record: &mut Record, apart: &[usize]) -> Result<()> {
    leave_out_unread(record, apart);
    compute_constants(record, apart)
}

fn leave_out_unread(record: &mut Record, apart: &[usize]) {
    let mut read = vec![false; record.values.len()];
    apart.iter().for_each(|value| read[*value] = true);
    let mut kept = vec![true; record.steps.len()];
    for (step, kept) in record.steps.iter().zip(&mut kept).rev() {
        *kept = step.result.as_ref().is_none_or(|(value, _)| read[*value]);
        if *kept {
            for source in &step.operands {
                if let Place::Made(value) = source.place {
                    read[value] = true;
                }
            }
        }
    }
    let mut kept = kept.into_iter();
    record.steps.retain(|_| kept.next().unwrap_or(true));
}

fn compute_constants(record: &mut Record, apart: &[usize]) -> Result<()> {
    let mut writes = vec![0; record.values.len()];
    record.steps.iter().filter_map(|step| step.result.as_ref()).for_each(|(value, _)| writes[*value] += 1);
    let mut places: Vec<Place> = (0..record.values.len()).map(Place::Made).collect();
    let mut steps = Vec::with_capacity(record.steps.len());
    for mut step in std::mem::take(&mut record.steps) {
        for source in &mut step.operands {
            if let Place::Made(value) = source.place {
                source.place = places[value];
            }
        }
        let constant = step.operands.iter().all(|source| matches!(source.place, Place::Constant(_)));
        match (&step.work, &step.result) {
            (Work::Fill(kernel), Some((value, bytes)))
                if constant && writes[*value] == 1 && bytes.len() <= KEPT && !apart.contains(value) =>
            {
                let operands: Vec<Operand<'_>> =
                    step.operands.iter().filter_map(|source| of_constant(&record.constants, source)).collect();
                let result = Tensor::given::<u8>("capture", &[bytes.len()], |y| kernel(&operands, y))?;
                places[*value] = Place::Constant(record.constants.len());
                record.constants.push((Arc::new(result), false));
            }
            _ => steps.push(step),
        }
    }
    record.steps = steps;
    Ok(())
}

/// The operand, if it is a constant.
fn of_constant<'a>(constants: &'a [(Arc<Tensor>, bool)], source: &'a Source) -> Option<Operand<'a>> {
    let Place::Constant(i) = source.place else { return None };
    Some(Operand::new(constants[i].0.memory().0, &source.layout))
}
