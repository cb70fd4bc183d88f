//! `WWW-Authenticate`: the challenges of a 401, parsed as RFC 9110 section 11.6.1 writes them.
//!
//! Several challenges may share one header or come in several; parameters may be quoted strings with escapes. What
//! does not parse ends the list: the challenges before it still count.

/// Longest header value looked at, in bytes.
const LONGEST_HEADER: usize = 16 << 10;

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// In lower case: `bearer`, `basic`.
    pub scheme: String,
    /// Parameters in order, names in lower case.
    pub parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter's value; the first of equals.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The challenges of all `headers`, in order.
pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Vec<Challenge> {
    headers.into_iter().flat_map(parse_one).collect()
}

fn parse_one(header: &[u8]) -> Vec<Challenge> {
    let mut scanner = Scanner { rest: &header[..header.len().min(LONGEST_HEADER)] };
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        scanner.skip(b" \t,");
        let Some(word) = scanner.token() else { break };
        if let Some(value) = scanner.value_after_equals() {
            // A parameter of the challenge before.
            match challenges.last_mut() {
                Some(challenge) => challenge.parameters.push((word.to_ascii_lowercase(), value)),
                None => break,
            }
        } else if scanner.at_word_end() {
            challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
            scanner.skip_token68();
        } else {
            break;
        }
    }
    challenges
}

struct Scanner<'a> {
    rest: &'a [u8],
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Scanner<'_> {
    fn skip(&mut self, set: &[u8]) {
        let count = self.rest.iter().take_while(|byte| set.contains(byte)).count();
        self.rest = &self.rest[count..];
    }

    fn token(&mut self) -> Option<String> {
        let count = self.rest.iter().take_while(|byte| is_token_byte(**byte)).count();
        let (word, rest) = self.rest.split_at(count);
        self.rest = rest;
        (count > 0).then(|| String::from_utf8_lossy(word).into_owned())
    }

    fn at_word_end(&self) -> bool {
        self.rest.first().is_none_or(|byte| b" \t,".contains(byte))
    }

    /// `= value`, the value a token or a quoted string; leaves everything as it was when that is not what follows.
    fn value_after_equals(&mut self) -> Option<String> {
        let start = self.rest;
        self.skip(b" \t");
        if self.rest.first() != Some(&b'=') {
            self.rest = start;
            return None;
        }
        self.rest = &self.rest[1..];
        self.skip(b" \t");
        if self.rest.first() == Some(&b'"') { self.quoted() } else { Some(self.loose_value()) }
    }

    /// Registries send unquoted URLs, which no token allows: everything to the next comma or blank.
    fn loose_value(&mut self) -> String {
        let count = self.rest.iter().take_while(|byte| !b" \t,".contains(byte)).count();
        let (word, rest) = self.rest.split_at(count);
        self.rest = rest;
        String::from_utf8_lossy(word).into_owned()
    }

    fn quoted(&mut self) -> Option<String> {
        let mut value = Vec::new();
        let mut bytes = self.rest[1..].iter().copied().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.rest = &self.rest[at + 2..];
                    return Some(String::from_utf8_lossy(&value).into_owned());
                }
                b'\\' => value.push(bytes.next()?.1),
                byte => value.push(byte),
            }
        }
        // No closing quote: nothing after it can be trusted.
        self.rest = &[];
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// The one word that `Negotiate` and its like carry instead of parameters: letters, digits, `-._~+/` and `=` at the
    /// end.
    fn skip_token68(&mut self) {
        let start = self.rest;
        self.skip(b" \t");
        let count = self.rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(b)).count();
        let padding = self.rest[count..].iter().take_while(|byte| **byte == b'=').count();
        let rest = &self.rest[count + padding..];
        let is_token68 = count > 0 && rest.first().is_none_or(|byte| *byte == b',');
        self.rest = if is_token68 { rest } else { start };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(headers: &[&str]) -> String {
        let challenges = parse(headers.iter().map(|text| text.as_bytes()));
        let one = |c: &Challenge| {
            let parameters: Vec<String> = c.parameters.iter().map(|(k, v)| format!("{k}=<{v}>")).collect();
            format!("{}({})", c.scheme, parameters.join(" "))
        };
        challenges.iter().map(one).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn challenges_are_parsed() {
        for (headers, expected) in [
            (&["Basic realm=\"x\""][..], "basic(realm=<x>)"),
            (
                &[
                    r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                ],
                "bearer(realm=<https://auth.docker.io/token> service=<registry.docker.io> scope=<repository:a/b:pull,push>)",
            ),
            (
                &[r#"BASIC realm="a", Bearer Realm="b" , service = c"#],
                "basic(realm=<a>) | bearer(realm=<b> service=<c>)",
            ),
            (&["Basic realm=\"a\"", "Bearer realm=\"b\""], "basic(realm=<a>) | bearer(realm=<b>)"),
            (&[r#"Bearer realm="a\"b\\c, d=e""#], r#"bearer(realm=<a"b\c, d=e>)"#),
            (&["Negotiate", "Basic realm=\"\""], "negotiate() | basic(realm=<>)"),
            (&["Negotiate YWJj==, Bearer realm=\"b\""], "negotiate() | bearer(realm=<b>)"),
            (&["Bearer realm=https://a.b/token,service=x"], "bearer(realm=<https://a.b/token> service=<x>)"),
            (&[",, Bearer ,realm=\"a\",,"], "bearer(realm=<a>)"),
            (&["Bearer realm=\"unclosed, service=\"x\""], "bearer(realm=<unclosed, service=>)"),
            (&["realm=\"x\""], ""),
            (&[""], ""),
            (&["\"quoted\" Bearer"], ""),
            (&["Bearer realm=\"a\\"], "bearer()"),
        ] {
            assert_eq!(show(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn mutated_headers_never_panic_nor_loop() {
        let seed = br#"Bearer realm="https://a/t",service="b",scope="c", Basic realm="d", Negotiate abc="#;
        let mut state = 3u64;
        for _ in 0..50_000 {
            let mut bytes = seed.to_vec();
            for _ in 0..4 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = b"\"\\=, \tB\x00\xff{/"[(state >> 12) as usize % 11];
            }
            parse([&bytes[..]]);
        }
        assert!(parse([&vec![b'"'; 1 << 20][..]]).is_empty());
    }
}
