//! Schedules against their definitions, and their errors.

use wengert_optim::schedule::{ConstantLR, CosineAnnealingLR, LinearLR, MultiStepLR, StepLR};
use wengert_optim::{Optimizer, Schedule, Sgd};

fn refused(schedule: impl Schedule) -> String {
    schedule.check().expect_err("out of range").to_string()
}

#[test]
fn arguments_outside_their_ranges_are_named() {
    let finite = "it must be finite and at least 0";
    assert_eq!(refused(StepLR::new(0, 0.1)), "StepLR: step_size is 0, it must be at least 1");
    assert_eq!(refused(StepLR::new(1, f64::NAN)), format!("StepLR: gamma is NaN, {finite}"));
    assert_eq!(refused(MultiStepLR::new([1], -0.1)), format!("MultiStepLR: gamma is -0.1, {finite}"));
    assert_eq!(refused(CosineAnnealingLR::new(0, 0.0)), "CosineAnnealingLR: t_max is 0, it must be at least 1");
    assert_eq!(refused(CosineAnnealingLR::new(1, f64::NAN)), format!("CosineAnnealingLR: eta_min is NaN, {finite}"));
    assert_eq!(refused(ConstantLR::new(1.5, 5)), "ConstantLR: factor is 1.5, it must be in [0, 1]");
    assert_eq!(refused(LinearLR::new(0.0, 1.0, 5)), "LinearLR: start_factor is 0.0, it must be in (0, 1]");
    assert_eq!(refused(LinearLR::new(0.5, -0.1, 5)), "LinearLR: end_factor is -0.1, it must be in [0, 1]");
    assert!(refused(LinearLR::new(0.5, 1.0, 5).then(StepLR::new(0, 0.1), 5)).starts_with("StepLR"));
    assert!(refused(StepLR::new(0, 0.1).then(LinearLR::new(0.5, 1.0, 5), 5)).starts_with("StepLR"));
}

#[test]
fn unchecked_arguments_still_give_numbers_and_no_panic() {
    for step in [0, 1, u64::MAX] {
        assert!(StepLR::new(0, 0.5).rate(1.0, step).is_finite());
        assert!(CosineAnnealingLR::new(0, 0.0).rate(1.0, step).is_finite());
        assert!(CosineAnnealingLR::new(u64::MAX, 0.0).rate(1.0, step).is_finite());
        assert!(LinearLR::new(0.5, 1.0, 0).rate(1.0, step).is_finite());
    }
}

#[test]
fn a_repeated_milestone_counts_twice_and_order_does_not_matter() {
    let schedule = MultiStepLR::new([20, 5, 5], 0.5);
    assert_eq!([4, 5, 19, 20].map(|k| schedule.rate(1.0, k)), [1.0, 0.25, 0.25, 0.125]);
    assert_eq!(MultiStepLR::new([], 0.5).rate(0.3, 1000), 0.3);
}

#[test]
fn schedules_are_values_that_can_be_boxed_and_chained() {
    let parts: [Box<dyn Schedule>; 2] = [Box::new(StepLR::new(1, 0.5)), Box::new(|base: f64, k: u64| base + k as f64)];
    let [first, second] = parts;
    let schedule = first.then(second, 2).then(ConstantLR::new(0.0, 9), 4);
    assert!(schedule.check().is_ok());
    assert_eq!([0, 1, 2, 3, 4].map(|k| schedule.rate(8.0, k)), [8.0, 4.0, 8.0, 9.0, 0.0]);
}

#[test]
fn a_schedule_drives_an_optimizer() {
    let (mut sgd, schedule) = (Sgd::new(0.8), StepLR::new(2, 0.5));
    let base = sgd.lr();
    let rates = [0, 1, 2, 3, 4].map(|k| {
        sgd.set_lr(schedule.rate(base, k));
        sgd.lr()
    });
    assert_eq!(rates, [0.8, 0.8, 0.4, 0.4, 0.2]);
}
