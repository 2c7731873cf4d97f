//! Making inputs up: of the seeds of a target and the words of its grammar. All of it follows from the number of the input.

use crate::targets::Target;

/// The longest input. What is not linear shows with this much.
const LONGEST: usize = 1 << 16;

/// One input in the making.
pub(crate) struct Mutation<'a> {
    target: &'a Target,
    seeds: &'a [Vec<u8>],
    random: Random,
    input: Vec<u8>,
}

impl<'a> Mutation<'a> {
    /// The one with this number.
    pub(crate) fn new(target: &'a Target, seeds: &'a [Vec<u8>], number: usize) -> Mutation<'a> {
        // FNV-1a, so that no two targets go the same way.
        let name = target
            .name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Mutation { target, seeds, random: Random(name ^ number as u64), input: Vec::new() }
    }

    /// Makes it.
    pub(crate) fn input(mut self) -> Vec<u8> {
        if self.random.below(16) > 0 {
            self.input = self.seed();
        }
        // Mostly few changes: what is changed too much is refused at its beginning.
        let changes = 1 + self.random.below(4) * self.random.below(4);
        for _ in 0..changes {
            self.change();
        }
        if self.random.below(64) == 0 {
            self.nest();
        }
        self.input.truncate(LONGEST);
        self.input
    }

    fn seed(&mut self) -> Vec<u8> {
        let at = self.random.below(self.seeds.len());
        self.seeds.get(at).cloned().unwrap_or_default()
    }

    fn change(&mut self) {
        match self.random.below(12) {
            0 => self.flip(),
            1 => self.put(1),
            2 | 3 => self.cut(),
            4 => self.copy(),
            5 => self.splice(),
            6 => self.number(),
            7 => self.replace(),
            8 => self.swap_lines(),
            _ => self.word(),
        }
    }

    /// A place in the input, its end included.
    fn place(&mut self) -> usize {
        self.random.below(self.input.len() + 1)
    }

    /// A short part of the input.
    fn part(&mut self) -> std::ops::Range<usize> {
        let (start, most) = (self.place(), if self.random.below(4) == 0 { 256 } else { 8 });
        let length = self.random.below(most) + 1;
        start..(start + length).min(self.input.len())
    }

    fn insert(&mut self, at: usize, bytes: &[u8]) {
        if self.input.len() + bytes.len() <= LONGEST {
            self.input.splice(at..at, bytes.iter().copied());
        }
    }

    fn flip(&mut self) {
        let (at, bit) = (self.place(), self.random.below(8));
        if let Some(byte) = self.input.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    /// Bytes of any kind.
    fn put(&mut self, most: usize) {
        let (at, length) = (self.place(), 1 + self.random.below(most));
        let bytes: Vec<u8> = (0..length).map(|_| self.random.byte()).collect();
        self.insert(at, &bytes);
    }

    fn cut(&mut self) {
        let part = self.part();
        self.input.drain(part);
    }

    /// A part of it once more, somewhere else.
    fn copy(&mut self) {
        let (part, at) = (self.part(), self.place());
        let bytes = self.input[part].to_vec();
        self.insert(at, &bytes);
    }

    /// The beginning of this and the end of a seed.
    fn splice(&mut self) {
        let (other, at) = (self.seed(), self.place());
        let from = self.random.below(other.len() + 1);
        self.input.truncate(at);
        self.insert(at, &other[from..]);
    }

    /// Another number in the place of one that stands there.
    fn number(&mut self) {
        const NUMBERS: [&str; 10] = [
            "0",
            "1",
            "-1",
            "255",
            "65536",
            "2147483648",
            "9223372036854775807",
            "18446744073709551616",
            "1e309",
            "00",
        ];
        let start = self.place();
        let Some(skipped) = self.input[start..].iter().position(u8::is_ascii_digit) else { return };
        let start = start + skipped;
        let length = self.input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[self.random.below(NUMBERS.len())];
        self.input.splice(start..start + length, number.bytes());
    }

    /// Other bytes in the place of some.
    fn replace(&mut self) {
        let part = self.part();
        let bytes: Vec<u8> = part.clone().map(|_| self.random.byte()).collect();
        self.input.splice(part, bytes);
    }

    fn swap_lines(&mut self) {
        let mut lines: Vec<&[u8]> = self.input.split_inclusive(|byte| *byte == b'\n').collect();
        let (one, other) = (self.random.below(lines.len()), self.random.below(lines.len()));
        if !lines.is_empty() {
            lines.swap(one, other);
            self.input = lines.concat();
        }
    }

    fn word(&mut self) {
        let Some(word) = self.target.words.get(self.random.below(self.target.words.len())) else { return self.put(4) };
        let at = self.place();
        self.insert(at, word.as_bytes());
    }

    /// A part of it, or a word, many times over: what nests, nests deep.
    fn nest(&mut self) {
        let at = self.place();
        let unit = if let Some(word) = self.target.words.get(self.random.below(self.target.words.len() * 2)) {
            word.as_bytes().to_vec()
        } else {
            let part = self.part();
            self.input[part].to_vec()
        };
        let times = [16, 128, 1024, LONGEST][self.random.below(4)];
        let room = LONGEST.saturating_sub(self.input.len()) / unit.len().max(1);
        self.insert(at, &unit.repeat(times.min(room)));
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound; 0 if there is none.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
