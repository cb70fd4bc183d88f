//! The functions a template can call: Go's own and those podman and docker add.
//!
//! Each takes its evaluated arguments and returns a value, or the reason Go gives. `and` and `or` are known here and
//! evaluated in `execute`, because they stop at the first argument that decides.

use super::print::{self, Output};
use super::value::Item;
use std::cmp::Ordering;

/// The most bytes one function may return; also the limit of a whole rendering.
pub(super) const MAXIMUM_OUTPUT_BYTES: usize = 64 << 20;

/// A function's entry in the table.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// Fewest arguments.
    pub(super) least: usize,
    /// Most arguments; `None` for any number.
    pub(super) most: Option<usize>,
    /// What it does.
    pub(super) body: Body,
    /// In a table's header line: which argument stands for the result (`None`: the function runs as always).
    pub(super) header: Option<usize>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// How a function is evaluated.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// `and`.
    And,
    /// `or`.
    Or,
    /// `printf`, which a header line treats specially.
    Printf,
    /// Any other.
    Plain(for<'a> fn(&[Item<'a>]) -> Result<Item<'a>, Fault>),
}

/// Why a function failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The function itself: `error calling NAME: ...`.
    Call(String),
    /// One argument has the wrong type.
    Argument(usize, String),
}

const fn plain(
    name: &'static str,
    least: usize,
    most: Option<usize>,
    header: Option<usize>,
    body: for<'a> fn(&[Item<'a>]) -> Result<Item<'a>, Fault>,
) -> Function {
    Function { name, least, most, body: Body::Plain(body), header }
}

static FUNCTIONS: [Function; 29] = [
    Function { name: "and", least: 1, most: None, body: Body::And, header: None },
    Function { name: "or", least: 1, most: None, body: Body::Or, header: None },
    Function { name: "printf", least: 1, most: None, body: Body::Printf, header: None },
    plain("call", 1, None, None, call),
    plain("eq", 1, None, None, equal),
    plain("ge", 2, Some(2), None, |items| compare(items, |order| order != Ordering::Less)),
    plain("gt", 2, Some(2), None, |items| compare(items, |order| order == Ordering::Greater)),
    plain("html", 0, None, Some(0), |items| escaped(items, html)),
    plain("index", 1, None, Some(0), index),
    plain("join", 2, Some(2), Some(0), join),
    plain("js", 0, None, Some(0), |items| escaped(items, js)),
    plain("json", 0, Some(1), Some(0), json),
    plain("le", 2, Some(2), None, |items| compare(items, |order| order != Ordering::Greater)),
    plain("len", 1, Some(1), Some(0), length),
    plain("lower", 1, Some(1), Some(0), |items| Ok(Item::made(string(items, 0)?.to_lowercase()))),
    plain("lt", 2, Some(2), None, |items| compare(items, |order| order == Ordering::Less)),
    plain("ne", 2, Some(2), None, |items| Ok(Item::Bool(!same(&items[0], &items[1])?))),
    plain("not", 1, Some(1), None, |items| Ok(Item::Bool(!items[0].is_true()))),
    plain("pad", 3, Some(3), None, pad),
    plain("print", 0, None, None, |items| collected(|output| print::sprint(items, output))),
    plain("println", 0, None, None, |items| collected(|output| print::sprintln(items, output))),
    plain("slice", 1, Some(4), Some(0), slice),
    plain("split", 2, Some(2), Some(0), split),
    plain("title", 1, Some(1), Some(0), |items| Ok(Item::made(title(string(items, 0)?)))),
    plain("toLower", 1, Some(1), Some(0), |items| Ok(Item::made(string(items, 0)?.to_lowercase()))),
    plain("toUpper", 1, Some(1), Some(0), |items| Ok(Item::made(string(items, 0)?.to_uppercase()))),
    plain("truncate", 2, Some(2), Some(0), truncate),
    plain("upper", 1, Some(1), Some(0), |items| Ok(Item::made(string(items, 0)?.to_uppercase()))),
    plain("urlquery", 0, None, Some(0), |items| escaped(items, url_query)),
];

/// The function called `name`.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// `printf`; `header` lets text stand for values of any type.
pub(super) fn printf<'a>(items: &[Item<'a>], header: bool) -> Result<Item<'a>, Fault> {
    let format = string(items, 0)?;
    collected(|output| print::sprintf(format, &items[1..], header, output))
}

fn reason<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Call(reason.into()))
}

/// What `write` writes.
fn collected<'a>(write: impl FnOnce(&mut Output)) -> Result<Item<'a>, Fault> {
    let mut output = Output::new(MAXIMUM_OUTPUT_BYTES);
    write(&mut output);
    if output.overflowed() {
        return reason("result is larger than 64 MiB");
    }
    Ok(Item::made(output.into_text()))
}

/// `item` as Go prints it in messages about arguments.
fn shown(item: &Item<'_>) -> String {
    if let Some(text) = item.text() {
        return print::quote(text, false);
    }
    let mut output = Output::new(200);
    print::value(item, &mut output);
    output.into_text()
}

fn string<'i>(items: &'i [Item<'_>], position: usize) -> Result<&'i str, Fault> {
    match &items[position] {
        Item::Missing | Item::Nil => Err(Fault::Argument(position, "invalid value; expected string".into())),
        item => item.text().ok_or_else(|| Fault::Argument(position, format!("expected string; found {}", shown(item)))),
    }
}

fn integer(items: &[Item<'_>], position: usize) -> Result<i128, Fault> {
    match &items[position] {
        Item::Integer(value) => Ok(*value),
        Item::Duration(value) => Ok((*value).into()),
        item => Err(Fault::Argument(position, format!("expected integer; found {}", shown(item)))),
    }
}

fn call<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    match &items[0] {
        Item::Missing | Item::Nil => reason("call of nil"),
        item => reason(format!("non-function of type {}", item.type_name())),
    }
}

/// `eq a b c...`: whether `a` equals any of the others.
fn equal<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    if items.len() < 2 {
        return reason("missing argument for comparison");
    }
    for other in &items[1..] {
        if same(&items[0], other)? {
            return Ok(Item::Bool(true));
        }
    }
    Ok(Item::Bool(false))
}

/// Whether two values are equal; values of different basic types cannot be compared. Lists and objects, which Go
/// cannot compare, are equal when their contents are.
fn same(left: &Item<'_>, right: &Item<'_>) -> Result<bool, Fault> {
    match (left, right) {
        (Item::Missing | Item::Nil, other) | (other, Item::Missing | Item::Nil) => {
            Ok(matches!(other, Item::Missing | Item::Nil))
        }
        (Item::Bool(left), Item::Bool(right)) => Ok(left == right),
        (left, right) if left.integer().is_some() && right.integer().is_some() => Ok(left.integer() == right.integer()),
        (Item::Float(left), Item::Float(right)) => Ok(left == right),
        (Item::Object(left, _), Item::Object(right, _)) => Ok(left == right),
        _ => match (left.text(), right.text(), left.list_length(), right.list_length()) {
            (Some(left), Some(right), ..) => Ok(left == right),
            (.., Some(_), Some(_)) => Ok(left.to_json() == right.to_json()),
            _ => reason("incompatible types for comparison"),
        },
    }
}

fn compare<'a>(items: &[Item<'a>], wanted: fn(Ordering) -> bool) -> Result<Item<'a>, Fault> {
    let order = match (&items[0], &items[1]) {
        (left, right) if left.integer().is_some() && right.integer().is_some() => {
            Some(left.integer().cmp(&right.integer()))
        }
        (Item::Float(left), Item::Float(right)) => return Ok(Item::Bool(left.partial_cmp(right).is_some_and(wanted))),
        (Item::Bool(_), Item::Bool(_)) => return reason("invalid type for comparison"),
        (left, right) => left.text().zip(right.text()).map(|(left, right)| left.cmp(right)),
    };
    match order {
        Some(order) => Ok(Item::Bool(wanted(order))),
        None => reason("incompatible types for comparison"),
    }
}

fn index<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let mut item = items[0].clone();
    if matches!(item, Item::Missing | Item::Nil) {
        return reason("index of untyped nil");
    }
    for key in &items[1..] {
        item = index_one(&item, key)?;
    }
    Ok(item)
}

fn index_one<'a>(item: &Item<'a>, key: &Item<'a>) -> Result<Item<'a>, Fault> {
    if let Item::Object(map, _) = item {
        let Some(name) = key.text() else {
            return reason(format!("value has type {}; should be string", key.type_name()));
        };
        return Ok(match map.get(name) {
            Some(value) => Item::of(value, name),
            // Go's zero value of the map's element type: most maps of podman and docker hold text.
            None if map.values().all(serde_json::Value::is_string) => Item::Text(""),
            None => Item::Nil,
        });
    }
    let length = match (item.list_length(), item.text(), item) {
        (Some(length), ..) => length,
        (None, Some(text), _) => text.len(),
        (.., Item::Missing | Item::Nil) => return reason("index of nil pointer"),
        _ => return reason(format!("can't index item of type {}", item.type_name())),
    };
    let Item::Integer(position) = key else {
        return reason(format!("cannot index slice/array with type {}", key.type_name()));
    };
    let Some(place) = usize::try_from(*position).ok().filter(|place| *place < length) else {
        return reason(format!("index out of range: {position}"));
    };
    Ok(match item.text() {
        Some(text) => Item::Integer(text.as_bytes()[place].into()),
        None => item.element(place).unwrap_or(Item::Nil),
    })
}

fn slice<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let item = &items[0];
    let length = match (item.list_length(), item.text(), item) {
        (Some(length), ..) => length,
        (None, Some(text), _) if items.len() <= 3 => text.len(),
        (None, Some(_), _) => return reason("cannot 3-index slice a string"),
        (.., Item::Missing | Item::Nil) => return reason("slice of untyped nil"),
        _ => return reason(format!("can't slice item of type {}", item.type_name())),
    };
    let mut bounds = [0, length, length];
    for (bound, key) in bounds.iter_mut().zip(&items[1..]) {
        let Item::Integer(position) = key else {
            return reason(format!("cannot index slice/array with type {}", key.type_name()));
        };
        match usize::try_from(*position).ok().filter(|place| *place <= length) {
            Some(place) => *bound = place,
            None => return reason(format!("index out of range: {position}")),
        }
    }
    let [start, end, capacity] = bounds;
    if start > end || end > capacity {
        return reason(format!("invalid slice index: {start} > {end}"));
    }
    Ok(match item {
        Item::Array(array) => Item::Array(&array[start..end]),
        Item::List(list) => Item::List(list[start..end].into()),
        // Go cuts bytes; a cut inside a character leaves a replacement character here.
        _ => Item::made(String::from_utf8_lossy(&item.text().unwrap_or_default().as_bytes()[start..end])),
    })
}

fn length<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let item = &items[0];
    let length = match item {
        Item::Object(map, _) => Some(map.len()),
        _ => item.list_length().or_else(|| item.text().map(str::len)),
    };
    match (length, item) {
        (Some(length), _) => Ok(Item::Integer(i128::try_from(length).unwrap_or(i128::MAX))),
        (None, Item::Nil) => reason("len of nil pointer"),
        (None, Item::Missing) => reason("len of untyped nil"),
        _ => reason(format!("len of type {}", item.type_name())),
    }
}

fn json<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let text = match items.first() {
        Some(Item::Array(array)) => serde_json::to_string(array),
        Some(Item::Object(map, _)) => serde_json::to_string(map),
        Some(item) => serde_json::to_string(&item.to_json()),
        None => Ok("null".into()),
    };
    text.map(Item::made).or_else(|error| reason(error.to_string()))
}

fn join<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let separator = string(items, 1)?;
    let list = &items[0];
    if list.list_length().is_none() && !matches!(list, Item::Missing | Item::Nil) {
        return Err(Fault::Argument(0, format!("can't handle {} for arg of type []string", shown(list))));
    }
    collected(|output| {
        for (position, element) in list.elements().enumerate() {
            if position > 0 {
                output.push(separator);
            }
            print::value(&element, output);
        }
    })
}

fn split<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let (text, separator) = (string(items, 0)?, string(items, 1)?);
    let parts: Vec<Item<'a>> = if separator.is_empty() {
        text.chars().map(|character| Item::made(character.to_string())).collect()
    } else {
        text.split(separator).map(Item::made).collect()
    };
    Ok(Item::List(parts.into()))
}

fn pad<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let text = string(items, 0)?;
    let (before, after) = (integer(items, 1)?, integer(items, 2)?);
    if text.is_empty() {
        return Ok(Item::Text(""));
    }
    let limit = i128::try_from(MAXIMUM_OUTPUT_BYTES / 4).unwrap_or(0);
    if before > limit || after > limit {
        return reason("result is larger than 64 MiB");
    }
    let blanks = |count: i128| " ".repeat(usize::try_from(count).unwrap_or(0));
    Ok(Item::made(format!("{}{text}{}", blanks(before), blanks(after))))
}

fn truncate<'a>(items: &[Item<'a>]) -> Result<Item<'a>, Fault> {
    let text = string(items, 0)?;
    let length = usize::try_from(integer(items, 1)?).unwrap_or(0);
    Ok(Item::made(start_of(text, length)))
}

/// At most the first `length` bytes, cut before a character that does not fit.
pub(super) fn start_of(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The first letter of every word raised, the others left.
fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut inside_word = false;
    for character in text.chars() {
        if inside_word {
            titled.push(character);
        } else {
            titled.extend(character.to_uppercase());
        }
        inside_word = if character.is_ascii() {
            character.is_ascii_alphanumeric() || character == '_'
        } else {
            !character.is_whitespace()
        };
    }
    titled
}

/// The arguments printed as one text, then `escape`d.
fn escaped<'a>(items: &[Item<'a>], escape: fn(&str, &mut Output)) -> Result<Item<'a>, Fault> {
    let mut printed = Output::new(MAXIMUM_OUTPUT_BYTES);
    print::sprint(items, &mut printed);
    collected(|output| escape(&printed.into_text(), output))
}

fn html(text: &str, output: &mut Output) {
    let mut buffer = [0; 4];
    for character in text.chars() {
        output.push(match character {
            '\0' => "\u{fffd}",
            '"' => "&#34;",
            '\'' => "&#39;",
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => character.encode_utf8(&mut buffer),
        });
    }
}

fn js(text: &str, output: &mut Output) {
    let mut buffer = [0; 4];
    for character in text.chars() {
        match character {
            '\\' => output.push("\\\\"),
            '\'' => output.push("\\'"),
            '"' => output.push("\\\""),
            '<' | '>' | '&' | '=' => output.push(&format!("\\u{:04X}", u32::from(character))),
            _ if character.is_control() => output.push(&format!("\\u{:04X}", u32::from(character))),
            _ => output.push(character.encode_utf8(&mut buffer)),
        }
    }
}

fn url_query(text: &str, output: &mut Output) {
    let mut buffer = [0; 4];
    for character in text.chars() {
        match character {
            ' ' => output.push("+"),
            '-' | '_' | '.' | '~' => output.push(character.encode_utf8(&mut buffer)),
            _ if character.is_ascii_alphanumeric() => output.push(character.encode_utf8(&mut buffer)),
            _ => {
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    output.push(&format!("%{byte:02X}"));
                }
            }
        }
    }
}
