//! Prints values the way Go's `fmt` does: `Print`, `Println`, `Printf`.
//!
//! Follows the package documentation of `fmt`: verbs, flags, width, precision, argument indexes, and the notes it leaves
//! in the output for mistakes (`%!d(string=x)`, `%!s(MISSING)`). Nothing here fails; output that would grow beyond its
//! limit is cut off and says so in [`Output::overflowed`].

use super::value::{Item, Shape, ordered_fields, printed_time};
use crate::cli::output::human::go_duration;
use std::fmt::Write as _;
use std::time::Duration;

/// Go takes no width or precision beyond this.
const MAXIMUM_WIDTH: usize = 1_000_000;

/// Text with a limit of bytes.
#[derive(Debug)]
pub(super) struct Output {
    text: String,
    limit: usize,
    overflowed: bool,
}

impl Output {
    pub(super) fn new(limit: usize) -> Self {
        Output { text: String::new(), limit, overflowed: false }
    }

    pub(super) fn push(&mut self, text: &str) {
        if self.overflowed || text.len() > self.limit - self.text.len() {
            self.overflowed = true;
        } else {
            self.text.push_str(text);
        }
    }

    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn repeat(&mut self, text: &str, count: usize) {
        for _ in 0..count {
            if self.overflowed {
                return;
            }
            self.push(text);
        }
    }
}

/// The flags, width and precision of one `%` directive.
#[derive(Clone, Copy, Debug, Default)]
struct Directive {
    verb: char,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    /// A table's header line: text stands for values of any type.
    header: bool,
}

/// Go's `%v` of one value.
pub(super) fn value(item: &Item<'_>, output: &mut Output) {
    match item {
        Item::Missing => output.push("<no value>"),
        other => argument(&Directive { verb: 'v', ..Directive::default() }, other, output),
    }
}

/// Go's `Print`: a space between two values of which neither is text.
pub(super) fn sprint(items: &[Item<'_>], output: &mut Output) {
    let directive = Directive { verb: 'v', ..Directive::default() };
    let mut after_text = true;
    for item in items {
        let is_text = item.text().is_some();
        if !after_text && !is_text {
            output.push(" ");
        }
        argument(&directive, item, output);
        after_text = is_text;
    }
}

/// Go's `Println`: a space between any two values, a newline at the end.
pub(super) fn sprintln(items: &[Item<'_>], output: &mut Output) {
    let directive = Directive { verb: 'v', ..Directive::default() };
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            output.push(" ");
        }
        argument(&directive, item, output);
    }
    output.push("\n");
}

/// Go's `Printf`.
pub(super) fn sprintf(format: &str, items: &[Item<'_>], header: bool, output: &mut Output) {
    let mut state = Format { rest: format, items, next: 0, reordered: false, bad_index: false };
    while let Some(start) = state.rest.find('%') {
        output.push(&state.rest[..start]);
        state.rest = &state.rest[start + 1..];
        state.directive(header, output);
        if output.overflowed() {
            return;
        }
    }
    output.push(state.rest);
    if !state.reordered && state.next < items.len() {
        output.push("%!(EXTRA ");
        for (position, item) in items[state.next..].iter().enumerate() {
            if position > 0 {
                output.push(", ");
            }
            typed(item, output);
        }
        output.push(")");
    }
}

/// `int=1`, as `fmt` writes an operand it could not print.
fn typed(item: &Item<'_>, output: &mut Output) {
    if !matches!(item, Item::Missing | Item::Nil) {
        output.push(item.type_name());
        output.push("=");
    }
    argument(&Directive { verb: 'v', ..Directive::default() }, item, output);
}

/// Where `Printf` is in its format and its operands.
struct Format<'f, 'i, 'a> {
    rest: &'f str,
    items: &'i [Item<'a>],
    next: usize,
    reordered: bool,
    bad_index: bool,
}

impl Format<'_, '_, '_> {
    fn eat(&mut self, character: char) -> bool {
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn flags(&mut self, directive: &mut Directive) {
        loop {
            match self.rest.bytes().next() {
                Some(b'#') => directive.sharp = true,
                Some(b'0') => directive.zero = true,
                Some(b'+') => directive.plus = true,
                Some(b'-') => directive.minus = true,
                Some(b' ') => directive.space = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        directive.zero &= !directive.minus;
    }

    fn digits(&mut self) -> Option<usize> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then(|| digits.parse().unwrap_or(usize::MAX))
    }

    /// `[n]`: the operand to take next, counted from 1.
    fn index(&mut self) -> bool {
        if !self.rest.starts_with('[') {
            return false;
        }
        self.reordered = true;
        let Some(close) = self.rest.find(']') else {
            self.bad_index = true;
            self.rest = &self.rest[1..];
            return false;
        };
        let chosen = self.rest[1..close].parse::<usize>().ok().filter(|index| (1..=self.items.len()).contains(index));
        self.rest = &self.rest[close + 1..];
        match chosen {
            Some(index) => self.next = index - 1,
            None => self.bad_index = true,
        }
        chosen.is_some()
    }

    /// The value of `*`: an integer operand.
    fn star(&mut self) -> Option<i128> {
        let item = self.items.get(self.next);
        self.next += 1;
        match item {
            Some(Item::Integer(value)) if value.unsigned_abs() <= MAXIMUM_WIDTH as u128 => Some(*value),
            _ => None,
        }
    }

    fn width(&mut self, directive: &mut Directive, output: &mut Output) {
        if self.eat('*') {
            match self.star() {
                Some(width) => {
                    directive.minus |= width < 0;
                    directive.zero &= !directive.minus;
                    directive.width = usize::try_from(width.unsigned_abs()).unwrap_or(0);
                }
                None => output.push("%!(BADWIDTH)"),
            }
        } else if let Some(width) = self.digits() {
            directive.width = if width > MAXIMUM_WIDTH { 0 } else { width };
        }
    }

    fn precision(&mut self, directive: &mut Directive, output: &mut Output) {
        if !self.eat('.') {
            return;
        }
        let indexed = self.index();
        if self.eat('*') {
            match self.star().and_then(|value| usize::try_from(value).ok()) {
                Some(precision) => directive.precision = Some(precision),
                None => output.push("%!(BADPREC)"),
            }
        } else {
            let digits = self.digits();
            self.bad_index |= indexed && digits.is_some();
            directive.precision = Some(digits.unwrap_or(0)).filter(|precision| *precision <= MAXIMUM_WIDTH);
        }
    }

    fn directive(&mut self, header: bool, output: &mut Output) {
        let mut directive = Directive { header, ..Directive::default() };
        self.bad_index = false;
        self.flags(&mut directive);
        self.index();
        self.width(&mut directive, output);
        self.precision(&mut directive, output);
        self.index();
        let Some(verb) = self.rest.chars().next() else {
            output.push("%!(NOVERB)");
            return;
        };
        self.rest = &self.rest[verb.len_utf8()..];
        directive.verb = verb;
        if verb == '%' {
            output.push("%");
        } else if self.bad_index {
            mistake(verb, "BADINDEX", output);
        } else if let Some(item) = self.items.get(self.next) {
            self.next += 1;
            argument(&directive, item, output);
        } else {
            mistake(verb, "MISSING", output);
        }
    }
}

fn mistake(verb: char, what: &str, output: &mut Output) {
    output.push(&format!("%!{verb}({what})"));
}

fn argument(directive: &Directive, item: &Item<'_>, output: &mut Output) {
    if directive.verb == 'T' {
        return padded(directive, item.type_name(), output);
    }
    match item {
        Item::Missing | Item::Nil | Item::Headers if directive.verb == 'v' => padded(directive, "<nil>", output),
        Item::Bool(value) if matches!(directive.verb, 't' | 'v') => {
            padded(directive, if *value { "true" } else { "false" }, output);
        }
        Item::Integer(value) => integer(directive, *value, item, output),
        Item::Duration(value) if matches!(directive.verb, 'v' | 's') => {
            text(directive, &go_duration(Duration::from_nanos(value.unsigned_abs())), item, output)
        }
        Item::Duration(value) => integer(directive, (*value).into(), item, output),
        Item::Float(value) => float(directive, *value, item, output),
        Item::Time(value) => text(directive, &printed_time(value), item, output),
        Item::Text(value) => text(directive, value, item, output),
        Item::Made(value) => text(directive, value, item, output),
        Item::Array(_) | Item::List(_) => list(directive, item, output),
        Item::Object(map, Shape::Struct) if !go_syntax(directive) && ordered_fields(map).is_some() => {
            output.push("{");
            for (position, field) in ordered_fields(map).unwrap_or_default().iter().enumerate() {
                output.push(if position > 0 { " " } else { "" });
                let value = map.get(*field).map_or(Item::Text(""), |value| Item::of(value, field));
                argument(directive, &value, output);
            }
            output.push("}");
        }
        Item::Object(map, _) => {
            let (open, between, close) = if go_syntax(directive) {
                (format!("{}{{", item.type_name()), ", ", "}")
            } else {
                ("map[".into(), " ", "]")
            };
            output.push(&open);
            for (position, (key, value)) in map.iter().enumerate() {
                if position > 0 {
                    output.push(between);
                }
                argument(directive, &Item::Text(key), output);
                output.push(":");
                argument(directive, &Item::of(value, key), output);
                if output.overflowed() {
                    return;
                }
            }
            output.push(close);
        }
        _ => bad_verb(directive, item, output),
    }
}

fn list(directive: &Directive, item: &Item<'_>, output: &mut Output) {
    let syntax = go_syntax(directive);
    let open = if syntax { format!("{}{{", item.type_name()) } else { "[".into() };
    output.push(&open);
    for (position, element) in item.elements().enumerate() {
        if position > 0 {
            output.push(if syntax { ", " } else { " " });
        }
        argument(directive, &element, output);
        if output.overflowed() {
            return;
        }
    }
    output.push(if syntax { "}" } else { "]" });
}

/// `%#v`.
fn go_syntax(directive: &Directive) -> bool {
    directive.sharp && directive.verb == 'v'
}

fn bad_verb(directive: &Directive, item: &Item<'_>, output: &mut Output) {
    output.push(&format!("%!{}(", directive.verb));
    typed(item, output);
    output.push(")");
}

fn padded(directive: &Directive, text: &str, output: &mut Output) {
    let missing = directive.width.saturating_sub(text.chars().count());
    let fill = if directive.zero { "0" } else { " " };
    if !directive.minus {
        output.repeat(fill, missing);
    }
    output.push(text);
    if directive.minus {
        output.repeat(" ", missing);
    }
}

fn text(directive: &Directive, value: &str, item: &Item<'_>, output: &mut Output) {
    let cut = match directive.precision {
        Some(precision) if !directive.header => {
            let end = value.char_indices().nth(precision).map_or(value.len(), |(offset, _)| offset);
            &value[..end]
        }
        _ => value,
    };
    match directive.verb {
        'v' if directive.sharp => padded(directive, &quote(cut, false), output),
        'v' | 's' => padded(directive, cut, output),
        _ if directive.header => padded(&Directive { zero: false, ..*directive }, cut, output),
        'q' if directive.sharp && !cut.contains('`') && !cut.chars().any(|c| c.is_control() && c != '\t') => {
            padded(directive, &format!("`{cut}`"), output);
        }
        'q' => padded(directive, &quote(cut, directive.plus), output),
        'x' | 'X' => padded(directive, &hexadecimal(directive, value), output),
        _ => bad_verb(directive, item, output),
    }
}

fn hexadecimal(directive: &Directive, value: &str) -> String {
    let bytes = value.as_bytes();
    let bytes = &bytes[..directive.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let mut text = String::with_capacity(bytes.len() * 2);
    let prefix = match (directive.sharp, directive.verb) {
        (true, 'x') => "0x",
        (true, _) => "0X",
        _ => "",
    };
    for (position, byte) in bytes.iter().enumerate() {
        if position > 0 && directive.space {
            text.push(' ');
        }
        if position == 0 || directive.space {
            text.push_str(prefix);
        }
        let written = if directive.verb == 'x' { write!(text, "{byte:02x}") } else { write!(text, "{byte:02X}") };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    text
}

/// Go's `strconv.Quote`.
pub(super) fn quote(text: &str, ascii_only: bool) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        escape(character, '"', ascii_only, &mut quoted);
    }
    quoted.push('"');
    quoted
}

fn escape(character: char, quote: char, ascii_only: bool, into: &mut String) {
    match character {
        '\u{7}' => into.push_str("\\a"),
        '\u{8}' => into.push_str("\\b"),
        '\u{c}' => into.push_str("\\f"),
        '\n' => into.push_str("\\n"),
        '\r' => into.push_str("\\r"),
        '\t' => into.push_str("\\t"),
        '\u{b}' => into.push_str("\\v"),
        '\\' => into.push_str("\\\\"),
        _ if character == quote => into.extend(['\\', character]),
        _ if character < ' ' || character == '\u{7f}' => into.push_str(&format!("\\x{:02x}", u32::from(character))),
        _ if character.is_control() || (ascii_only && !character.is_ascii()) => {
            let code = u32::from(character);
            into.push_str(&if code > 0xffff { format!("\\U{code:08x}") } else { format!("\\u{code:04x}") });
        }
        _ => into.push(character),
    }
}

fn integer(directive: &Directive, value: i128, item: &Item<'_>, output: &mut Output) {
    let magnitude = value.unsigned_abs();
    let (digits, prefix) = match directive.verb {
        'v' | 'd' => (magnitude.to_string(), ""),
        'b' => (format!("{magnitude:b}"), if directive.sharp { "0b" } else { "" }),
        'o' => (format!("{magnitude:o}"), if directive.sharp { "0" } else { "" }),
        'O' => (format!("{magnitude:o}"), "0o"),
        'x' => (format!("{magnitude:x}"), if directive.sharp { "0x" } else { "" }),
        'X' => (format!("{magnitude:X}"), if directive.sharp { "0X" } else { "" }),
        'c' | 'q' | 'U' => return character(directive, value, output),
        _ => return bad_verb(directive, item, output),
    };
    let sign = match (value < 0, directive.plus, directive.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let digits = if directive.precision == Some(0) && value == 0 { String::new() } else { digits };
    let least = match directive.precision {
        Some(precision) => precision,
        None if directive.zero => directive.width.saturating_sub(sign.len()),
        None => 0,
    };
    let zeros = "0".repeat(least.saturating_sub(digits.len()));
    let number = format!("{sign}{prefix}{zeros}{digits}");
    padded(&Directive { zero: false, ..*directive }, &number, output);
}

fn character(directive: &Directive, value: i128, output: &mut Output) {
    let character = u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    let shown = match directive.verb {
        'c' => character.to_string(),
        'U' if directive.sharp => format!("U+{value:04X} '{character}'"),
        'U' => format!("U+{value:04X}"),
        _ => {
            let mut quoted = String::from("'");
            escape(character, '\'', directive.plus, &mut quoted);
            quoted + "'"
        }
    };
    padded(&Directive { zero: false, ..*directive }, &shown, output);
}

fn float(directive: &Directive, value: f64, item: &Item<'_>, output: &mut Output) {
    let magnitude = value.abs();
    let digits = if !value.is_finite() {
        if value.is_nan() { "NaN".into() } else { "Inf".into() }
    } else {
        match directive.verb {
            'e' | 'E' => exponential(&format!("{magnitude:.*e}", directive.precision.unwrap_or(6))),
            'f' | 'F' => format!("{magnitude:.*}", directive.precision.unwrap_or(6)),
            'v' | 'g' | 'G' => general(magnitude, directive.precision),
            _ => return bad_verb(directive, item, output),
        }
    };
    let digits = if matches!(directive.verb, 'E' | 'G') { digits.to_uppercase() } else { digits };
    let sign = match (value.is_sign_negative() && !value.is_nan(), directive.plus, directive.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    let zero = directive.zero && value.is_finite();
    let zeros =
        if zero { "0".repeat(directive.width.saturating_sub(sign.len() + digits.len())) } else { String::new() };
    padded(&Directive { zero: false, ..*directive }, &format!("{sign}{zeros}{digits}"), output);
}

/// Rust writes `1.5e4`, Go `1.5e+04`.
fn exponential(rust: &str) -> String {
    let (mantissa, exponent) = rust.split_once('e').unwrap_or((rust, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// `%g`: the shortest form that reads back as the same number, or `precision` digits; an exponent below -4 or from the
/// precision on (6 for the shortest form).
fn general(magnitude: f64, precision: Option<usize>) -> String {
    let significant = precision.map(|digits| digits.max(1));
    let rust = match significant {
        Some(digits) => format!("{magnitude:.*e}", digits - 1),
        None => format!("{magnitude:e}"),
    };
    let (mantissa, exponent) = rust.split_once('e').unwrap_or((&rust, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    let limit = significant.map_or(6, |digits| i64::try_from(digits).unwrap_or(i64::MAX));
    if exponent < -4 || exponent >= limit {
        return exponential(&format!("{mantissa}e{exponent}"));
    }
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let decimals = usize::try_from((i64::try_from(digits).unwrap_or(i64::MAX) - 1 - exponent).max(0)).unwrap_or(0);
    match significant {
        Some(_) => format!("{magnitude:.decimals$}"),
        None => format!("{magnitude}"),
    }
}
