//! Keeps the shape of `src/` as ARCHITECTURE.md draws it.
//!
//! Reads the source text: comments and literals are blanked first, so only code counts. Rules:
//!
//! * imports point one way: `cli, api -> compose, kube -> build -> engine -> image, overlay, runtime, network -> store
//!   -> sys`; folders of one rank never import one another;
//! * `unsafe` appears in `src/sys/` only;
//! * only `src/cli/` prints;
//! * no unfinished code (`todo!`, `unimplemented!`, `dbg!`), no folder or file named `utils`, `common`, `misc`, `helpers`;
//! * every file opens with module documentation and is at most 700 lines long, tables excepted.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, top first. Folders of one rank may not import one another.
const RANKS: &[&[&str]] = &[
    &["cli", "api"],
    &["compose", "kube"],
    &["build"],
    &["engine"],
    &["image", "overlay", "runtime", "network"],
    &["store"],
    &["sys"],
];

/// Longest file allowed; STYLE aims at less than half of it.
const MAX_LINES: usize = 700;

/// Files that are one long table (flags, system calls, capabilities), and so may be longer.
const TABLES: &[&str] = &["src/cli/options.rs", "src/runtime/seccomp_table.rs", "src/runtime/seccomp/table.rs"];

/// One source file.
struct Source {
    /// Path from the package root, with `/`.
    name: String,
    /// As written.
    text: String,
    /// Comments and the contents of literals replaced by spaces; line numbers are kept.
    code: String,
}

impl Source {
    /// The top folder of `src/` this file belongs to; `lib.rs` and `main.rs` have none.
    fn folder(&self) -> Option<&str> {
        let inside = self.name.strip_prefix("src/")?;
        let (first, rest) = inside.split_once('/').unwrap_or((inside, ""));
        let first = first.strip_suffix(".rs").unwrap_or(first);
        (!rest.is_empty() || rank(first).is_some()).then_some(first)
    }

    fn line_of(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }
}

fn rank(folder: &str) -> Option<usize> {
    RANKS.iter().position(|names| names.contains(&folder))
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut waiting = vec![root.join("src")];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).expect("src is readable") {
            let path: PathBuf = entry.expect("src is readable").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no source file found");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file is UTF-8");
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
        Source { name, code: blank(&text), text }
    };
    files.into_iter().map(read).collect()
}

/// Replaces comments and the contents of string and character literals by spaces, byte for byte.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let find = |needle: &[u8], from: usize| {
        rest[from.min(rest.len())..]
            .windows(needle.len())
            .position(|window| window == needle)
            .map_or(bytes.len(), |found| at + from + found + needle.len())
    };
    let after_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => find(b"\n", 2).min(bytes.len()),
        [b'/', b'*', ..] => block_comment_end(bytes, at),
        [b'r', b'"' | b'#', ..] if !after_word || bytes[at - 1] == b'b' || bytes[at - 1] == b'c' => {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                return at;
            }
            let mut close = vec![b'"'];
            close.resize(1 + hashes, b'#');
            find(&close, 2 + hashes)
        }
        [b'"', ..] => quoted_end(bytes, at, b'"'),
        [b'\'', b'\\', ..] => quoted_end(bytes, at, b'\''),
        [b'\'', ..] => {
            // A character literal holds one character; anything else is a lifetime or a label.
            let length = match rest.get(1) {
                Some(first) if *first < 0x80 => 1,
                Some(first) if *first >= 0xf0 => 4,
                Some(first) if *first >= 0xe0 => 3,
                _ => 2,
            };
            if rest.get(1 + length) == Some(&b'\'') { at + 2 + length } else { at }
        }
        _ => at,
    }
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut next) = (1usize, at + 2);
    while next < bytes.len() && depth > 0 {
        match &bytes[next..] {
            [b'/', b'*', ..] => (depth, next) = (depth + 1, next + 2),
            [b'*', b'/', ..] => (depth, next) = (depth - 1, next + 2),
            _ => next += 1,
        }
    }
    next.min(bytes.len())
}

fn quoted_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut next = at + 1;
    while next < bytes.len() && bytes[next] != quote {
        next += if bytes[next] == b'\\' { 2 } else { 1 };
    }
    (next + 1).min(bytes.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Offsets at which `needle` stands as a whole word.
fn words<'a>(code: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    let before = move |at: usize| at == 0 || !is_word(bytes[at - 1]);
    let after = move |at: usize| bytes.get(at + needle.len()).is_none_or(|byte| !is_word(*byte));
    code.match_indices(needle).map(|(at, _)| at).filter(move |at| before(*at) && after(*at))
}

/// The identifier at the start of `code`.
fn leading_word(code: &str) -> &str {
    let code = code.trim_start();
    &code[..code.bytes().position(|byte| !is_word(byte)).unwrap_or(code.len())]
}

/// First words of the paths that follow `prefix::`, whether one path or a `{...}` group.
fn first_words(code: &str) -> Vec<&str> {
    let Some(group) = code.trim_start().strip_prefix('{') else { return vec![leading_word(code)] };
    let (mut depth, mut start, mut found) = (0i32, 0usize, Vec::new());
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b',' if depth == 0 => {
                found.push(leading_word(&group[start..at]));
                start = at + 1;
            }
            b'}' if depth == 0 => {
                found.push(leading_word(&group[start..at]));
                break;
            }
            b'}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// `(line, layer)` of every path from the crate's root in this file.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(&source.code, "crate") {
        let Some(rest) = source.code[at + "crate".len()..].trim_start().strip_prefix("::") else { continue };
        found.extend(first_words(rest).into_iter().map(|word| (source.line_of(at), word.to_owned())));
    }
    for at in words(&source.code, "super") {
        if source.code[..at].trim_end().ends_with("::") {
            continue;
        }
        let mut rest = &source.code[at..];
        while let Some(next) = rest.strip_prefix("super").and_then(|next| next.trim_start().strip_prefix("::")) {
            rest = next.trim_start();
        }
        let own = |word: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source.folder().unwrap_or(""));
            folder.join(format!("{word}.rs")).exists() || folder.join(word).exists()
        };
        let layers = first_words(rest).into_iter().filter(|word| rank(word).is_some() && !own(word));
        found.extend(layers.map(|word| (source.line_of(at), word.to_owned())));
    }
    found
}

fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn imports_point_one_way() {
    let mut complaints = Vec::new();
    for source in sources() {
        let Some((folder, own)) = source.folder().and_then(|folder| Some((folder, rank(folder)?))) else { continue };
        for (line, target) in imports(&source) {
            match rank(&target) {
                Some(other) if target != folder && other <= own => {
                    complaints.push(format!("{}:{line}: {folder} may not import {target}", source.name));
                }
                _ => {}
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn every_top_folder_has_a_layer() {
    let strangers = sources().into_iter().filter(|source| source.folder().is_some_and(|name| rank(name).is_none()));
    assert_none(strangers.map(|source| format!("{}: its folder is in no layer", source.name)).collect());
}

#[test]
fn unsafe_code_is_in_sys_only() {
    let mut complaints = Vec::new();
    for source in sources().into_iter().filter(|source| source.folder() != Some("sys")) {
        let keyword = words(&source.code, "unsafe").map(|at| (at, "unsafe code"));
        let opened = words(&source.code, "unsafe_code").map(|at| (at, "lint unsafe_code changed"));
        for (at, what) in keyword.chain(opened) {
            complaints.push(format!("{}:{}: {what} outside src/sys", source.name, source.line_of(at)));
        }
    }
    assert_none(complaints);
}

#[test]
fn only_the_command_line_prints() {
    let mut complaints = Vec::new();
    for source in sources().into_iter().filter(|source| source.folder() != Some("cli")) {
        for name in ["println!", "print!", "eprintln!", "eprint!"] {
            for (at, _) in source.code.match_indices(name).filter(|(at, _)| !is_word(source.code.as_bytes()[at - 1])) {
                complaints.push(format!("{}:{}: {name} outside src/cli", source.name, source.line_of(at)));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn nothing_is_unfinished() {
    let mut complaints = Vec::new();
    for source in sources() {
        for name in ["todo!", "unimplemented!", "dbg!"] {
            for (at, _) in source.code.match_indices(name) {
                complaints.push(format!("{}:{}: {name}", source.name, source.line_of(at)));
            }
        }
        for (index, line) in source.text.lines().enumerate() {
            if ["TODO", "FIXME", "XXX"].iter().any(|mark| words(line, mark).next().is_some()) {
                complaints.push(format!("{}:{}: {}", source.name, index + 1, line.trim()));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn files_are_short() {
    let long = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > MAX_LINES && !TABLES.contains(&source.name.as_str()))
            .then(|| format!("{}: {lines} lines, more than {MAX_LINES}", source.name))
    };
    assert_none(sources().iter().filter_map(long).collect());
}

#[test]
fn files_open_with_documentation() {
    let bare = |source: &Source| {
        let first = source.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
        // A test module beside its file is described by that file.
        let tests = source.name.ends_with("/tests.rs") || source.name.contains("/tests/");
        (!tests && !first.is_some_and(|line| line.starts_with("//!")))
            .then(|| format!("{}: does not open with module documentation", source.name))
    };
    assert_none(sources().iter().filter_map(bare).collect());
}

#[test]
fn names_say_something() {
    let vague = ["utils", "util", "common", "misc", "helpers", "helper"];
    let bad = |source: &Source| {
        let part = source.name.split('/').find(|part| vague.contains(&part.trim_end_matches(".rs")))?;
        Some(format!("{}: {part} says nothing", source.name))
    };
    assert_none(sources().iter().filter_map(bad).collect());
}

#[test]
fn the_reader_sees_what_it_should() {
    let text = "use crate::{engine::{a, b}, store::x};\n// crate::cli\nlet s = \"crate::cli \\\" unsafe\";\n\
                let r = r#\"crate::api\"#; let c = '\"'; let l: &'a str = crate::sys::y; /* crate::build */ use super::super::image::z;";
    let source = Source { name: "src/runtime/deep/file.rs".to_owned(), code: blank(text), text: text.to_owned() };
    let found: Vec<String> = imports(&source).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(found, ["1 engine", "1 store", "4 sys", "4 image"]);
    assert_eq!(words(&source.code, "unsafe").count(), 0);
    assert_eq!(source.code.len(), source.text.len());
}
