//! Finding what a user names: by its name, its ID or the beginning of that.

/// What came of it.
pub(super) enum Choice<T> {
    /// The one that has this name or ID, or alone an ID that begins so.
    One(T),
    /// Nothing.
    None,
    /// The IDs of several begin so.
    Several,
}

/// Chooses among `all`, of which `names` gives name and ID.
pub(super) fn choose<T>(all: Vec<T>, wanted: &str, names: impl Fn(&T) -> [&str; 2]) -> Choice<T> {
    let (mut exact, others): (Vec<T>, Vec<T>) = all.into_iter().partition(|one| names(one).contains(&wanted));
    if !exact.is_empty() {
        return Choice::One(exact.swap_remove(0));
    }
    let mut matches = others.into_iter().filter(|one| !wanted.is_empty() && names(one)[1].starts_with(wanted));
    match (matches.next(), matches.next()) {
        (Some(first), None) => Choice::One(first),
        (None, _) => Choice::None,
        (Some(_), Some(_)) => Choice::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_before_an_id_that_begins_so() {
        let all = || vec![("d", "aa1"), ("boat", "dd2"), ("aa", "aa3")];
        let chosen = |wanted: &str| match choose(all(), wanted, |one| [one.0, one.1]) {
            Choice::One(found) => found.1,
            Choice::None => "none",
            Choice::Several => "several",
        };
        for (wanted, expected) in
            [("d", "aa1"), ("dd", "dd2"), ("dd2", "dd2"), ("aa", "aa3"), ("a", "several"), ("", "none"), ("x", "none")]
        {
            assert_eq!(chosen(wanted), expected, "{wanted:?}");
        }
    }
}
