//! Patterns of names in `--filter`, a small part of regular expressions.

/// What scripts use of regular expressions in names: `^`, `$` and `.*`; anything else is itself.
#[derive(Debug)]
pub(crate) struct Pattern {
    from_start: bool,
    to_end: bool,
    parts: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; every text is one.
    pub(crate) fn new(text: &str) -> Pattern {
        let inner = text.strip_prefix('^').unwrap_or(text);
        let inner = inner.strip_suffix('$').unwrap_or(inner);
        let parts = inner.split(".*").map(|part| part.replace("\\.", ".").replace("\\-", "-")).collect();
        Pattern { from_start: text.starts_with('^'), to_end: text.ends_with('$'), parts }
    }

    /// Whether `name` has the pattern in it.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut rest = name;
        let last = self.parts.len() - 1;
        for (position, part) in self.parts.iter().enumerate() {
            let anchored_start = position == 0 && self.from_start;
            let anchored_end = position == last && self.to_end;
            let after = match (anchored_start, anchored_end) {
                (true, true) => (rest == part.as_str()).then_some(""),
                (true, false) => rest.strip_prefix(part.as_str()),
                (false, true) => rest.ends_with(part.as_str()).then_some(""),
                (false, false) => rest.find(part.as_str()).map(|at| &rest[at + part.len()..]),
            };
            match after {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_the_expressions_of_scripts() {
        let cases = [
            ("web", "my-web-1", true),
            ("^web$", "web", true),
            ("^web$", "web2", false),
            ("^web", "web2", true),
            ("b2$", "web2", true),
            ("^app.*_1$", "app_web_1", true),
            ("^app.*_1$", "app_web_11", false),
            ("a\\.b", "xa.bx", true),
            ("", "anything", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }
}
