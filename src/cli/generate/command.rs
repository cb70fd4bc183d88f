//! The command that made a container or a pod, changed into one for a service that makes it anew.
//!
//! The words are those typed. What stands after the options is known by its number, so that nothing of the container's own
//! command is taken for an option.

/// Options that a service has of its own, and whether a value follows.
const REPLACED: [(&str, bool); 4] = [("--rm", false), ("--cgroups", true), ("--cidfile", true), ("--restart", true)];
/// Options by which a container comes into a pod, and of `pod create`; a value follows each.
const OF_PODS: [&str; 3] = ["--pod", "--pod-id-file", "--infra-conmon-pidfile"];
/// Short options of `run` that take no value, so that others may follow in one word.
const SHORT_FLAGS: &str = "ditqP";

/// A command, taken apart.
#[derive(Debug)]
pub(super) struct Words {
    /// Between the program and `run`, `create` or `pod create`.
    pub(super) global: Vec<String>,
    /// Its options.
    pub(super) options: Vec<String>,
    /// What follows them: image and command.
    pub(super) rest: Vec<String>,
}

impl Words {
    /// Takes the words of a `run` or `create` apart; so many of them follow the options.
    pub(super) fn of_container(words: &[String], following: usize) -> Option<Words> {
        let at = words.iter().position(|word| word == "run" || word == "create")?;
        Words::at(words, at, following)
    }

    /// The same of a `pod create`, whose options are followed by a name at most.
    pub(super) fn of_pod(words: &[String]) -> Option<Words> {
        let at = words.windows(2).position(|pair| pair[0] == "pod" && pair[1] == "create")? + 1;
        let mut words = Words::at(words, at, 0)?;
        words.global.pop(); // `pod`
        Some(words)
    }

    fn at(words: &[String], at: usize, following: usize) -> Option<Words> {
        let (options, rest) = words.get(at + 1..)?.split_at_checked((words.len() - at - 1).checked_sub(following)?)?;
        Some(Words { global: words.get(1..at)?.to_vec(), options: options.to_vec(), rest: rest.to_vec() })
    }

    /// Takes out what the service says itself.
    pub(super) fn without_replaced(&mut self) {
        REPLACED.iter().for_each(|(option, has_value)| self.remove(option, *has_value));
    }

    /// Takes out what says which pod it is.
    pub(super) fn without_pod(&mut self) {
        OF_PODS.iter().for_each(|option| self.remove(option, true));
    }

    /// Takes an option out, with its value.
    pub(super) fn remove(&mut self, option: &str, has_value: bool) {
        let mut words = std::mem::take(&mut self.options).into_iter();
        while let Some(word) = words.next() {
            if word == option {
                if has_value {
                    words.next();
                }
            } else if !word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')) {
                self.options.push(word);
            }
        }
    }

    /// Whether an option was given, in whatever form.
    pub(super) fn has(&self, option: &str) -> bool {
        self.options
            .iter()
            .any(|word| word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')))
    }

    /// The last value of an option.
    pub(super) fn value(&self, option: &str) -> Option<&str> {
        let after = |at: usize, word: &'_ String| {
            let joined = word.strip_prefix(option).and_then(|rest| rest.strip_prefix('=')).is_some();
            (word == option).then_some(at + 1).or(joined.then_some(at))
        };
        let at = self.options.iter().enumerate().filter_map(|(at, word)| after(at, word)).next_back()?;
        let word = self.options.get(at)?;
        Some(word.strip_prefix(option).and_then(|rest| rest.strip_prefix('=')).unwrap_or(word))
    }

    /// Whether `run` was to leave the container in the background.
    pub(super) fn detaches(&self) -> bool {
        self.options.iter().any(|word| match word.strip_prefix('-') {
            Some("-detach" | "-detach=true" | "d=true") => true,
            Some(letters) if !letters.starts_with('-') && !letters.contains('=') => {
                letters.chars().take_while(|letter| SHORT_FLAGS.contains(*letter)).any(|letter| letter == 'd')
            }
            _ => false,
        })
    }

    /// Whether a flag is on.
    pub(super) fn is_on(&self, flag: &str) -> bool {
        self.value(flag).is_some_and(|value| value != "false") || self.options.iter().any(|word| word == flag)
    }

    /// Takes `--flag=false` out, in its long and short form.
    pub(super) fn remove_denied(&mut self, long: &str, short: Option<&str>) {
        let denied = |name: &str| format!("{name}=false");
        self.options.retain(|word| *word != denied(long) && short.is_none_or(|short| *word != denied(short)));
    }

    /// Names of variables given without a value, which was the caller's.
    pub(super) fn inherited_variables(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut words = self.options.iter();
        while let Some(word) = words.next() {
            let value = match word.as_str() {
                "-e" | "--env" => words.next().map(String::as_str),
                word => {
                    word.strip_prefix("--env=").or_else(|| word.strip_prefix("-e").filter(|_| !word.starts_with("--")))
                }
            };
            found.extend(value.filter(|value| !value.is_empty() && !value.contains('=')));
        }
        found
    }
}

/// A word as systemd reads it back (systemd.service(5), "Command lines").
pub(super) fn escaped(word: &str) -> String {
    let word = word.replace('$', "$$").replace('%', "%%");
    match word.contains([' ', '\t', '\n', '"']) {
        true => {
            let inner: String = word
                .chars()
                .map(|character| match character {
                    '"' => "\\\"".to_owned(),
                    '\\' => "\\\\".to_owned(),
                    '\n' => "\\n".to_owned(),
                    '\t' => "\\t".to_owned(),
                    other => other.to_string(),
                })
                .collect();
            format!("\"{inner}\"")
        }
        false => word.replace('\\', "\\\\"),
    }
}

/// A command line with an option on each line.
pub(super) fn lines<Word: AsRef<str>>(words: &[Word]) -> String {
    let mut text = String::new();
    for (number, word) in words.iter().map(AsRef::as_ref).enumerate() {
        text += match (number, word.starts_with('-')) {
            (0, _) => "",
            (_, true) => " \\\n\t",
            (_, false) => " ",
        };
        text += word;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str, following: usize) -> Words {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Words::of_container(&words, following).unwrap()
    }

    #[test]
    fn options_are_told_from_the_containers_command() {
        let mut parsed = words("podman --root /r run --rm -e A -eB=1 --cidfile /x --restart=always i sh --rm -d", 4);
        assert_eq!(parsed.global, ["--root", "/r"]);
        assert_eq!(parsed.value("--restart"), Some("always"));
        assert!(!parsed.detaches());
        assert_eq!(parsed.inherited_variables(), ["A"]);
        parsed.without_replaced();
        assert_eq!(parsed.options, ["-e", "A", "-eB=1"]);
        assert_eq!(parsed.rest, ["i", "sh", "--rm", "-d"]);
        for (line, expected) in
            [("c run -dt i", true), ("c run -itd i", true), ("c run -ed i", false), ("c run --detach=false i", false)]
        {
            assert_eq!(words(line, 1).detaches(), expected, "{line}");
        }
        assert!(Words::of_container(&["c".into(), "clone".into()], 1).is_none());
        let pod: Vec<String> = "c --root x pod create --name p".split(' ').map(str::to_owned).collect();
        let pod = Words::of_pod(&pod).unwrap();
        assert_eq!((pod.global.len(), pod.has("--name")), (2, true));
    }

    #[test]
    fn words_are_escaped_for_systemd() {
        assert_eq!(escaped("a$b%c"), "a$$b%%c");
        assert_eq!(escaped("a b\"\\"), "\"a b\\\"\\\\\"");
        assert_eq!(escaped("a\\b"), "a\\\\b");
        assert_eq!(lines(&["x", "run", "-d", "i"]), "x run \\\n\t-d i");
    }
}
