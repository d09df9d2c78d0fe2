//! Where a block ends: decided by the bytes themselves, so that an insertion moves the ends with it.
//!
//! A rolling sum over the last 64 bytes (gear hashing, as in FastCDC: Xia et al., USENIX ATC 2016) ends
//! a block where its upper bits are zero. With blocks of a fixed size a file that grows by one byte
//! would change every block behind it.

/// No block but the last is shorter. All three numbers are part of the format of our layers.
pub(super) const SHORTEST: usize = 256 << 10;

/// No block is longer.
pub(super) const LONGEST: usize = 1 << 20;

/// On average a block ends so many bytes after [`SHORTEST`]: 2^18.
const ZERO_BITS: u32 = 18;

/// Bytes the sum depends on: each is shifted out after 64 steps.
const SEEN: usize = 64;

/// 256 numbers without a pattern (splitmix64, from 1 on).
const GEAR: [u64; 256] = {
    let mut table = [0u64; 256];
    let mut state = 0u64;
    let mut at = 0;
    while at < table.len() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[at] = mixed ^ (mixed >> 31);
        at += 1;
    }
    table
};

/// Finds the ends in a stream that comes in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    /// Bytes of the block so far.
    length: usize,
    sum: u64,
}

impl Cutter {
    /// How many of these bytes belong to the block, and whether it ends with them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        // The sum at SHORTEST depends on no earlier byte, so no earlier byte is looked at.
        let skipped = (SHORTEST - SEEN).saturating_sub(self.length).min(bytes.len());
        let bytes = &bytes[..bytes.len().min(LONGEST - self.length)];
        for (at, byte) in bytes.iter().enumerate().skip(skipped) {
            self.sum = (self.sum << 1).wrapping_add(GEAR[usize::from(*byte)]);
            if self.sum >> (u64::BITS - ZERO_BITS) == 0 && self.length + at + 1 >= SHORTEST {
                *self = Cutter::default();
                return (at + 1, true);
            }
        }
        self.length += bytes.len();
        let full = self.length == LONGEST;
        if full {
            *self = Cutter::default();
        }
        (bytes.len(), full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    /// Lengths of the blocks of a stream given in pieces of `step` bytes.
    fn lengths(bytes: &[u8], step: usize) -> Vec<usize> {
        let (mut cutter, mut lengths, mut length) = (Cutter::default(), Vec::new(), 0);
        for mut piece in bytes.chunks(step) {
            while !piece.is_empty() {
                let (count, ends) = cutter.take(piece);
                piece = &piece[count..];
                length += count;
                if ends {
                    lengths.push(std::mem::take(&mut length));
                }
            }
        }
        lengths
    }

    #[test]
    fn the_bytes_alone_decide() {
        let bytes = noise(20 << 20, 3);
        let whole = lengths(&bytes, usize::MAX);
        for step in [1 << 20, 77_777, 512] {
            assert_eq!(lengths(&bytes, step), whole, "{step}");
        }
        assert!(whole.iter().all(|length| (SHORTEST..=LONGEST).contains(length)), "{whole:?}");
        let mean = whole.iter().sum::<usize>() / whole.len();
        assert!((400 << 10..600 << 10).contains(&mean), "{mean}");
    }

    #[test]
    fn after_an_insertion_the_ends_are_where_they_were() {
        let bytes = noise(20 << 20, 4);
        let grown = [&bytes[..1_000_000], b"one more", &bytes[1_000_000..]].concat();
        let (before, after) = (lengths(&bytes, 4096), lengths(&grown, 4096));
        let same = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
        assert!(before.len() - same < 8, "{} of {}", before.len() - same, before.len());
    }

    #[test]
    fn what_repeats_itself_is_bounded_too() {
        for byte in [0, b' ', 255] {
            let lengths = lengths(&vec![byte; 5 << 20], 65_536);
            assert!(lengths.iter().all(|length| (SHORTEST..=LONGEST).contains(length)), "{byte} {lengths:?}");
        }
    }
}
