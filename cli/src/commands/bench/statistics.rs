//! What samples say: medians and ratios, with intervals that assume no distribution.
//!
//! Run times are skewed and have outliers, so nothing here uses a mean or a standard deviation:
//!
//! - The interval of a median lies between two order statistics. How often such an interval misses
//!   the median follows from the binomial distribution alone, whatever the times look like.
//! - Programs that took turns are compared round by round: the median of the ratios of each round,
//!   so that what slows a whole round down cancels out.
//! - Samples of two different measurements are compared by the median of all ratios between the
//!   one and the other (Hodges and Lehmann), whose interval comes from the distribution of the
//!   Mann-Whitney statistic.

/// How often an interval contains the true value, when there are enough samples.
pub const CONFIDENCE: f64 = 0.95;

/// The quantile of the normal distribution that leaves 2.5 % on each side.
const NORMAL_QUANTILE: f64 = 1.959_964;

/// A value with an interval around it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The value itself.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// How often such an interval contains the true value: [`CONFIDENCE`] or a little more, and
    /// less when there are too few samples for it.
    pub confidence: f64,
}

impl Estimate {
    /// Half the interval's width, as a share of the value.
    pub fn uncertainty(&self) -> f64 {
        (self.high - self.low) / 2.0 / self.value
    }
}

/// The median of at least one sample.
pub fn median(samples: &[f64]) -> f64 {
    quantile(&sorted(samples), 0.5)
}

/// How far the middle half of the samples spreads, as a share of their median.
pub fn spread(samples: &[f64]) -> f64 {
    let sorted = sorted(samples);
    (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / quantile(&sorted, 0.5)
}

/// The median of at least one sample, with its interval.
pub fn median_estimate(samples: &[f64]) -> Estimate {
    let sorted = sorted(samples);
    let (at, miss) = order_statistic(sorted.len());
    Estimate {
        value: quantile(&sorted, 0.5),
        low: sorted[at],
        high: sorted[sorted.len() - 1 - at],
        confidence: 1.0 - miss,
    }
}

/// How many times as long as `base` something took, both measured in the same rounds.
pub fn paired_ratio(samples: &[f64], base: &[f64]) -> Estimate {
    let ratios: Vec<_> = samples.iter().zip(base).map(|(a, b)| a / b).collect();
    median_estimate(&ratios)
}

/// How many times as long as `base` something took, measured at another time.
pub fn unpaired_ratio(samples: &[f64], base: &[f64]) -> Estimate {
    let mut ratios: Vec<_> = samples
        .iter()
        .flat_map(|a| base.iter().map(move |b| a / b))
        .collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let (m, n) = (samples.len() as f64, base.len() as f64);
    // The normal approximation of the Mann-Whitney statistic, corrected for continuity.
    let deviation = (m * n * (m + n + 1.0) / 12.0).sqrt();
    let rank = m * n / 2.0 - NORMAL_QUANTILE * deviation - 0.5;
    let (at, confidence) = if rank >= 0.0 {
        (rank as usize, CONFIDENCE)
    } else {
        // Even the widest interval misses when all samples of the one are above the other's.
        (
            0,
            1.0 - 2.0 / binomial(samples.len() + base.len(), base.len()),
        )
    };
    Estimate {
        value: quantile(&ratios, 0.5),
        low: ratios[at],
        high: ratios[ratios.len() - 1 - at],
        confidence,
    }
}

/// The largest `at` for which the interval between the `at`-th smallest and the `at`-th largest of
/// `n` samples, counted from zero, has [`CONFIDENCE`], or zero; and how often it misses the median.
fn order_statistic(n: usize) -> (usize, f64) {
    // It misses when no more than `at` samples lie on one side: twice the tail of a binomial
    // distribution. Logarithms, because 2^-n underflows.
    let mut log_share = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = log_share.exp();
    let mut best = (0, 2.0 * tail);
    for at in 1..n.div_ceil(2) {
        log_share += ((n - at + 1) as f64 / at as f64).ln();
        tail += log_share.exp();
        if 2.0 * tail > 1.0 - CONFIDENCE {
            break;
        }
        best = (at, 2.0 * tail);
    }
    (best.0, best.1.min(1.0))
}

/// In how many ways `k` of `n` can be chosen.
fn binomial(n: usize, k: usize) -> f64 {
    (1..=k).map(|i| (n - k + i) as f64 / i as f64).product()
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// A quantile of sorted samples, between two of them by their distance.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    fn one_to(n: u32) -> Vec<f64> {
        // Not in order: sorting is part of the job.
        (0..n).rev().map(|i| f64::from(i + 1)).collect()
    }

    #[test]
    fn medians_of_odd_and_even_numbers_of_samples() {
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[9.0, 1.0, 4.0]), 4.0);
        assert_eq!(median(&[9.0, 1.0, 4.0, 2.0]), 3.0);
    }

    #[test]
    fn the_spread_is_that_of_the_middle_half() {
        // Quartiles 2 and 4 around 3.
        assert!(close(spread(&[1.0, 2.0, 3.0, 4.0, 1000.0]), 2.0 / 3.0));
        assert_eq!(spread(&[5.0; 8]), 0.0);
    }

    /// The ranks are those of printed tables of confidence intervals for a median.
    #[test]
    fn the_interval_of_a_median_is_that_of_the_tables() {
        for (n, rank, confidence) in [
            (6, 1, 0.968_75),
            (8, 1, 0.992_187_5),
            (9, 2, 0.960_937_5),
            (10, 2, 0.978_515_625),
            (20, 6, 0.958_610_534_667_968_8),
        ] {
            let estimate = median_estimate(&one_to(n));
            let expected = (f64::from(rank), f64::from(n + 1 - rank));
            assert_eq!((estimate.low, estimate.high), expected, "{n}");
            assert!(close(estimate.confidence, confidence), "{n}: {estimate:?}");
        }
        let estimate = median_estimate(&(1..=100).map(f64::from).collect::<Vec<_>>());
        assert_eq!((estimate.low, estimate.high), (40.0, 61.0));
    }

    #[test]
    fn few_samples_say_that_they_are_few() {
        let one = median_estimate(&[2.0]);
        assert_eq!((one.low, one.high, one.confidence), (2.0, 2.0, 0.0));
        let five = median_estimate(&one_to(5));
        assert_eq!((five.low, five.high), (1.0, 5.0));
        assert!(close(five.confidence, 0.9375));
    }

    #[test]
    fn many_samples_do_not_underflow() {
        let samples: Vec<_> = (0..5000).map(f64::from).collect();
        let estimate = median_estimate(&samples);
        assert!(estimate.confidence >= CONFIDENCE && estimate.confidence < 0.953);
        // About 1.96 × √5000 / 2 ranks on each side.
        assert!((2400.0..=2440.0).contains(&estimate.low), "{estimate:?}");
    }

    /// An order statistic's interval must contain the median as often as it says: counted over
    /// skewed samples of a generator with a known median.
    #[test]
    fn the_interval_covers_as_often_as_it_says() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let trials = 4000;
        let median = 1.0 + std::f64::consts::LN_2;
        let hits = (0..trials)
            .filter(|_| {
                // Exponential, as the delays of a busy machine are.
                let samples: Vec<_> = (0..12).map(|_| 1.0 - (1.0 - uniform()).ln()).collect();
                let estimate = median_estimate(&samples);
                (estimate.low..=estimate.high).contains(&median)
            })
            .count();
        let share = hits as f64 / f64::from(trials);
        // 12 samples: 96.1 %, give or take three standard errors.
        assert!((0.951..=0.972).contains(&share), "{share}");
    }

    #[test]
    fn rounds_cancel_what_slows_both() {
        let base = [1.0, 5.0, 2.0, 9.0, 1.5, 3.0, 1.0, 8.0];
        let slower: Vec<_> = base.iter().map(|time| time * 1.25).collect();
        let ratio = paired_ratio(&slower, &base);
        assert_eq!((ratio.value, ratio.low, ratio.high), (1.25, 1.25, 1.25));
    }

    #[test]
    fn measurements_of_different_lengths_compare() {
        let base = [1.00, 1.01, 0.99, 1.02, 1.00, 0.98, 1.01, 1.00];
        let slower: Vec<_> = base[..6].iter().map(|time| time * 2.0).collect();
        let ratio = unpaired_ratio(&slower, &base);
        assert!((ratio.value - 2.0).abs() < 0.01, "{ratio:?}");
        assert!(ratio.low > 1.9 && ratio.high < 2.1, "{ratio:?}");
        let same = unpaired_ratio(&base, &base);
        assert!(same.low <= 1.0 && same.high >= 1.0, "{same:?}");
    }

    /// Five against five: the critical value of the Mann-Whitney tables is 2, so the interval's
    /// ends are the third smallest and the third largest ratio.
    #[test]
    fn the_interval_of_a_ratio_is_that_of_the_tables() {
        let ratio = unpaired_ratio(&[1.0, 2.0, 4.0, 8.0, 16.0], &[1.0; 5]);
        assert_eq!((ratio.value, ratio.low, ratio.high), (4.0, 1.0, 16.0));
        let samples = [2.0, 3.0, 5.0, 7.0, 11.0];
        let base = [1.0, 1.3, 1.7, 1.9, 2.3];
        let ratio = unpaired_ratio(&samples, &base);
        let mut all: Vec<_> = samples.iter().flat_map(|a| base.map(|b| a / b)).collect();
        all.sort_by(f64::total_cmp);
        assert_eq!((ratio.low, ratio.high), (all[2], all[22]));
        let few = unpaired_ratio(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]);
        assert!(close(few.confidence, 0.9), "{few:?}");
    }
}
