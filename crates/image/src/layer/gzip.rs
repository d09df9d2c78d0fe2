//! Gzip on all processors with an output that does not depend on their number.
//!
//! The stream is cut into blocks, see [`cut`]. Each is deflated on its own with the 32 KiB before it
//! as dictionary and ends on a byte boundary (a sync flush), so the pieces joined are one deflate
//! stream, as pigz makes it. The packed bytes of a block depend on nothing but the block, its
//! dictionary and whether it is the last: what an earlier layer has of it is taken over.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::packed_blocks::{BlockKey, EarlierBlocks, PackedBlock};

mod cut;

use cut::Cutter;

/// What deflate can look back to.
const WINDOW: usize = 32 << 10;

/// Part of the format of our layers.
const LEVEL: u32 = 6;

/// No name, no time, no extra flags, "unknown" system: equal on every machine (RFC 1952).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// More threads than this need more memory than they are worth: a layer is packed in 64 MB.
const MOST_WORKERS: usize = 8;

/// One block, with what stands before it.
struct Job {
    dictionary: Vec<u8>,
    block: Vec<u8>,
    last: bool,
    done: Sender<io::Result<Packed>>,
}

/// A block packed; the key if packed blocks are recorded.
struct Packed {
    bytes: Vec<u8>,
    key: Option<BlockKey>,
}

/// A writer that packs what is written to it.
pub(super) struct Gzip<W: Write> {
    to: W,
    written: u64,
    crc: Crc,
    cutter: Cutter,
    block: Vec<u8>,
    /// The block is complete.
    ends: bool,
    dictionary: Vec<u8>,
    jobs: Option<Sender<Job>>,
    /// Blocks being packed, in their order.
    running: VecDeque<Receiver<io::Result<Packed>>>,
    workers: usize,
    earlier: Option<Arc<EarlierBlocks>>,
    packed: Vec<PackedBlock>,
}

impl<W: Write> Gzip<W> {
    /// Pack; with `earlier` take over what it has, and record where each block lies.
    pub(super) fn new(mut to: W, earlier: Option<EarlierBlocks>) -> io::Result<Self> {
        to.write_all(&HEADER)?;
        let workers = thread::available_parallelism().map_or(1, |count| count.get().min(MOST_WORKERS));
        Ok(Gzip {
            to,
            written: HEADER.len() as u64,
            crc: Crc::new(),
            cutter: Cutter::default(),
            block: Vec::with_capacity(cut::SHORTEST),
            ends: false,
            dictionary: Vec::new(),
            jobs: None,
            running: VecDeque::new(),
            workers,
            earlier: earlier.map(Arc::new),
            packed: Vec::new(),
        })
    }

    /// Pack what is left, write the trailer and give the writer back, with the places of all blocks
    /// but a single one.
    pub(super) fn finish(mut self) -> io::Result<(W, Vec<PackedBlock>)> {
        let block = std::mem::take(&mut self.block);
        let dictionary = std::mem::take(&mut self.dictionary);
        // Small layers never start a thread.
        match self.jobs.is_some() {
            true => self.start(dictionary, block, true)?,
            false => self.put(Packed { bytes: deflate(&dictionary, &block, true)?, key: None })?,
        }
        while let Some(first) = self.running.pop_front() {
            self.take(&first)?;
        }
        self.to.write_all(&self.crc.sum().to_le_bytes())?;
        self.to.write_all(&self.crc.amount().to_le_bytes())?;
        Ok((self.to, self.packed))
    }

    /// Hand a block to the workers; wait for the oldest one if too many are under way.
    fn start(&mut self, dictionary: Vec<u8>, block: Vec<u8>, last: bool) -> io::Result<()> {
        let (done, result) = channel();
        let (workers, earlier) = (self.workers, &self.earlier);
        let jobs = self.jobs.get_or_insert_with(|| start_workers(workers, earlier));
        jobs.send(Job { dictionary, block, last, done }).map_err(|_| worker_lost())?;
        self.running.push_back(result);
        if self.running.len() > self.workers
            && let Some(first) = self.running.pop_front()
        {
            self.take(&first)?;
        }
        Ok(())
    }

    fn take(&mut self, result: &Receiver<io::Result<Packed>>) -> io::Result<()> {
        self.put(result.recv().map_err(|_| worker_lost())??)
    }

    fn put(&mut self, Packed { bytes, key }: Packed) -> io::Result<()> {
        self.packed.extend(key.map(|key| PackedBlock::new(key, self.written, &bytes)));
        self.written += bytes.len() as u64;
        self.to.write_all(&bytes)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only now: the last block of the stream is packed differently.
        if self.ends && !bytes.is_empty() {
            let full = std::mem::replace(&mut self.block, Vec::with_capacity(cut::SHORTEST));
            let next = full[full.len() - WINDOW..].to_vec();
            let dictionary = std::mem::replace(&mut self.dictionary, next);
            self.start(dictionary, full, false)?;
        }
        let (count, ends) = self.cutter.take(bytes);
        self.ends = ends;
        self.block.extend_from_slice(&bytes[..count]);
        self.crc.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Threads that live until the sender is gone.
fn start_workers(count: usize, earlier: &Option<Arc<EarlierBlocks>>) -> Sender<Job> {
    let (jobs, queue) = channel::<Job>();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..count {
        let (queue, earlier) = (Arc::clone(&queue), earlier.clone());
        thread::spawn(move || {
            loop {
                let job = queue.lock().ok().and_then(|queue| queue.recv().ok());
                let Some(job) = job else { return };
                // If nobody waits for the result any more, the layer was given up.
                let _ = job.done.send(pack(&job, earlier.as_deref()));
            }
        });
    }
    jobs
}

fn worker_lost() -> io::Error {
    io::Error::other("a thread that packs the layer has ended")
}

/// Take a block over from an earlier layer, or pack it.
fn pack(job: &Job, earlier: Option<&EarlierBlocks>) -> io::Result<Packed> {
    let Job { dictionary, block, last, .. } = job;
    let key = earlier.map(|_| BlockKey::of(dictionary, block, *last));
    let known = earlier.zip(key).and_then(|(earlier, key)| earlier.get(&key));
    let bytes = known.map_or_else(|| deflate(dictionary, block, *last), Ok)?;
    Ok(Packed { bytes, key })
}

/// Pack one block with a state of its own: a state that is reset keeps traces of the block before,
/// so the bytes would depend on which thread had packed which block.
fn deflate(dictionary: &[u8], block: &[u8], last: bool) -> io::Result<Vec<u8>> {
    let mut packer = Compress::new(Compression::new(LEVEL), false);
    if !dictionary.is_empty() {
        packer.set_dictionary(dictionary)?;
    }
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    let mut packed = Vec::with_capacity(block.len() / 2 + 1024);
    loop {
        let rest = &block[packer.total_in() as usize..];
        let status = packer.compress_vec(rest, &mut packed, flush)?;
        let all_taken = packer.total_in() as usize == block.len();
        // Room left over means that the flush is complete.
        let flushed = if last { status == Status::StreamEnd } else { packed.len() < packed.capacity() };
        if all_taken && flushed {
            return Ok(packed);
        }
        packed.reserve(block.len() / 2 + 1024);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::cut::LONGEST;
    use super::*;

    fn packed(bytes: &[u8], workers: usize, step: usize) -> Vec<u8> {
        let mut gzip = Gzip::new(Vec::new(), None).unwrap();
        gzip.workers = workers;
        bytes.chunks(step).for_each(|chunk| gzip.write_all(chunk).unwrap());
        gzip.finish().unwrap().0
    }

    /// Text that compresses somewhat, with repeats across block borders.
    fn text(length: usize) -> Vec<u8> {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b"abcdefghijklmnop\n"[(state >> 59) as usize % 17]
        };
        (0..length).map(|at| if at % 4096 < 3000 { next() } else { b'x' }).collect()
    }

    #[test]
    fn any_gzip_reads_it_and_the_number_of_threads_does_not_matter() {
        for length in [0, 1, cut::SHORTEST, LONGEST - 1, LONGEST, LONGEST + 1, 5 * LONGEST + 17] {
            let plain = text(length);
            let one = packed(&plain, 1, 1 << 16);
            assert_eq!(one, packed(&plain, 3, 77_777), "{length}");
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(&one[..]).read_to_end(&mut back).unwrap();
            assert_eq!(back, plain, "{length}");
        }
    }

    /// Machine code, whose repeats are where a reused state went wrong.
    #[test]
    fn the_order_in_which_threads_take_blocks_does_not_matter() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let plain = &program[..program.len().min(12 * LONGEST)];
        let one = packed(plain, 1, 1 << 16);
        for workers in [2, 3, 5] {
            assert!(one == packed(plain, workers, 1 << 20), "{workers} workers");
        }
    }

    #[test]
    fn a_block_that_is_known_is_not_packed_again() {
        let directory = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(directory.path()).unwrap();
        let (plain, step) = (text(3 * LONGEST), plimsoll_model::Digest::of(b"step"));
        let (length, _) = Cutter::default().take(&plain);
        let key = BlockKey::of(b"", &plain[..length], false);
        let blob = store.put_bytes(b"planted").unwrap();
        let planted = vec![PackedBlock::new(key, 0, b"planted")];
        crate::layer::packed_blocks::record(&store, &step, &blob, planted).unwrap();
        let mut gzip = Gzip::new(Vec::new(), Some(EarlierBlocks::of_step(&store, &step))).unwrap();
        gzip.write_all(&plain).unwrap();
        let (bytes, blocks) = gzip.finish().unwrap();
        assert_eq!(&bytes[HEADER.len()..HEADER.len() + 7], b"planted");
        let honest = packed(&plain, 1, 1 << 16);
        let first = deflate(b"", &plain[..length], false).unwrap().len();
        assert!(bytes[HEADER.len() + 7..] == honest[HEADER.len() + first..]);
        assert!(blocks.len() >= 3, "{}", blocks.len());
    }

    #[test]
    fn bytes_that_do_not_compress() {
        let noise: Vec<u8> =
            (0..3 * LONGEST as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 31) as u8).collect();
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&packed(&noise, 2, 1000)[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, noise);
    }

    #[test]
    fn these_bytes_are_a_promise() {
        let expected = "sha256:3c87b35bad1c7aee7f055c165d0931578b5ba27ad0de2527eb479d136aedae12";
        assert_eq!(plimsoll_model::Digest::of(&packed(&text(LONGEST + 99), 2, 4096)).to_string(), expected);
    }
}
