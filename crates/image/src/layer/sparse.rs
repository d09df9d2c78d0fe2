//! Files with holes in tar: old GNU headers, PAX 0.1 and PAX 1.0 (GNU tar's manual, "Storing Sparse
//! Files").

use std::io::{self, Read};

use super::tar_reader::{BLOCK, Block, number, read_full};

/// A list of more pieces than this is refused.
const SEGMENT_LIMIT: usize = 1 << 20;

/// Where the packed bytes of a file belong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Segments {
    /// (offset, length) in ascending order, not overlapping.
    pieces: Vec<(u64, u64)>,
    /// The piece a reader is in or before; reading goes forward only.
    current: usize,
    /// Bytes of the file, holes included.
    pub(super) size: u64,
}

impl Segments {
    /// A file without holes.
    pub(super) fn whole(size: u64) -> Self {
        Segments { pieces: vec![(0, size)], current: 0, size }
    }

    fn checked(pieces: Vec<(u64, u64)>, size: u64) -> Option<Self> {
        let mut end = 0u64;
        for (offset, length) in &pieces {
            if *offset < end {
                return None;
            }
            end = offset.checked_add(*length).filter(|end| *end <= size)?;
        }
        Some(Segments { pieces, current: 0, size })
    }

    /// Packed bytes.
    pub(super) fn packed(&self) -> u64 {
        self.pieces.iter().fold(0, |sum, (_, length)| sum.saturating_add(*length))
    }

    /// What stands at an offset: (data, else hole; bytes until that changes). 0 bytes at the end.
    pub(super) fn run_at(&mut self, at: u64) -> (bool, u64) {
        while let Some((offset, length)) = self.pieces.get(self.current) {
            if at < *offset {
                return (false, offset - at);
            }
            if at < offset + length {
                return (true, offset + length - at);
            }
            self.current += 1;
        }
        (false, self.size.saturating_sub(at))
    }
}

/// Type `S`: up to four pieces in the header, then blocks of 21.
pub(super) fn old_gnu(header: &Block, stream: &mut impl Read) -> io::Result<Option<Segments>> {
    let Some(size) = number(&header[483..495]).and_then(|size| u64::try_from(size).ok()) else {
        return Ok(None);
    };
    let mut pieces = Vec::new();
    let mut more = push_pieces(&header[386..482], &mut pieces) && header[482] != 0;
    let mut block = [0u8; BLOCK];
    while more && pieces.len() < SEGMENT_LIMIT {
        if read_full(stream, &mut block)? < BLOCK {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        more = push_pieces(&block[..504], &mut pieces) && block[504] != 0;
    }
    Ok(Segments::checked(pieces, size))
}

/// Pieces of 12 + 12 bytes; `false` once an empty place ends the list.
fn push_pieces(places: &[u8], pieces: &mut Vec<(u64, u64)>) -> bool {
    for place in places.chunks_exact(24) {
        if place[0] == 0 {
            return false;
        }
        let part = |field: &[u8]| number(field).and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX);
        pieces.push((part(&place[..12]), part(&place[12..])));
    }
    true
}

/// PAX 0.1: `offset,length,offset,length...` in `GNU.sparse.map`.
pub(super) fn pax_0_1(map: &[u8], size: u64) -> Option<Segments> {
    let text = std::str::from_utf8(map).ok()?;
    let numbers: Option<Vec<u64>> = text.split(',').map(|number| number.parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.len() % 2 == 0)?;
    Segments::checked(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect(), size)
}

/// PAX 1.0: the list stands before the data, as decimal lines, filled up to a whole block.
pub(super) fn pax_1_0(data: &mut impl Read, size: u64) -> io::Result<Option<Segments>> {
    let mut lines = Lines { data, block: [0; BLOCK], at: BLOCK };
    let Some(count) = lines.number()?.filter(|count| *count <= SEGMENT_LIMIT as u64) else {
        return Ok(None);
    };
    let mut pieces = Vec::new();
    for _ in 0..count {
        let (Some(offset), Some(length)) = (lines.number()?, lines.number()?) else { return Ok(None) };
        pieces.push((offset, length));
    }
    Ok(Segments::checked(pieces, size))
}

/// Decimal lines in whole blocks.
struct Lines<'a, R> {
    data: &'a mut R,
    block: Block,
    at: usize,
}

impl<R: Read> Lines<'_, R> {
    fn number(&mut self) -> io::Result<Option<u64>> {
        let mut number: Option<u64> = None;
        loop {
            if self.at == BLOCK {
                self.data.read_exact(&mut self.block)?;
                self.at = 0;
            }
            let byte = self.block[self.at];
            self.at += 1;
            match byte {
                b'\n' => return Ok(number),
                b'0'..=b'9' => {
                    let grown = number
                        .unwrap_or(0)
                        .checked_mul(10)
                        .and_then(|n| n.checked_add(u64::from(byte - b'0')));
                    let Some(grown) = grown else { return Ok(None) };
                    number = Some(grown);
                }
                _ => return Ok(None),
            }
        }
    }
}
