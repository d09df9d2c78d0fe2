//! Keys that leave a terminal without ending what runs in it.

/// docker's: ctrl-p ctrl-q.
pub const DETACH_KEYS: [u8; 2] = [0x10, 0x11];

/// Watches what is typed. What begins the sequence waits for the next key, which decides.
#[derive(Debug)]
pub(super) struct DetachKeys {
    sequence: Vec<u8>,
    held: Vec<u8>,
}

impl DetachKeys {
    /// Watch for this sequence; an empty one is never typed.
    pub fn new(sequence: &[u8]) -> Self {
        DetachKeys { sequence: sequence.to_vec(), held: Vec::new() }
    }

    /// What of the typed bytes is meant for the process, and whether the keys were pressed after it.
    pub fn filter(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut meant = Vec::with_capacity(typed.len() + self.held.len());
        for &byte in typed {
            self.held.push(byte);
            while !self.sequence.starts_with(&self.held) {
                meant.push(self.held.remove(0));
            }
            if !self.held.is_empty() && self.held.len() == self.sequence.len() {
                self.held.clear();
                return (meant, true);
            }
        }
        (meant, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CTRL_P: u8 = 0x10;
    const CTRL_Q: u8 = 0x11;

    #[test]
    fn only_the_two_keys_in_a_row_detach() {
        let mut keys = DetachKeys::new(&DETACH_KEYS);
        let mut filter = |typed: &[u8]| keys.filter(typed);
        assert_eq!(filter(b"ab"), (b"ab".to_vec(), false));
        assert_eq!(filter(&[CTRL_P]), (Vec::new(), false));
        assert_eq!(filter(b"x"), (vec![CTRL_P, b'x'], false));
        assert_eq!(filter(&[CTRL_Q, CTRL_P, CTRL_P]), (vec![CTRL_Q, CTRL_P], false));
        assert_eq!(filter(&[CTRL_Q, b'y']), (Vec::new(), true));
        assert_eq!(filter(&[b'z', CTRL_P, CTRL_Q]), (b"z".to_vec(), true));
    }

    #[test]
    fn other_keys_detach_when_asked_for() {
        let mut keys = DetachKeys::new(b"aab");
        assert_eq!(keys.filter(b"xa"), (b"x".to_vec(), false));
        // What was held may itself end with a beginning of the sequence.
        assert_eq!(keys.filter(b"aab"), (b"a".to_vec(), true));
        let mut none = DetachKeys::new(b"");
        assert_eq!(none.filter(&[CTRL_P, CTRL_Q]), (vec![CTRL_P, CTRL_Q], false));
        let mut one = DetachKeys::new(b"q");
        assert_eq!(one.filter(b"pqr"), (b"p".to_vec(), true));
    }
}
