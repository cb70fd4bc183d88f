//! The keys by which a user leaves an attached container without ending it.

/// Parses podman's notation of detach keys (`ctrl-p,ctrl-q`, `a`, `ctrl-[`); empty disables. `None` when malformed.
pub fn parse(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',')
        .map(|key| match (key.as_bytes(), key.strip_prefix("ctrl-").map(str::as_bytes)) {
            ([byte], _) => Some(*byte),
            (_, Some([letter @ b'a'..=b'z'])) => Some(letter - b'a' + 1),
            (_, Some([b'@'])) => Some(0),
            (_, Some([symbol @ b'['..=b'_'])) => Some(symbol - b'@'),
            _ => None,
        })
        .collect()
}

/// Finds the keys in what is typed.
#[derive(Debug)]
pub struct DetachKeys<'a> {
    keys: &'a [u8],
    matched: usize,
}

impl<'a> DetachKeys<'a> {
    /// Looks for `keys`; none are never found.
    pub fn new(keys: &'a [u8]) -> Self {
        DetachKeys { keys, matched: 0 }
    }

    /// Takes the keys out of the input: what to pass on, and whether the sequence is complete. The beginning of a
    /// sequence is held back until it turns out to be none.
    pub fn find(&mut self, input: &[u8]) -> (Vec<u8>, bool) {
        let keys = self.keys;
        if keys.is_empty() {
            return (input.to_vec(), false);
        }
        let mut passed = Vec::with_capacity(input.len());
        for byte in input {
            if *byte == keys[self.matched] {
                self.matched += 1;
                if self.matched == keys.len() {
                    return (passed, true);
                }
                continue;
            }
            passed.extend_from_slice(&keys[..self.matched]);
            self.matched = usize::from(*byte == keys[0]);
            if self.matched == 0 {
                passed.push(*byte);
            }
        }
        (passed, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detach_keys_are_parsed() {
        assert_eq!(parse("ctrl-p,ctrl-q"), Some(vec![16, 17]));
        assert_eq!(parse("a,ctrl-@,ctrl-["), Some(vec![b'a', 0, 27]));
        assert_eq!(parse(""), Some(vec![]));
        for bad in ["ctrl-", "ctrl-pp", "ab", ","] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_beginning_of_a_detach_sequence_is_held_back() {
        let mut keys = DetachKeys::new(&[16, 17]);
        assert_eq!(keys.find(b"a\x10"), (b"a".to_vec(), false));
        assert_eq!(keys.find(b"b"), (b"\x10b".to_vec(), false));
        assert_eq!(keys.find(b"c\x10\x10\x11d"), (b"c\x10".to_vec(), true));
        assert_eq!(DetachKeys::new(&[]).find(b"\x10\x11"), (b"\x10\x11".to_vec(), false));
    }
}
