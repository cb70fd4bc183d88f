//! The question before something is destroyed.

use super::{Failure, print};
use std::io::BufRead;

/// Prints `warning` and asks; anything but `y` or `yes` is no, and so is the end of input.
///
/// # Errors
/// Standard input cannot be read or standard output not written.
pub(crate) fn confirm(warning: &str) -> Result<bool, Failure> {
    print(&format!("{warning}\nAre you sure you want to continue? [y/N] "))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(Failure::Input)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        let cases = [("y\n", true), ("YES\n", true), ("\n", false), ("", false), ("n", false), ("yep", false)];
        for (answer, expected) in cases {
            assert_eq!(is_yes(answer), expected, "{answer:?}");
        }
    }
}
