//! The seeds of noise, and how it fades.

/// `σ = √(η / tᵞ)` of step t.
pub(crate) fn deviation(eta: f64, gamma: f64, t: u64) -> f64 {
    (eta / (t as f64).powf(gamma)).sqrt()
}

/// The seed of a parameter's noise in a step: the FNV-1a hash of what it depends on. So noise needs no state of its
/// own.
pub(crate) fn noise_seed(seed: u64, parameter: &str, t: u64) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(t.to_le_bytes()).chain(parameter.bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::noise_seed;

    #[test]
    fn noise_depends_on_seed_parameter_and_step() {
        let all = [(0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2), (0, "aa", 1), (1, "", 0)];
        let seeds: std::collections::HashSet<u64> =
            all.iter().map(|(seed, name, t)| noise_seed(*seed, name, *t)).collect();
        assert_eq!(seeds.len(), all.len());
    }
}
