//! Patterns of names in `--filter`: regular expressions, as podman and docker read them.
//!
//! The syntax is that of the crate `regex`, which is Go's (RE2) but for details nobody filters names by; matching takes time
//! proportional to the lengths of pattern and name, whatever the pattern is. A text that is no expression is itself.

use regex::{Regex, RegexBuilder};

/// Most memory that a compiled pattern may take, in bytes: nobody filters names by more.
const LARGEST: usize = 1 << 20;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// An expression.
    Expression(Regex),
    /// A text that is none, or one too large.
    Text(String),
}

impl Pattern {
    /// Reads a pattern; every text is one.
    pub(crate) fn new(text: &str) -> Pattern {
        match RegexBuilder::new(text).size_limit(LARGEST).build() {
            Ok(expression) => Pattern::Expression(expression),
            Err(_) => Pattern::Text(text.to_owned()),
        }
    }

    /// Whether `name` has the pattern in it.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Pattern::Expression(expression) => expression.is_match(name),
            Pattern::Text(text) => name.contains(text.as_str()),
        }
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
            ("a\\.b", "a-b", false),
            ("", "anything", true),
            ("volume_1.+", "volume_1_x", true),
            ("volume_1.+", "volume_1", false),
            ("^(db|web)-[0-9]+$", "web-12", true),
            ("^(db|web)-[0-9]+$", "app-12", false),
            ("^(db|web)-[0-9]+$", "web-", false),
            ("a|b|c", "xcx", true),
            ("^[^a-c]+$", "xyz", true),
            ("^[^a-c]+$", "xbz", false),
            ("^\\w{2,3}$", "ab", true),
            ("^\\w{2,3}$", "abcd", false),
            ("^x{2}$", "xx", true),
            ("^x?y*$", "xyyy", true),
            ("^x?y*$", "xx", false),
            ("^[a-z-]+$", "a-b", true),
            ("*x", "a*x", true),
            ("(", "a(b", true),
            ("(((a*)*)*)*b", &"a".repeat(200), false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        for pattern in ["(".repeat(5000), "a{255}".repeat(100), format!("{}a{}", "(".repeat(31), "){255}".repeat(31))] {
            Pattern::new(&pattern).matches(&"a".repeat(1000));
        }
    }
}
