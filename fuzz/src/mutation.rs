//! New inputs from old ones.

/// Inputs longer than this teach nothing that shorter ones do not.
const LONGEST: usize = 4096;

/// What the readers look for: whole words reach deeper than single bytes.
const WORDS: [&[u8]; 60] = [
    b"FROM a\n",
    b"RUN ",
    b"COPY ",
    b"ADD ",
    b"ENV ",
    b"ARG ",
    b"LABEL ",
    b"CMD ",
    b"ENTRYPOINT ",
    b"SHELL ",
    b"HEALTHCHECK ",
    b"ONBUILD ",
    b"EXPOSE ",
    b"VOLUME ",
    b"# escape=`\n",
    b"# syntax=",
    b"\\\n",
    b"\r\n",
    b"<<EOF\n",
    b"EOF\n",
    b"<<-\"E\"",
    b"--mount=type=",
    b"--from=",
    b"--chmod=",
    b"[\"",
    b"\", \"",
    b"\"]",
    b"${",
    b":-",
    b":+",
    b":?",
    b"##",
    b"%%",
    b"//",
    b"}",
    b"$(",
    b"`",
    b"**/",
    b"!",
    b"[^a-",
    b"]",
    b"\\u00e9",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
    b"\xff",
    b"ustar\x0000",
    b"SCHILY.xattr.",
    b"GNU.sparse.",
    b"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"},",
    b"\"args\": [",
    b"{\"index\": 0, \"op\": \"SCMP_CMP_NE\"},",
    b"\"value\": ",
    b"SCMP_CMP_MASKED_EQ",
    b"SCMP_ACT_KILL",
    b"SCMP_ARCH_X86",
    b"\"includes\": {\"caps\": [\"CAP_CHOWN\"]}",
    b"\"minKernel\": \"4.8\"",
    b"18446744073709551615",
    b"4294967296",
    b"\"socketcall\", \"ipc\", \"shmat\"",
];

/// A tar header is this long.
const BLOCK: usize = 512;

/// Makes inputs, the same ones for the same seed (xorshift64*).
pub struct Mutator {
    state: u64,
    pool: Vec<Vec<u8>>,
}

impl Mutator {
    /// Start from these inputs.
    pub fn new(seed: u64, mut pool: Vec<Vec<u8>>) -> Self {
        pool.push(Vec::new());
        Mutator { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, pool }
    }

    /// The next input: one of the pool, changed a few times. Some of them join the pool.
    pub fn next(&mut self) -> Vec<u8> {
        let mut input = self.pick();
        for _ in 0..=self.below(5) {
            self.mutate(&mut input);
        }
        input.truncate(LONGEST.max(BLOCK * 8));
        if self.below(20) == 0 {
            self.join_pool(&input);
        }
        // Without a right checksum a tar reader sees nothing of a changed header.
        if self.below(2) == 0 {
            input.chunks_exact_mut(BLOCK).for_each(sum_header);
        }
        input
    }

    /// An input of the pool.
    fn pick(&mut self) -> Vec<u8> {
        let place = self.below(self.pool.len());
        self.pool[place].clone()
    }

    fn join_pool(&mut self, input: &[u8]) {
        match self.pool.len() {
            0..500 => self.pool.push(input.to_vec()),
            full => {
                let place = self.below(full);
                self.pool[place] = input.to_vec();
            }
        }
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + self.below(24)).min(input.len());
        match self.below(7) {
            0 => drop(input.splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())),
            1 => drop(input.drain(at..end)),
            2 => {
                let piece = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            3 => {
                let other = self.pick();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend(&other[from..]);
            }
            4 if at < input.len() => input[at] ^= 1 << self.below(8),
            5 if at < input.len() => input[at] = [0, b' ', b'7', b'/', b'\n', 0x80, 0xff][self.below(7)],
            _ => input.insert(at, u8::try_from(self.below(256)).unwrap_or(0)),
        }
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let high = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % end
    }
}

/// Put the checksum of a block that looks like a header right.
fn sum_header(block: &mut [u8]) {
    if block[257..262] != *b"ustar" {
        return;
    }
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
