//! Which streams of the caller reach the process: `-a`, `-i`, `-t`.

use clap::Args;

/// Streams.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Container")]
pub struct AttachFlags {
    /// Stay attached to this stream only: stdin, stdout or stderr.
    #[arg(short, long, value_name = "STREAM", value_parser = stream)]
    attach: Vec<usize>,
    /// Keep standard input open, and pass it on.
    #[arg(short, long)]
    pub interactive: bool,
    /// Give it a terminal.
    #[arg(short, long)]
    pub tty: bool,
}

impl AttachFlags {
    /// Whether streams are chosen.
    pub fn chooses(&self) -> bool {
        !self.attach.is_empty()
    }

    /// Whether standard input, output and error are attached: docker's output and error unless chosen.
    pub fn attached(&self) -> [bool; 3] {
        let mut attached = match self.attach.is_empty() {
            true => [false, true, true],
            false => [0, 1, 2].map(|stream| self.attach.contains(&stream)),
        };
        attached[0] |= self.interactive;
        attached
    }
}

fn stream(text: &str) -> Result<usize, String> {
    let known = ["stdin", "stdout", "stderr"].iter().position(|name| text.eq_ignore_ascii_case(name));
    known.ok_or_else(|| "stdin, stdout or stderr was expected".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_docker_attaches() {
        let attached = |streams: &[&str], interactive| {
            let attach = streams.iter().map(|name| stream(name).unwrap()).collect();
            AttachFlags { attach, interactive, tty: false }.attached()
        };
        assert_eq!(attached(&[], false), [false, true, true]);
        assert_eq!(attached(&[], true), [true, true, true]);
        assert_eq!(attached(&["STDERR"], true), [true, false, true]);
        assert_eq!(attached(&["stdin"], false), [true, false, false]);
        assert!(stream("foo").is_err());
    }
}
