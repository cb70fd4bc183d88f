//! Unit files (systemd.syntax(7)): read, asked, changed, written.
//!
//! Order is kept, since it matters to systemd: a key that takes a list adds to it each time, and an empty value begins
//! the list anew.

/// A unit file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    groups: Vec<(String, Vec<(String, String)>)>,
}

impl Unit {
    /// Parses a file; the reason why not is one line.
    pub(super) fn parse(text: &str) -> Result<Unit, String> {
        let mut unit = Unit::default();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let mut line = line.trim().to_owned();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            while let Some(begun) = line.strip_suffix('\\') {
                let mut begun = format!("{begun} ");
                // Comments may stand between the parts of a line.
                let next = lines.by_ref().map(|(_, next)| next.trim()).find(|next| !next.starts_with(['#', ';']));
                begun.push_str(next.unwrap_or_default());
                line = begun;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                unit.group(name);
            } else if let Some((key, value)) = line.split_once('=').filter(|_| !unit.groups.is_empty()) {
                if let Some((_, entries)) = unit.groups.last_mut() {
                    entries.push((key.trim_end().to_owned(), value.trim().to_owned()));
                }
            } else {
                return Err(format!("line {}: key-value pair, comment or group expected", number + 1));
            }
        }
        Ok(unit)
    }

    /// Begins a group, at the end when it is not there yet; a group that is named again moves to the end.
    fn group(&mut self, name: &str) {
        match self.groups.iter().position(|(known, _)| known == name) {
            Some(at) => {
                let group = self.groups.remove(at);
                self.groups.push(group);
            }
            None => self.groups.push((name.to_owned(), Vec::new())),
        }
    }

    /// Adds what another file (a drop-in) says.
    pub(super) fn merge(&mut self, other: Unit) {
        for (name, entries) in other.groups {
            entries.into_iter().for_each(|(key, value)| self.add(&name, &key, &value));
        }
    }

    /// The keys of a group.
    pub(super) fn keys(&self, group: &str) -> impl Iterator<Item = &str> {
        self.entries(group).map(|(key, _)| key)
    }

    fn entries<'u>(&'u self, group: &str) -> impl Iterator<Item = (&'u str, &'u str)> {
        let found = self.groups.iter().find(|(name, _)| name == group);
        found.into_iter().flat_map(|(_, entries)| entries).map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is such a group.
    pub(super) fn has(&self, group: &str) -> bool {
        self.groups.iter().any(|(name, _)| name == group)
    }

    /// The last value of a key; an empty one is none.
    pub(super) fn last(&self, group: &str, key: &str) -> Option<String> {
        let found = self.entries(group).filter(|(known, _)| *known == key).last();
        found.map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
    }

    /// All values of a key since the last empty one.
    pub(super) fn all(&self, group: &str, key: &str) -> Vec<String> {
        let mut values = Vec::new();
        for (_, value) in self.entries(group).filter(|(known, _)| *known == key) {
            match value {
                "" => values.clear(),
                value => values.push(value.to_owned()),
            }
        }
        values
    }

    /// The words of all values of a key, quotes taken away.
    pub(super) fn words(&self, group: &str, key: &str) -> Vec<String> {
        self.all(group, key).iter().flat_map(|value| split(value)).collect()
    }

    /// A yes or no.
    pub(super) fn boolean(&self, group: &str, key: &str) -> Option<bool> {
        let value = self.last(group, key)?.to_ascii_lowercase();
        Some(matches!(value.as_str(), "1" | "yes" | "true" | "on"))
    }

    /// Adds a value at the end of a group.
    pub(super) fn add(&mut self, group: &str, key: &str, value: &str) {
        if !self.has(group) {
            self.groups.push((group.to_owned(), Vec::new()));
        }
        if let Some((_, entries)) = self.groups.iter_mut().find(|(name, _)| name == group) {
            entries.push((key.to_owned(), value.to_owned()));
        }
    }

    /// Adds a value unless the key has one.
    pub(super) fn add_missing(&mut self, group: &str, key: &str, value: &str) {
        if self.last(group, key).is_none() {
            self.add(group, key, value);
        }
    }

    /// Gives a group another name.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if let Some((name, _)) = self.groups.iter_mut().find(|(name, _)| name == from) {
            to.clone_into(name);
        }
    }

    /// As a file.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, entries) in &self.groups {
            text.push_str(&format!("[{name}]\n"));
            entries.iter().for_each(|(key, value)| text.push_str(&format!("{key}={value}\n")));
            text.push('\n');
        }
        text
    }
}

/// Splits a value into words as systemd does: at blanks, with single and double quotes and backslashes.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), character) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (_, '\\') => match characters.next() {
                Some('n') => word.get_or_insert_default().push('\n'),
                Some('t') => word.get_or_insert_default().push('\t'),
                Some('s') => word.get_or_insert_default().push(' '),
                Some(next) => word.get_or_insert_default().push(next),
                None => word.get_or_insert_default().push('\\'),
            },
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// Words as the value of `ExecStart=`: those that need it in double quotes. Specifiers (`%h`) stay what they are.
pub(super) fn join(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty()
        && !word.contains(|character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '\\'));
    if is_plain {
        return word.to_owned();
    }
    let mut text = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_written() {
        let text = "# comment\n[Unit]\nDescription = A\n[Container]\nLabel=a \\\n# between\n  b\nLabel=\nLabel=c\n[Unit]\nAfter=x\n";
        let unit = Unit::parse(text).expect("it parses");
        assert_eq!(unit.last("Unit", "Description").as_deref(), Some("A"));
        assert_eq!(unit.last("Unit", "After").as_deref(), Some("x"));
        assert_eq!(unit.all("Container", "Label"), ["c"]);
        assert!(Unit::parse("key=value\n").is_err() && Unit::parse("[A]\nnonsense\n").is_err());
        let again = Unit::parse(&unit.text()).expect("it parses");
        assert_eq!(again.text(), unit.text());
        let mut merged = unit.clone();
        merged.merge(Unit::parse("[Container]\nImage=i\n").expect("it parses"));
        assert_eq!(merged.last("Container", "Image").as_deref(), Some("i"));
    }

    #[test]
    fn words_are_split_and_joined_as_systemd_does() {
        let cases = [
            (r#"sleep "1 2" %h"#, vec!["sleep", "1 2", "%h"]),
            (r#"A=b "C=d e" 'x"y'"#, vec!["A=b", "C=d e", "x\"y"]),
            (r#"a\ b "" c"#, vec!["a b", "", "c"]),
            ("", vec![]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text), expected, "{text}");
            assert_eq!(split(&join(&split(text))), expected, "{text}");
        }
        assert_eq!(join(&["sh".into(), "-c".into(), "echo \"$a\"".into()]), r#"sh -c "echo \"$a\"""#);
    }
}
