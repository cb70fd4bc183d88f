//! Splits a template into text and the words of its actions.
//!
//! Follows `text/template/parse/lex.go` of Go 1.22 in what it accepts and in the wording of what it refuses: text up to
//! `{{`, comments, trim marks (`{{- `, ` -}}`), and inside an action numbers, strings, fields (`.Name`), variables
//! (`$name`), identifiers and single characters. Spaces matter inside an action (they separate operands), so they are
//! tokens.
//!
//! What must stay true: every index into the text lies on a character boundary, and lexing is linear in the text.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Literal text outside actions.
    Text,
    /// `{{`, trim mark included.
    Open,
    /// `}}`, trim mark included.
    Close,
    /// A run of blanks inside an action.
    Space,
    /// `.` alone.
    Dot,
    /// `.Name`.
    Field,
    /// `$` or `$name`.
    Variable,
    /// A word.
    Identifier,
    /// A number.
    Number,
    /// `'x'`.
    Character,
    /// `"..."`.
    Quoted,
    /// `` `...` ``.
    Raw,
    /// `:=`.
    Declare,
    /// `=`.
    Assign,
    /// `|`.
    Pipe,
    /// `(`.
    LeftParenthesis,
    /// `)`.
    RightParenthesis,
    /// Another printable character, e.g. `,`.
    Other,
    /// The end of the template.
    End,
}

/// One token: its kind and where it is in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A refusal: byte offset and Go's words.
pub(super) type Refusal = (usize, String);

/// Splits `text`; the last token is always [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), parentheses: 0, trim_next: false };
    while lexer.at < text.len() {
        lexer.text_and_action()?;
    }
    lexer.push(Kind::End, text.len(), text.len());
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    parentheses: usize,
    trim_next: bool,
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

impl Lexer<'_> {
    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token { kind, start, end });
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Text up to the next `{{`, then that action.
    fn text_and_action(&mut self) -> Result<(), Refusal> {
        let rest = self.rest();
        let (mut start, stop) = (self.at, self.at + rest.find("{{").unwrap_or(rest.len()));
        if self.trim_next {
            let trimmed = self.text[start..stop].trim_start_matches(BLANKS);
            start = stop - trimmed.len();
            self.trim_next = false;
        }
        let opens = stop < self.text.len();
        let trims = opens && is_left_trim(&self.text[stop + 2..]);
        let end = if trims { start + self.text[start..stop].trim_end_matches(BLANKS).len() } else { stop };
        if end > start {
            self.push(Kind::Text, start, end);
        }
        self.at = stop;
        if !opens {
            return Ok(());
        }
        let content = stop + 2 + if trims { 2 } else { 0 };
        if self.text[content..].starts_with("/*") {
            return self.comment(stop, content);
        }
        self.push(Kind::Open, stop, content);
        self.at = content;
        self.parentheses = 0;
        while self.inside()? {}
        Ok(())
    }

    fn comment(&mut self, open: usize, content: usize) -> Result<(), Refusal> {
        let Some(length) = self.text[content..].find("*/") else {
            return Err((open, "unclosed comment".into()));
        };
        self.at = content + length + 2;
        let Some((width, trims)) = right_delimiter(self.rest()) else {
            return Err((open, "comment ends before closing delimiter".into()));
        };
        self.at += width;
        self.trim_next = trims;
        Ok(())
    }

    /// Reads one token of an action; false after its end.
    fn inside(&mut self) -> Result<bool, Refusal> {
        let start = self.at;
        if let Some((width, trims)) = right_delimiter(self.rest()) {
            if self.parentheses > 0 {
                return Err((start, "unclosed left paren".into()));
            }
            self.push(Kind::Close, start, start + width);
            self.at += width;
            self.trim_next = trims;
            return Ok(false);
        }
        let Some(character) = self.rest().chars().next() else {
            return Err((start, "unclosed action".into()));
        };
        let following = self.rest()[character.len_utf8()..].chars().next();
        match character {
            ' ' | '\t' | '\r' | '\n' => self.blanks(),
            '"' => self.quoted('"', Kind::Quoted, "unterminated quoted string")?,
            '\'' => self.quoted('\'', Kind::Character, "unterminated character constant")?,
            '`' => self.raw()?,
            ':' if following == Some('=') => self.single(Kind::Declare, 2),
            ':' => return Err((start, "expected :=".into())),
            '=' => self.single(Kind::Assign, 1),
            '|' => self.single(Kind::Pipe, 1),
            '(' => {
                self.single(Kind::LeftParenthesis, 1);
                self.parentheses += 1;
            }
            ')' => self.right_parenthesis()?,
            '$' => self.word(Kind::Variable, 1)?,
            '.' if !following.is_some_and(|next| next.is_ascii_digit()) => self.field()?,
            '.' | '+' | '-' | '0'..='9' => self.number()?,
            _ if is_word(character) => self.word(Kind::Identifier, 0)?,
            _ if !character.is_control() => self.single(Kind::Other, character.len_utf8()),
            _ => return Err((start, format!("unrecognized character in action: U+{:04X}", u32::from(character)))),
        }
        Ok(true)
    }

    fn single(&mut self, kind: Kind, width: usize) {
        self.push(kind, self.at, self.at + width);
        self.at += width;
    }

    fn right_parenthesis(&mut self) -> Result<(), Refusal> {
        let Some(open) = self.parentheses.checked_sub(1) else {
            return Err((self.at, "unexpected right paren".into()));
        };
        self.parentheses = open;
        self.single(Kind::RightParenthesis, 1);
        Ok(())
    }

    /// Blanks up to the next token or the trim mark of the closing delimiter (whose blank belongs to it).
    fn blanks(&mut self) {
        let start = self.at;
        while self.rest().starts_with(BLANKS) && right_delimiter(self.rest()).is_none() {
            self.at += 1;
        }
        self.push(Kind::Space, start, self.at);
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Result<(), Refusal> {
        let start = self.at;
        let mut escaped = false;
        for (offset, character) in self.text[start + 1..].char_indices() {
            match character {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if character == quote => {
                    self.single(kind, offset + 2);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err((start, unterminated.into()))
    }

    fn raw(&mut self) -> Result<(), Refusal> {
        let Some(length) = self.text[self.at + 1..].find('`') else {
            return Err((self.at, "unterminated raw quoted string".into()));
        };
        self.single(Kind::Raw, length + 2);
        Ok(())
    }

    fn field(&mut self) -> Result<(), Refusal> {
        let next = self.rest()[1..].chars().next();
        if next.is_none_or(|next| !is_word(next)) {
            self.terminated(self.at + 1)?;
            self.single(Kind::Dot, 1);
            return Ok(());
        }
        self.word(Kind::Field, 1)
    }

    /// A word after `prefix` bytes of mark.
    fn word(&mut self, kind: Kind, prefix: usize) -> Result<(), Refusal> {
        let rest = &self.text[self.at + prefix..];
        let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        self.terminated(self.at + prefix + length)?;
        self.single(kind, prefix + length);
        Ok(())
    }

    /// A word must be followed by something that cannot be part of another operand.
    fn terminated(&self, end: usize) -> Result<(), Refusal> {
        let rest = &self.text[end..];
        match rest.chars().next() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(' | '=') => Ok(()),
            _ if rest.starts_with("}}") => Ok(()),
            Some(character) => Err((end, format!("bad character U+{:04X} '{character}'", u32::from(character)))),
        }
    }

    fn number(&mut self) -> Result<(), Refusal> {
        let rest = self.rest();
        let signed = rest.len() - rest.trim_start_matches(['+', '-']).len();
        let body = &rest[signed.min(1)..];
        let hexadecimal = body.starts_with("0x") || body.starts_with("0X");
        let mut length = 0;
        for character in body.chars() {
            let after_exponent = body[..length].ends_with(if hexadecimal { ['p', 'P'] } else { ['e', 'E'] });
            if !(is_word(character) || character == '.' || (after_exponent && matches!(character, '+' | '-'))) {
                break;
            }
            length += character.len_utf8();
        }
        let width = signed.min(1) + length;
        if length == 0 {
            return Err((self.at, format!("bad number syntax: {:?}", &rest[..width])));
        }
        self.single(Kind::Number, width);
        Ok(())
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Whether the text after `{{` opens with a trim mark.
fn is_left_trim(after: &str) -> bool {
    after.strip_prefix('-').is_some_and(|rest| rest.starts_with(BLANKS))
}

/// The width of the closing delimiter `rest` starts with, and whether it trims.
fn right_delimiter(rest: &str) -> Option<(usize, bool)> {
    if rest.starts_with("}}") {
        return Some((2, false));
    }
    (rest.starts_with(BLANKS) && rest[1..].starts_with("-}}")).then_some((4, true))
}
