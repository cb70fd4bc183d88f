//! What shells are told: the program's answers, and the script by which bash asks.

use crate::program::Home;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// What the program says on standard error with an answer, as [`Home::run`] shows it.
fn ended(directive: &str) -> String {
    format!("! Completion ended with directive: ShellCompDirective{directive}\n= 0\n")
}

#[test]
fn candidates_end_with_a_directive() {
    let home = Home::new();
    let ask = |words: &[&str]| home.run(words);
    let no_files = ended("NoFileComp");
    assert_eq!(ask(&["__complete", "vol"]), format!("volume\tManage volumes\n:4\n{no_files}"));
    let options = format!("--read-only\n--read-only-tmpfs\n:4\n{no_files}");
    assert_eq!(ask(&["__completeNoDesc", "run", "--read"]), options);
    assert_eq!(ask(&["__complete", "load", "-i", ""]), format!(":0\n{}", ended("Default")));
    assert_eq!(ask(&["__complete", "nonsense", ""]), format!(":4\n{no_files}"));
}

#[test]
fn names_of_the_store_are_offered() {
    let home = Home::new();
    for words in [&["volume", "create", "data"][..], &["volume", "create", "other"], &["network", "create", "inner"]] {
        assert!(home.run(words).ends_with("= 0\n"), "{words:?}");
    }
    let made = home.run(&["create", "--name", "web", "hello"]);
    assert!(made.ends_with("= 0\n"), "{made}");
    for (words, names) in [
        (&["volume", "rm", "d"][..], "data\n"),
        (&["volume", "rm", "data", ""], "data\nother\n"),
        (&["network", "rm", "in"], "inner\n"),
        (&["run", "--network", "in"], "inner\n"),
        (&["start", ""], "web\n"),
        (&["exec", ""], ""),
        (&["rmi", "localhost/h"], "localhost/hello:latest\n"),
        (&["rmi", "he"], "hello:latest\n"),
    ] {
        let words: Vec<&str> = ["__completeNoDesc"].into_iter().chain(words.iter().copied()).collect();
        assert_eq!(home.run(&words), format!("{names}:4\n{}", ended("NoFileComp")), "{words:?}");
    }
    assert_eq!(home.run(&["__completeNoDesc", "cp", "w"]), format!("web:\n:2\n{}", ended("NoSpace")));
}

#[test]
fn bash_asks_with_whole_words_and_replaces_their_ends() {
    let home = Home::new();
    let program = home.path().join("coracle");
    let text = "#!/bin/sh\nshift\necho \"$*\" >asked\nprintf 'localhost/a:one\\nlocalhost/a:two\\n:4\\n'\n";
    std::fs::write(&program, text).expect("the home can be written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("the file is ours");
    // Outside of a completion there is no compopt; bash has split the word at its colon.
    let script = "source \"$1\"; compopt() { :; }; COMP_LINE='./coracle run localhost/a:o' COMP_POINT=27; \
        COMP_WORDS=(./coracle run localhost/a : o) COMP_CWORD=4; _coracle_complete; echo \"${COMPREPLY[*]}\"";
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/completions/coracle.bash");
    let mut bash = home.command("bash".as_ref(), &["-c", script, "bash", source]);
    assert_eq!(crate::program::show(&output_of(&mut bash)), "one two\n= 0\n");
    let asked = std::fs::read_to_string(home.path().join("asked")).expect("it was asked");
    assert_eq!(asked, "run localhost/a:o\n");
}

fn output_of(command: &mut Command) -> std::process::Output {
    command.output().expect("bash can be started")
}
