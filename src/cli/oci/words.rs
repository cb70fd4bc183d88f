//! From runc's order of words to ours: options of the runtime before the verb go behind it.

/// Options of the runtime that take a value.
const WITH_VALUE: [&str; 8] =
    ["--root", "--log", "--log-format", "--cgroup-manager", "--criu", "--log-level", "--runroot", "--storage-driver"];

/// Whether coracle was called as a runtime.
pub(crate) fn is_runtime(program: &str) -> bool {
    matches!(program, "coracle-runtime" | "runc" | "crun")
}

/// What help is asked of a runtime for: `runc -h`, `runc VERB -h`. As typed, before [`arrange`].
pub(crate) fn help_topic(words: &[String], program: &str) -> Option<Option<String>> {
    let asks = |word: &String| word == "-h" || word == "--help";
    if !is_runtime(program) {
        return None;
    }
    let at = first_word(words, 1);
    match words.get(at) {
        None => words[1..].iter().any(asks).then_some(None),
        Some(verb) => words.get(at + 1).filter(|word| asks(word)).map(|_| Some(verb.clone())),
    }
}

/// The position of the first word that is neither an option of the runtime nor its value, from `at` on.
fn first_word(words: &[String], mut at: usize) -> usize {
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-') && word.len() > 1) {
        let next = words.get(at + 1).map(String::as_str);
        at += match word.as_str() {
            word if WITH_VALUE.contains(&word) => 2,
            // The one that takes a value only when there is one.
            "--rootless" if matches!(next, Some("true" | "false" | "auto")) => 2,
            _ => 1,
        };
    }
    at
}

/// Makes `runc OPTIONS VERB ...` and `coracle oci OPTIONS VERB ...` into `coracle oci VERB OPTIONS ...`. Other command lines
/// stay as they are.
pub(crate) fn arrange(words: &mut Vec<String>, program: &str) {
    if is_runtime(program) {
        words.insert(1.min(words.len()), "oci".to_owned());
    }
    if words.get(1).is_none_or(|word| word != "oci") {
        return;
    }
    let at = first_word(words, 2).min(words.len());
    let mut options: Vec<String> = words.drain(2..at).collect();
    for option in &mut options {
        if option == "--rootless" {
            "--rootless=true".clone_into(option);
        }
    }
    // `--rootless true` in two words.
    if let Some(position) = options.iter().position(|option| option == "--rootless=true")
        && options.get(position + 1).is_some_and(|next| !next.starts_with('-'))
        && position + 1 < options.len()
        && matches!(options[position + 1].as_str(), "true" | "false" | "auto")
    {
        options.remove(position + 1);
    }
    if options.iter().any(|option| matches!(option.as_str(), "--version" | "-v")) {
        // Asked of the runtime as a whole.
        words.truncate(1);
        words.push("--version".to_owned());
        if !is_runtime(program) {
            words.insert(1, "oci".to_owned());
        }
        return;
    }
    let behind = if words.len() > 2 { 3 } else { 2 };
    words.splice(behind..behind, options);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(text: &str) -> String {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let program = words[0].clone();
        arrange(&mut words, &program);
        words.join(" ")
    }

    #[test]
    fn help_is_asked_of_the_runtime_or_a_verb() {
        let cases = [
            ("runc --root /r -h", Some(None)),
            ("runc --root /r delete -h", Some(Some("delete"))),
            ("runc exec x ls -h", None),
            ("coracle -h", None),
        ];
        for (typed, expected) in cases {
            let words: Vec<String> = typed.split(' ').map(str::to_owned).collect();
            let topic = help_topic(&words, &words[0]);
            assert_eq!(topic, expected.map(|topic: Option<&str>| topic.map(str::to_owned)), "{typed}");
        }
    }

    #[test]
    fn options_go_behind_the_verb() {
        let cases = [
            ("coracle run --root x", "coracle run --root x"),
            ("coracle oci state x", "coracle oci state x"),
            ("coracle oci --root /r state x", "coracle oci state --root /r x"),
            (
                "runc --root /r --log f --log-format json create --bundle b x",
                "runc oci create --root /r --log f --log-format json --bundle b x",
            ),
            ("crun --root=/r --debug --systemd-cgroup start x", "crun oci start --root=/r --debug --systemd-cgroup x"),
            ("coracle-runtime --rootless true state x", "coracle-runtime oci state --rootless=true x"),
            (
                "coracle-runtime --rootless=true --root=/r kill -a x",
                "coracle-runtime oci kill --rootless=true --root=/r -a x",
            ),
            ("runc --version", "runc --version"),
            ("runc -v", "runc --version"),
            ("coracle oci --root /r --version", "coracle oci --version"),
            ("runc --help", "runc oci --help"),
            ("runc", "runc oci"),
            ("runc exec x ls --root", "runc oci exec x ls --root"),
        ];
        for (typed, expected) in cases {
            assert_eq!(arranged(typed), expected, "{typed}");
        }
    }
}
