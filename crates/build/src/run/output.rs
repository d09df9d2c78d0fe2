//! What a step prints: passed on as it comes, its end kept for a failure.

use std::collections::VecDeque;
use std::io::Read as _;

/// Lines of output a failure shows.
const TAIL_LINES: usize = 20;

/// Pass the output on as it comes; the last lines are kept for a failure. The pipe ends when the
/// last process of the sandbox is gone.
pub(super) fn forward(mut reader: std::io::PipeReader, tell: impl Fn(Vec<u8>)) -> Vec<String> {
    let mut tail = VecDeque::new();
    let mut partial: Vec<u8> = Vec::new();
    let mut buffer = [0u8; 16 << 10];
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        tell(buffer[..length].to_vec());
        partial.extend_from_slice(&buffer[..length]);
        while let Some(end) = partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = partial.drain(..=end).collect();
            keep(&mut tail, &line);
        }
        // A line without an end must not grow for ever.
        if partial.len() > 64 << 10 {
            keep(&mut tail, &std::mem::take(&mut partial));
        }
    }
    if !partial.is_empty() {
        keep(&mut tail, &partial);
    }
    tail.into()
}

fn keep(tail: &mut VecDeque<String>, line: &[u8]) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    let text = String::from_utf8_lossy(line);
    tail.push_back(text.trim_end().chars().filter(|c| !c.is_control()).collect());
}
