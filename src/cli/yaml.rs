//! Writes JSON data as YAML, the way podman prints it.
//!
//! Block style, two blanks per level, lists not indented below their key, keys in alphabetical order; a string is plain
//! where YAML 1.1 and 1.2 readers both take it for that string, else quoted, and a literal block when it has several
//! lines. Follows the YAML 1.2.2 specification, sections 7.3 and 8.1.

use serde_json::Value;

/// `value` as a YAML document, ending with a newline.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => object(value, 0, &mut text),
        Value::Array(list) if !list.is_empty() => array(list, 0, &mut text),
        _ => {
            scalar(value, 0, &mut text);
            text.push('\n');
        }
    }
    text
}

fn indent(level: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", level));
}

fn object(value: &Value, level: usize, text: &mut String) {
    for (position, (key, value)) in value.as_object().into_iter().flatten().enumerate() {
        // The first key of a list's element follows its dash.
        if position > 0 || !text.ends_with("- ") {
            indent(level, text);
        }
        string(key, level, text);
        text.push(':');
        member(value, level, text);
    }
}

/// What follows `key:`.
fn member(value: &Value, level: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            object(value, level + 1, text);
        }
        Value::Array(list) if !list.is_empty() => {
            text.push('\n');
            array(list, level, text);
        }
        _ => {
            text.push(' ');
            scalar(value, level + 1, text);
            text.push('\n');
        }
    }
}

fn array(list: &[Value], level: usize, text: &mut String) {
    for value in list {
        indent(level, text);
        text.push_str("- ");
        match value {
            Value::Object(map) if !map.is_empty() => object(value, level + 1, text),
            Value::Array(inner) if !inner.is_empty() => {
                // A list in a list begins on the line of its own dash.
                let mut nested = String::new();
                array(inner, level + 1, &mut nested);
                text.push_str(nested.trim_start_matches(' '));
            }
            _ => {
                scalar(value, level + 1, text);
                text.push('\n');
            }
        }
    }
}

fn scalar(value: &Value, level: usize, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(value) => string(value, level, text),
        Value::Array(_) => text.push_str("[]"),
        Value::Object(_) => text.push_str("{}"),
    }
}

fn string(value: &str, level: usize, text: &mut String) {
    let prints = |character: char| !character.is_control() && character != '\u{feff}';
    if value.contains('\n') && is_block(value, prints) {
        return block(value, level, text);
    }
    if !value.chars().all(prints) || means_something_else(value) {
        return double_quoted(value, text);
    }
    if is_plain(value) {
        text.push_str(value);
    } else {
        text.push('\'');
        text.push_str(&value.replace('\'', "''"));
        text.push('\'');
    }
}

/// Whether a literal block keeps `value` as it is.
fn is_block(value: &str, prints: impl Fn(char) -> bool) -> bool {
    !value.starts_with([' ', '\n', '\t'])
        && !value.trim_end_matches('\n').is_empty()
        && value.chars().all(|character| character == '\n' || prints(character))
}

fn block(value: &str, level: usize, text: &mut String) {
    let body = value.trim_end_matches('\n');
    text.push_str(match value.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
        text.push('\n');
        if !line.is_empty() {
            indent(level.max(1), text);
            text.push_str(line);
        }
    }
}

/// Text that a reader would take for another type.
fn means_something_else(value: &str) -> bool {
    const WORDS: [&str; 13] = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "="];
    let lower = value.to_ascii_lowercase();
    let numeric = value.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        && value.chars().all(|c| c.is_ascii_hexdigit() || "+-._:xoTZtz".contains(c));
    WORDS.contains(&lower.as_str())
        || (numeric && is_number_or_time(value))
        || [".inf", ".nan", "-.inf", "+.inf"].contains(&lower.as_str())
}

fn is_number_or_time(value: &str) -> bool {
    let digits = value.replace('_', "");
    let based = digits.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let is_based = ["0x", "0o", "0b"].iter().any(|prefix| based.starts_with(prefix));
    // Dates, times and base-sixty numbers of YAML 1.1 are digits with dashes and colons.
    let timed = value.chars().all(|c| c.is_ascii_digit() || "-:.TZ+".contains(c)) && value.contains(['-', ':']);
    digits.parse::<f64>().is_ok() || is_based || (timed && value.starts_with(|first: char| first.is_ascii_digit()))
}

fn is_plain(value: &str) -> bool {
    let indicator = value.starts_with(|first: char| ",[]{}#&*!|>'\"%@`".contains(first))
        || value == "-"
        || ["- ", "? ", ": ", "---", "..."].iter().any(|mark| value.starts_with(mark))
        || value.starts_with('?') && value.len() == 1
        || value.starts_with(':');
    let inside = value.contains(": ") || value.contains(" #") || value.ends_with(':');
    let blank = value.starts_with(' ') || value.ends_with(' ');
    !(indicator || inside || blank)
}

fn double_quoted(value: &str, text: &mut String) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            _ if character.is_control() || character == '\u{feff}' => {
                let code = u32::from(character);
                text.push_str(&if code < 0x100 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") });
            }
            _ => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn structures_look_like_podman_s() {
        let value = json!({
            "host": {"cgroupControllers": ["cpu", "io"], "conmon": {"version": "a 2.1, commit: unknown"}, "cpus": 2},
            "idle": 73.85, "none": null, "empty": {}, "list": [], "maps": [{"a": 1, "b": {"c": true}}, {"d": []}],
            "nested": [[1, 2], []],
            "text": "crun 1\n+SECCOMP", "ended": "a\n", "version": "12", "path": "/usr/bin/x",
        });
        let expected = "\
empty: {}
ended: |
  a
host:
  cgroupControllers:
  - cpu
  - io
  conmon:
    version: 'a 2.1, commit: unknown'
  cpus: 2
idle: 73.85
list: []
maps:
- a: 1
  b:
    c: true
- d: []
nested:
- - 1
  - 2
- []
none: null
path: /usr/bin/x
text: |-
  crun 1
  +SECCOMP
version: \"12\"
";
        assert_eq!(to_yaml(&value), expected);
    }

    #[test]
    fn strings_stay_strings() {
        let cases = [
            ("plain text", "plain text"),
            ("", "\"\""),
            ("true", "\"true\""),
            ("No", "\"No\""),
            ("null", "\"null\""),
            ("1.5", "\"1.5\""),
            ("0x10", "\"0x10\""),
            ("1e3", "\"1e3\""),
            ("2024-01-02", "\"2024-01-02\""),
            ("12:30:45", "\"12:30:45\""),
            ("1.2.3", "1.2.3"),
            ("v1", "v1"),
            ("0h 1m 2.00s", "0h 1m 2.00s"),
            ("a: b", "'a: b'"),
            ("it's: x", "'it''s: x'"),
            ("a #b", "'a #b'"),
            ("a#b", "a#b"),
            ("- a", "'- a'"),
            ("-a", "-a"),
            ("*a", "'*a'"),
            ("{{.A}}", "'{{.A}}'"),
            (" a", "' a'"),
            ("a:", "'a:'"),
            ("\u{1b}[31m", "\"\\x1b[31m\""),
            (" a\nb", "\" a\\nb\""),
        ];
        for (text, expected) in cases {
            assert_eq!(to_yaml(&json!(text)), format!("{expected}\n"), "{text:?}");
        }
    }
}
