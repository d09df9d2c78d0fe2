//! Writing the log: bytes as they come from the container, lines as they go to the file.

use std::io::{self, Write};

use jiff::Timestamp;

use super::Stream;
use super::format::LogLine;

/// A longer line is written in parts, so that a program without line ends cannot fill our memory.
const LONGEST_PART: usize = 64 << 10;

/// Writes what two streams say, line by line.
#[derive(Debug)]
pub(crate) struct LogWriter<W> {
    file: W,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl<W: Write> LogWriter<W> {
    pub fn new(file: W) -> Self {
        LogWriter { file, stdout: Vec::new(), stderr: Vec::new() }
    }

    /// Bytes a stream has just given. The unfinished line at their end waits for the rest.
    pub fn write(&mut self, stream: Stream, bytes: &[u8], time: Timestamp) -> io::Result<()> {
        let waiting = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            for part in text.chunks(LONGEST_PART) {
                let over = waiting.len() + part.len() > LONGEST_PART;
                if over {
                    LogLine { time, stream, partial: true, text: waiting }.write(&mut lines);
                    waiting.clear();
                }
                waiting.extend_from_slice(part);
            }
            if ends {
                LogLine { time, stream, partial: false, text: waiting }.write(&mut lines);
                waiting.clear();
            }
        }
        // One call, so that a line is either there or not when we are killed.
        self.file.write_all(&lines)
    }

    /// The streams have ended: write the unfinished lines as parts.
    pub fn finish(&mut self, time: Timestamp) -> io::Result<()> {
        let mut lines = Vec::new();
        for (stream, waiting) in [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)] {
            if !waiting.is_empty() {
                LogLine { time, stream, partial: true, text: waiting }.write(&mut lines);
                waiting.clear();
            }
        }
        self.file.write_all(&lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(pieces: &[(Stream, &[u8])]) -> String {
        let time = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut file = Vec::new();
        let mut writer = LogWriter::new(&mut file);
        for (stream, bytes) in pieces {
            writer.write(*stream, bytes, time).unwrap();
        }
        writer.finish(time).unwrap();
        String::from_utf8(file).unwrap().replace("2026-11-22T10:00:00.000000000Z ", "")
    }

    #[test]
    fn lines_are_put_together_per_stream() {
        use Stream::{Stderr, Stdout};
        let log = logged(&[(Stdout, b"one\ntw"), (Stderr, b"oops\n"), (Stdout, b"o\n\nprompt> ")]);
        assert_eq!(log, "stdout F one\nstderr F oops\nstdout F two\nstdout F \nstdout P prompt> \n");
    }

    #[test]
    fn a_line_without_end_is_written_in_parts() {
        let long = vec![b'x'; LONGEST_PART + 10];
        let log = logged(&[(Stream::Stdout, &long), (Stream::Stdout, b"y\n")]);
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].len(), "stdout P ".len() + LONGEST_PART);
        assert_eq!(lines[1], "stdout F xxxxxxxxxxy");
    }
}
