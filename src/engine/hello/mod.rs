//! What the built-in image `hello` prints: a greeting, and what its container really is.
//!
//! It runs as the container's process and reads /proc like any program; so it shows what a program of an image gets,
//! and makes a good first page of a bug report. What cannot be seen from inside (which storage driver, why, which
//! layers) the runtime tells in the environment variable [`TOLD`]; that is marked as told, not seen.
//!
//! One screen of 80 columns. `process`, `root` and `network` collect the lines; nothing here fails: what cannot be read is
//! said to be unreadable.

mod network;
mod process;
mod root;

use serde::{Deserialize, Serialize};

/// The environment variable with which the runtime tells what cannot be seen: [`Told`] as JSON.
pub const TOLD: &str = "CORACLE_HELLO";

/// Columns of the page.
const WIDTH: usize = 80;

/// Columns of the labels.
const LABEL_WIDTH: usize = 15;

/// What the runtime tells. Fields that are absent are not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The storage driver, e.g. `fuse+overlay`.
    pub driver: String,
    /// Why this driver and no better one; empty when it is the best.
    pub reason: String,
    /// Diff IDs of the image's layers, lowest first.
    pub layers: Vec<String>,
    /// The image's name.
    pub image: String,
}

/// The whole page, ending with a newline.
pub fn report() -> String {
    let told = std::env::var(TOLD).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut page = Page::default();
    page.text.push_str(&format!("Hello from coracle {}!\n", env!("CARGO_PKG_VERSION")));
    page.text.push_str("This page was printed inside a container of your own: no daemon, no root needed.\n\n");
    process::describe(&mut page);
    root::describe(&mut page);
    network::describe(&mut page);
    root::describe_told(&told, &mut page);
    page.text.push_str("\nWhat to try next:\n");
    for (command, meaning) in NEXT {
        page.text.push_str(&format!("  {command:27}  {meaning}\n"));
    }
    page.text
}

const NEXT: [(&str, &str); 3] = [
    ("coracle run --rm -it host", "this machine's programs in a disposable copy"),
    ("coracle run --rm -it debian", "an image from a registry"),
    ("coracle doctor", "what this machine could do better"),
];

/// Labelled lines, wrapped.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    /// Adds `value` under `label`; words that do not fit go to the next line, below the first.
    fn line(&mut self, label: &str, value: &str) {
        let mut line = format!("{label:LABEL_WIDTH$}");
        let mut is_empty = true;
        for word in value.split_whitespace() {
            let word: String = word.chars().flat_map(printable).collect();
            if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.text.push_str(&line);
                self.text.push('\n');
                line = " ".repeat(LABEL_WIDTH);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(&word);
            is_empty = false;
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// Control characters escaped: names on this page come from images.
fn printable(character: char) -> impl Iterator<Item = char> {
    let escape = character.is_control().then(|| character.escape_default());
    let plain = escape.is_none().then_some(character);
    escape.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_wrapped_below_their_start() {
        let mut page = Page::default();
        page.line("label", &"word ".repeat(20));
        let lines: Vec<&str> = page.text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[1].starts_with("               word"));
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut page = Page::default();
        page.line("a", "b\u{1b}[31m");
        assert_eq!(page.text, "a              b\\u{1b}[31m\n");
    }

    #[test]
    fn the_page_fits_one_screen_and_says_what_to_try() {
        let page = report();
        assert!(page.starts_with("Hello from coracle "));
        assert!(page.lines().count() <= 36, "{page}");
        assert!(page.contains("coracle run --rm -it host") && page.contains("coracle doctor"));
    }

    #[test]
    fn what_is_told_may_be_partial() {
        let told: Told = serde_json::from_str(r#"{"driver":"copy","other":1}"#).expect("JSON");
        assert_eq!(told, Told { driver: "copy".into(), ..Told::default() });
    }
}
