//! Response times as a histogram that can be added to others: what an hour, a day and any range of them keep of the
//! times of good looks. Buckets grow with the time they stand for, 32 to each doubling, so that a median or a percentile
//! is off by at most 1/64 of itself (1.6 %), and below 64 ms by nothing.

/// Buckets to each doubling, as a power of two.
const BITS: u32 = 5;

/// How often which response time was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// Bucket and count, in order of bucket; no count is nought.
    buckets: Vec<(u32, u32)>,
}

impl Times {
    /// Adds one response time.
    pub fn add(&mut self, ms: u32) {
        self.put(bucket_of(ms), 1);
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Times) {
        other.buckets.iter().for_each(|(bucket, count)| self.put(*bucket, *count));
    }

    fn put(&mut self, bucket: u32, count: u32) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => {
                if let Some((_, known)) = self.buckets.get_mut(at) {
                    *known = known.saturating_add(count);
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The time that `per_mille` of a thousand looks do not exceed, in ms: 500 for the median. `None` when there is no
    /// look. (Nearest rank: of the times in order, the one at ⌈share × count⌉.)
    pub fn quantile(&self, per_mille: u32) -> Option<u32> {
        let rank = (self.count() * u64::from(per_mille.min(1000))).div_ceil(1000).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            seen += u64::from(*count);
            (seen >= rank).then(|| middle_of(*bucket))
        })
    }

    /// The bytes that a column holds: nothing for nothing; else for each bucket its distance from the one before, doubled,
    /// plus one when a count other than one follows; both in base 128, the lowest seven bits first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 2);
        let mut before = 0;
        for (bucket, count) in &self.buckets {
            let distance = bucket - before;
            put_number(&mut bytes, distance << 1 | u32::from(*count != 1));
            if *count != 1 {
                put_number(&mut bytes, *count);
            }
            before = *bucket;
        }
        bytes
    }

    /// What [`Times::to_bytes`] made.
    ///
    /// # Errors
    /// A sentence, when the bytes are none of it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let cut_short = || "response times are cut short".to_owned();
        let mut numbers = Numbers(bytes);
        let mut times = Times::default();
        let mut before = 0_u32;
        while !numbers.0.is_empty() {
            let first = numbers.next().ok_or_else(cut_short)?;
            let count = if first & 1 == 0 { 1 } else { numbers.next().ok_or_else(cut_short)? };
            before = before.saturating_add(first >> 1);
            times.put(before, count);
        }
        Ok(times)
    }
}

/// The bucket of a time: below 64 ms each has its own.
fn bucket_of(ms: u32) -> u32 {
    let doublings = ms.checked_ilog2().map_or(0, |log| log.saturating_sub(BITS));
    (doublings << BITS) + (ms >> doublings)
}

/// The time in the middle of a bucket.
fn middle_of(bucket: u32) -> u32 {
    let doublings = (bucket >> BITS).saturating_sub(1).min(31 - BITS);
    let low = bucket.saturating_sub(doublings << BITS) << doublings;
    low + (1 << doublings) / 2
}

fn put_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.extend(u8::try_from(number & 0x7f).map(|low| low | 0x80));
        number >>= 7;
    }
    bytes.extend(u8::try_from(number));
}

/// Numbers in base 128.
struct Numbers<'a>(&'a [u8]);

impl Iterator for Numbers<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let mut number = 0_u32;
        for shift in (0..32).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(ms: impl IntoIterator<Item = u32>) -> Times {
        let mut times = Times::default();
        ms.into_iter().for_each(|ms| times.add(ms));
        times
    }

    proptest! {
        #[test]
        fn every_percentile_is_within_a_sixty_fourth_of_the_true_one(
            mut ms in prop::collection::vec(prop_oneof![0u32..200, 0u32..60_000, any::<u32>()], 1..400),
            per_mille in 0u32..=1000,
            cut in 0usize..400,
        ) {
            let (one, other) = ms.split_at(cut.min(ms.len()));
            let mut times = of(one.iter().copied());
            times.merge(&of(other.iter().copied()));
            prop_assert_eq!(&times, &of(ms.iter().copied()), "adding is merging");
            prop_assert_eq!(Times::from_bytes(&times.to_bytes()), Ok(times.clone()));
            ms.sort_unstable();
            let rank = (ms.len() * per_mille as usize).div_ceil(1000).max(1);
            let truth = f64::from(ms[rank - 1]);
            let told = f64::from(times.quantile(per_mille).unwrap());
            prop_assert!((told - truth).abs() <= truth / 64.0, "{told} for {truth}");
        }

        #[test]
        fn odd_bytes_are_refused_or_read_but_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Times::from_bytes(&bytes).map(|times| times.quantile(990));
        }
    }

    #[test]
    fn an_hour_takes_a_few_dozen_bytes() {
        assert_eq!(of([]).to_bytes(), Vec::<u8>::new());
        assert_eq!(of([]).quantile(500), None);
        assert_eq!(of([40; 60]).to_bytes(), [81, 60]);
        // Sixty looks between 80 and 160 ms, and three much slower ones.
        let hour = of((0..57).map(|n| 80 + n * 37 % 80).chain([700, 1900, 4800]));
        assert_eq!((hour.count(), hour.to_bytes().len()), (60, 56));
        assert_eq!((hour.quantile(500), hour.quantile(990)), (Some(121), Some(4800)));
        assert!(Times::from_bytes(&[0x80]).is_err());
    }
}
