//! Patterns of names in `--filter`: regular expressions, as podman and docker read them.
//!
//! What is there: `.`, `[...]`, `\d \w \s` and their opposites, `( )`, `|`, `*`, `+`, `?`, `{n,m}` up to a small count, `^`
//! and `$`. A pattern is compiled to a list of steps, and all places a match can be at are followed at once (Thompson's
//! construction), so the time is bounded by the lengths of pattern and name whatever the pattern is. A text that is no
//! expression is itself.

use std::iter::Peekable;
use std::str::Chars;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    /// One character of a set; the flag turns the set round.
    Set(Vec<(char, char)>, bool),
    Start,
    End,
    /// Go on at both, by distance.
    Split(isize, isize),
    Jump(isize),
    Found,
}

/// Longest pattern in characters, greatest count in braces, deepest nesting and most steps: nobody filters by more.
const LONGEST: usize = 1024;
const LARGEST_COUNT: usize = 255;
const DEEPEST: usize = 32;
const MOST_STEPS: usize = 10_000;

const DIGITS: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const SPACE: &[(char, char)] = &[('\t', '\r'), (' ', ' ')];

impl Pattern {
    /// Reads a pattern; every text is one.
    pub(crate) fn new(text: &str) -> Pattern {
        let mut parser = Parser { rest: text.chars().peekable(), depth: 0 };
        let parsed = if text.len() <= LONGEST { parser.alternatives() } else { None };
        let mut steps = match parsed {
            Some(steps) if parser.rest.next().is_none() => steps,
            _ => text.chars().map(|character| Step::Set(vec![(character, character)], true)).collect(),
        };
        steps.push(Step::Found);
        Pattern { steps }
    }

    /// Whether `name` has the pattern in it.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut places: Vec<usize> = Vec::new();
        let mut characters = name.chars();
        let mut is_start = true;
        loop {
            let next = characters.next();
            let mut now = Vec::new();
            let mut seen = vec![false; self.steps.len()];
            // A match may begin anywhere.
            places.push(0);
            for place in places.drain(..) {
                if self.follow(place, (is_start, next.is_none()), &mut seen, &mut now) {
                    return true;
                }
            }
            let Some(character) = next else { return false };
            is_start = false;
            places.extend(now.into_iter().filter(|place| self.takes(*place, character)).map(|place| place + 1));
        }
    }

    /// Adds to `now` the places that wait for a character; `true` when the pattern is found.
    fn follow(&self, from: usize, ends: (bool, bool), seen: &mut [bool], now: &mut Vec<usize>) -> bool {
        let mut open = vec![from];
        while let Some(place) = open.pop() {
            let Some(step) = self.steps.get(place).filter(|_| !std::mem::replace(&mut seen[place], true)) else {
                continue;
            };
            let at = |distance: isize| place.saturating_add_signed(distance);
            match step {
                Step::Set(..) => now.push(place),
                Step::Start if ends.0 => open.push(place + 1),
                Step::End if ends.1 => open.push(place + 1),
                Step::Start | Step::End => {}
                Step::Split(one, other) => open.extend([at(*one), at(*other)]),
                Step::Jump(distance) => open.push(at(*distance)),
                Step::Found => return true,
            }
        }
        false
    }

    fn takes(&self, place: usize, character: char) -> bool {
        match &self.steps[place] {
            Step::Set(ranges, wanted) => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) == *wanted
            }
            _ => false,
        }
    }
}

/// A recursive descent; `None` is a text that is no expression.
struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Option<Vec<Step>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut steps = self.sequence()?;
        while self.rest.next_if_eq(&'|').is_some() {
            let other = self.sequence()?;
            let mut both = vec![Step::Split(1, steps.len() as isize + 2)];
            both.append(&mut steps);
            both.push(Step::Jump(other.len() as isize + 1));
            both.extend(other);
            steps = bounded(both)?;
        }
        self.depth -= 1;
        Some(steps)
    }

    fn sequence(&mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        while let Some(character) = self.rest.next_if(|next| !matches!(next, '|' | ')')) {
            let one = self.one(character)?;
            steps.extend(self.repeated(one)?);
            steps = bounded(steps)?;
        }
        Some(steps)
    }

    fn one(&mut self, character: char) -> Option<Vec<Step>> {
        Some(vec![match character {
            '.' => Step::Set(vec![('\n', '\n')], false),
            '^' => Step::Start,
            '$' => Step::End,
            '[' => self.set()?,
            '\\' => {
                let (ranges, wanted) = escaped(self.rest.next()?)?;
                Step::Set(ranges, wanted)
            }
            '(' => {
                if self.rest.next_if_eq(&'?').is_some() {
                    self.rest.next_if_eq(&':')?;
                }
                let inner = self.alternatives()?;
                self.rest.next_if_eq(&')')?;
                return Some(inner);
            }
            '*' | '+' | '?' => return None,
            other => Step::Set(vec![(other, other)], true),
        }])
    }

    fn repeated(&mut self, one: Vec<Step>) -> Option<Vec<Step>> {
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.rest.next();
                let counts = self.counts()?;
                return repeat(&one, counts.0, counts.1);
            }
            _ => return Some(one),
        };
        self.rest.next();
        // Which of several matches is taken does not matter here.
        self.rest.next_if_eq(&'?');
        repeat(&one, least, most)
    }

    /// `2}`, `2,}`, `2,3}`.
    fn counts(&mut self) -> Option<(usize, Option<usize>)> {
        let least = self.number()?;
        let most = match self.rest.next_if_eq(&',') {
            None => Some(least),
            Some(_) if self.rest.peek() == Some(&'}') => None,
            Some(_) => Some(self.number()?),
        };
        self.rest.next_if_eq(&'}')?;
        most.is_none_or(|most| most >= least).then_some((least, most))
    }

    fn number(&mut self) -> Option<usize> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().ok().filter(|number| *number <= LARGEST_COUNT)
    }

    /// What follows `[`.
    fn set(&mut self) -> Option<Step> {
        let wanted = self.rest.next_if_eq(&'^').is_none();
        let mut ranges = Vec::new();
        loop {
            let first = match self.rest.next()? {
                ']' if !ranges.is_empty() => return Some(Step::Set(ranges, wanted)),
                '\\' => match escaped(self.rest.next()?)? {
                    (one, true) if one.len() == 1 && one[0].0 == one[0].1 => one[0].0,
                    (several, true) => {
                        ranges.extend(several);
                        continue;
                    }
                    (_, false) => return None,
                },
                character => character,
            };
            let last = match self.rest.next_if_eq(&'-') {
                Some(_) if self.rest.peek() == Some(&']') => {
                    ranges.push(('-', '-'));
                    first
                }
                Some(_) => self.rest.next()?,
                None => first,
            };
            ranges.push((first, last));
        }
    }
}

/// The set that follows a backslash, and whether it is meant or its opposite.
fn escaped(character: char) -> Option<(Vec<(char, char)>, bool)> {
    let class = match character.to_ascii_lowercase() {
        'd' => DIGITS,
        'w' => WORD,
        's' => SPACE,
        _ if character.is_ascii_alphanumeric() => return None,
        _ => return Some((vec![(character, character)], true)),
    };
    Some((class.to_vec(), character.is_ascii_lowercase()))
}

fn repeat(one: &[Step], least: usize, most: Option<usize>) -> Option<Vec<Step>> {
    let length = one.len() as isize;
    let mut steps = Vec::new();
    for _ in 0..least {
        steps.extend_from_slice(one);
        steps = bounded(steps)?;
    }
    match most {
        None => {
            steps.push(Step::Split(1, length + 2));
            steps.extend_from_slice(one);
            steps.push(Step::Jump(-length - 1));
        }
        Some(most) => {
            for _ in least..most {
                steps.push(Step::Split(1, length + 1));
                steps.extend_from_slice(one);
                steps = bounded(steps)?;
            }
        }
    }
    bounded(steps)
}

fn bounded(steps: Vec<Step>) -> Option<Vec<Step>> {
    (steps.len() <= MOST_STEPS).then_some(steps)
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
