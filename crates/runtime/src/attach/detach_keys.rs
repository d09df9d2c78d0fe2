//! ctrl-p ctrl-q: leave a terminal without ending what runs in it.

const CTRL_P: u8 = 0x10;
const CTRL_Q: u8 = 0x11;

/// Watches what is typed. A ctrl-p waits for the next key, which decides.
#[derive(Debug, Default)]
pub(super) struct DetachKeys {
    held: bool,
}

impl DetachKeys {
    /// What of the typed bytes is meant for the process, and whether the keys were pressed after it.
    pub fn filter(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut meant = Vec::with_capacity(typed.len() + 1);
        for &byte in typed {
            match (std::mem::take(&mut self.held), byte) {
                (true, CTRL_Q) => return (meant, true),
                (held, byte) => {
                    if held {
                        meant.push(CTRL_P);
                    }
                    if byte == CTRL_P {
                        self.held = true;
                    } else {
                        meant.push(byte);
                    }
                }
            }
        }
        (meant, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_keys_in_a_row_detach() {
        let mut keys = DetachKeys::default();
        let mut filter = |typed: &[u8]| keys.filter(typed);
        assert_eq!(filter(b"ab"), (b"ab".to_vec(), false));
        assert_eq!(filter(&[CTRL_P]), (Vec::new(), false));
        assert_eq!(filter(b"x"), (vec![CTRL_P, b'x'], false));
        assert_eq!(filter(&[CTRL_Q, CTRL_P, CTRL_P]), (vec![CTRL_Q, CTRL_P], false));
        assert_eq!(filter(&[CTRL_Q, b'y']), (Vec::new(), true));
        assert_eq!(filter(&[b'z', CTRL_P, CTRL_Q]), (b"z".to_vec(), true));
    }
}
