//! Gzip on all processors with an output that does not depend on their number.
//!
//! The stream is cut into blocks of fixed size. Each is deflated on its own with the 32 KiB before it
//! as dictionary and ends on a byte boundary (a sync flush), so the pieces joined are one deflate
//! stream, as pigz makes it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Part of the format of our layers: another size gives other bytes.
const BLOCK: usize = 512 << 10;

/// What deflate can look back to.
const WINDOW: usize = 32 << 10;

/// Part of the format of our layers too.
const LEVEL: u32 = 6;

/// No name, no time, no extra flags, "unknown" system: equal on every machine (RFC 1952).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// One block, with what stands before it.
struct Job {
    dictionary: Vec<u8>,
    block: Vec<u8>,
    last: bool,
    done: Sender<io::Result<Vec<u8>>>,
}

/// A writer that packs what is written to it.
pub(super) struct Gzip<W: Write> {
    to: W,
    crc: Crc,
    block: Vec<u8>,
    dictionary: Vec<u8>,
    jobs: Option<Sender<Job>>,
    /// Blocks being packed, in their order.
    running: VecDeque<Receiver<io::Result<Vec<u8>>>>,
    workers: usize,
}

impl<W: Write> Gzip<W> {
    pub(super) fn new(mut to: W) -> io::Result<Self> {
        to.write_all(&HEADER)?;
        let workers = thread::available_parallelism().map_or(1, |count| count.get().min(16));
        let (crc, block, dictionary) = (Crc::new(), Vec::with_capacity(BLOCK), Vec::new());
        Ok(Gzip { to, crc, block, dictionary, jobs: None, running: VecDeque::new(), workers })
    }

    /// Pack what is left, write the trailer and give the writer back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let block = std::mem::take(&mut self.block);
        let dictionary = std::mem::take(&mut self.dictionary);
        // Small layers never start a thread.
        match self.jobs.is_some() {
            true => self.start(dictionary, block, true)?,
            false => {
                let packed = deflate(&dictionary, &block, true)?;
                self.to.write_all(&packed)?;
            }
        }
        while let Some(first) = self.running.pop_front() {
            self.take(&first)?;
        }
        self.to.write_all(&self.crc.sum().to_le_bytes())?;
        self.to.write_all(&self.crc.amount().to_le_bytes())?;
        Ok(self.to)
    }

    /// Hand a block to the workers; wait for the oldest one if too many are under way.
    fn start(&mut self, dictionary: Vec<u8>, block: Vec<u8>, last: bool) -> io::Result<()> {
        let (done, result) = channel();
        let workers = self.workers;
        let jobs = self.jobs.get_or_insert_with(|| start_workers(workers));
        jobs.send(Job { dictionary, block, last, done }).map_err(|_| worker_lost())?;
        self.running.push_back(result);
        if self.running.len() > 2 * self.workers
            && let Some(first) = self.running.pop_front()
        {
            self.take(&first)?;
        }
        Ok(())
    }

    fn take(&mut self, result: &Receiver<io::Result<Vec<u8>>>) -> io::Result<()> {
        let packed = result.recv().map_err(|_| worker_lost())??;
        self.to.write_all(&packed)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            let full = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
            let next = full[BLOCK - WINDOW..].to_vec();
            let dictionary = std::mem::replace(&mut self.dictionary, next);
            self.start(dictionary, full, false)?;
        }
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        self.crc.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Threads that live until the sender is gone.
fn start_workers(count: usize) -> Sender<Job> {
    let (jobs, queue) = channel::<Job>();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..count {
        let queue = Arc::clone(&queue);
        thread::spawn(move || {
            loop {
                let job = queue.lock().ok().and_then(|queue| queue.recv().ok());
                let Some(job) = job else { return };
                // If nobody waits for the result any more, the layer was given up.
                let _ = job.done.send(deflate(&job.dictionary, &job.block, job.last));
            }
        });
    }
    jobs
}

fn worker_lost() -> io::Error {
    io::Error::other("a thread that packs the layer has ended")
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

    use super::*;

    fn packed(bytes: &[u8], workers: usize, step: usize) -> Vec<u8> {
        let mut gzip = Gzip::new(Vec::new()).unwrap();
        gzip.workers = workers;
        bytes.chunks(step).for_each(|chunk| gzip.write_all(chunk).unwrap());
        gzip.finish().unwrap()
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
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 17] {
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
        let plain = &program[..program.len().min(24 * BLOCK)];
        let one = packed(plain, 1, 1 << 16);
        for workers in [2, 3, 5] {
            assert!(one == packed(plain, workers, 1 << 20), "{workers} workers");
        }
    }

    #[test]
    fn bytes_that_do_not_compress() {
        let noise: Vec<u8> =
            (0..3 * BLOCK as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 31) as u8).collect();
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&packed(&noise, 2, 1000)[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, noise);
    }

    #[test]
    fn these_bytes_are_a_promise() {
        let expected = "sha256:a7c1b1f16623a8a6214da12763e3bd773dc502f1478331b619697d2f8c8fabe2";
        assert_eq!(plimsoll_model::Digest::of(&packed(&text(BLOCK + 99), 2, 4096)).to_string(), expected);
    }
}
