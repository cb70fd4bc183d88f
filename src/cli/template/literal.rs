//! Go's literals: interpreted strings, characters and numbers.
//!
//! Follows "Lexical elements" of the Go specification as far as a template can use it (no imaginary numbers).

/// A number of a template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// Go's `int`.
    Integer(i64),
    /// Go's `float64`.
    Float(f64),
}

/// The value of `"..."` or `'...'` without its quotes; `None` when an escape is malformed.
pub(super) fn unquote(body: &str, quote: char) -> Option<String> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut characters = body.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        let escape = characters.next()?;
        let simple = match escape {
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 11,
            '\\' => b'\\',
            _ if escape == quote => u8::try_from(quote).ok()?,
            _ => {
                numeric_escape(escape, &mut characters, &mut bytes)?;
                continue;
            }
        };
        bytes.push(simple);
    }
    // Output is text: a byte escape that makes no character becomes the replacement character.
    Some(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn numeric_escape(escape: char, characters: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let (digits, radix) = match escape {
        'x' => (2, 16),
        'u' => (4, 16),
        'U' => (8, 16),
        '0'..='7' => (3, 8),
        _ => return None,
    };
    let mut value = if radix == 8 { escape.to_digit(8)? } else { 0 };
    for _ in 0..if radix == 8 { digits - 1 } else { digits } {
        value = value.checked_mul(radix)?.checked_add(characters.next()?.to_digit(radix)?)?;
    }
    if matches!(escape, 'u' | 'U') {
        let mut buffer = [0; 4];
        bytes.extend_from_slice(char::from_u32(value)?.encode_utf8(&mut buffer).as_bytes());
    } else {
        bytes.push(u8::try_from(value).ok()?);
    }
    Some(())
}

/// The one character of `'x'`.
pub(super) fn character(body: &str) -> Option<i64> {
    let text = unquote(body, '\'')?;
    let mut characters = text.chars();
    let only = characters.next()?;
    characters.next().is_none().then_some(i64::from(u32::from(only)))
}

/// A number, or Go's words about what is wrong with it.
pub(super) fn number(text: &str) -> Result<Number, String> {
    let (negative, body) = match text.strip_prefix(['+', '-']) {
        Some(body) => (text.starts_with('-'), body),
        None => (false, text),
    };
    let plain = body.replace('_', "");
    let lower = plain.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', _, ..] if lower.bytes().all(|byte| byte.is_ascii_digit()) => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    if !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix)) {
        return i128::from_str_radix(digits, radix)
            .ok()
            .and_then(|value| i64::try_from(if negative { -value } else { value }).ok())
            .map(Number::Integer)
            .ok_or_else(|| format!("integer overflow: {text:?}"));
    }
    let decimal = radix == 10 && lower.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'));
    match lower.parse::<f64>() {
        Ok(value) if decimal => Ok(Number::Float(if negative { -value } else { value })),
        _ if plain.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphabetic() && !lower.starts_with("0x")) => {
            Err(format!("bad number syntax: {text:?}"))
        }
        _ => Err(format!("illegal number syntax: {text:?}")),
    }
}
