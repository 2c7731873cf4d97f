//! Numbers that look random and are the same in every run, unless `TEMPLATE_SEED` asks for others.

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        let other = std::env::var("TEMPLATE_SEED").ok().and_then(|other| other.parse::<u64>().ok()).unwrap_or(0);
        Random(other.wrapping_mul(1000).wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
