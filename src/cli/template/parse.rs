//! From tokens to nodes, by recursive descent.
//!
//! Follows `text/template/parse/parse.go` of Go: what is accepted, and the wording of what is refused. Nesting (control
//! structures and parentheses) is limited to [`MAXIMUM_NESTING`], which bounds the stack used here, while rendering and
//! when the tree is dropped.

use super::functions::{self, Function};
use super::lex::{self, Kind, Refusal, Token};
use super::literal::{self, Number};
use super::node::{Branch, Command, Node, Operand, Pipe, Span, Term};
use std::collections::BTreeMap;

/// How deep control structures and parentheses may nest: far more than a person writes, and a few hundred kilobytes of
/// stack in an unoptimised build.
const MAXIMUM_NESTING: usize = 100;

/// A whole template: its own nodes and the templates it defines.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) defined: BTreeMap<String, Vec<Node>>,
}

/// How literal text is changed as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expansion {
    /// `\t` and `\n` as two characters become a tab and a newline, as podman and docker do.
    Escapes,
    /// That, and every blank becomes a tab: podman's `table` formats.
    Table,
}

/// Parses `text`.
pub(super) fn parse(text: &str, expansion: Expansion) -> Result<Tree, Refusal> {
    let tokens = lex::tokens(text)?;
    let mut parser = Parser {
        text,
        tokens,
        next: 0,
        expansion,
        variables: vec!["$".into()],
        ranges: 0,
        nesting: 0,
        defined: BTreeMap::new(),
    };
    let (nodes, stop) = parser.list(true)?;
    match stop {
        Stop::End => Ok(Tree { nodes, defined: parser.defined }),
        Stop::EndAction(at) => Err((at, "unexpected {{end}}".into())),
        Stop::Else(at) => Err((at, "unexpected {{else}}".into())),
    }
}

/// What ended a list of nodes.
enum Stop {
    End,
    EndAction(usize),
    Else(usize),
}

/// What an action turned out to be.
enum Action {
    Node(Node),
    Nothing,
    Stop(Stop),
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    expansion: Expansion,
    variables: Vec<String>,
    ranges: usize,
    nesting: usize,
    defined: BTreeMap<String, Vec<Node>>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token {
        // The last token is `End` and is never passed.
        self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == Kind::Space {
            self.take();
        }
    }

    fn take_word(&mut self) -> Token {
        self.skip_space();
        self.take()
    }

    fn source(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    fn unexpected<T>(&self, token: Token, context: &str) -> Result<T, Refusal> {
        let source = self.source(token);
        let shown = match token.kind {
            Kind::End => return Err((token.start, "unexpected EOF".into())),
            Kind::Dot | Kind::Field => "<.>".into(),
            Kind::Identifier if is_keyword(source) => format!("<{source}>"),
            Kind::Close => "\"}}\"".into(),
            _ => format!("{source:?}"),
        };
        Err((token.start, format!("unexpected {shown} in {context}")))
    }

    fn enter(&mut self, at: usize) -> Result<(), Refusal> {
        self.nesting += 1;
        if self.nesting > MAXIMUM_NESTING {
            return Err((at, format!("nested more than {MAXIMUM_NESTING} deep")));
        }
        Ok(())
    }

    /// Nodes up to `{{end}}`, `{{else}}` or the end of the text.
    fn list(&mut self, top: bool) -> Result<(Vec<Node>, Stop), Refusal> {
        let mut nodes = Vec::new();
        loop {
            let token = self.take();
            match token.kind {
                Kind::End => return Ok((nodes, Stop::End)),
                Kind::Text => nodes.push(Node::Text(self.expand(self.source(token)))),
                _ => match self.action(token, top)? {
                    Action::Node(node) => nodes.push(node),
                    Action::Nothing => {}
                    Action::Stop(stop) => return Ok((nodes, stop)),
                },
            }
        }
    }

    fn expand(&self, text: &str) -> String {
        let expanded = text.replace("\\t", "\t").replace("\\n", "\n");
        if self.expansion == Expansion::Table { expanded.replace(' ', "\t") } else { expanded }
    }

    fn action(&mut self, open: Token, top: bool) -> Result<Action, Refusal> {
        self.skip_space();
        let token = self.peek();
        let keyword = if token.kind == Kind::Identifier { self.source(token) } else { "" };
        if is_keyword(keyword) {
            self.take();
        }
        match keyword {
            "if" | "range" | "with" => self.control(keyword, token).map(Action::Node),
            "else" => self.else_action(token),
            "end" => {
                self.close("end")?;
                Ok(Action::Stop(Stop::EndAction(token.start)))
            }
            "break" | "continue" => self.jump(keyword, token).map(Action::Node),
            "template" => self.call(open).map(Action::Node),
            "block" => self.block(token).map(Action::Node),
            "define" if top => self.define(token).map(|()| Action::Nothing),
            "define" => self.unexpected(token, "command"),
            _ => self.pipeline("command", Kind::Close).map(|pipe| Action::Node(Node::Action(pipe))),
        }
    }

    fn close(&mut self, context: &str) -> Result<(), Refusal> {
        let token = self.take_word();
        if token.kind == Kind::Close { Ok(()) } else { self.unexpected(token, context) }
    }

    /// `{{else}}`, or `{{else if ...}}`, whose words stay to be read by [`Parser::control`].
    fn else_action(&mut self, token: Token) -> Result<Action, Refusal> {
        self.skip_space();
        let following = self.peek();
        if !(following.kind == Kind::Identifier && matches!(self.source(following), "if" | "with")) {
            self.close("else")?;
        }
        Ok(Action::Stop(Stop::Else(token.start)))
    }

    fn jump(&mut self, keyword: &str, token: Token) -> Result<Node, Refusal> {
        self.close(&format!("{{{{{keyword}}}}}"))?;
        if self.ranges == 0 {
            return Err((token.start, format!("{{{{{keyword}}}}} outside {{{{range}}}}")));
        }
        Ok(if keyword == "break" { Node::Break } else { Node::Continue })
    }

    fn control(&mut self, keyword: &str, token: Token) -> Result<Node, Refusal> {
        self.enter(token.start)?;
        let scope = self.variables.len();
        let pipe = self.pipeline(keyword, Kind::Close)?;
        self.ranges += usize::from(keyword == "range");
        let (body, stop) = self.list(false)?;
        self.ranges -= usize::from(keyword == "range");
        let otherwise = match stop {
            Stop::EndAction(_) => Vec::new(),
            Stop::Else(at) => self.otherwise(keyword, at)?,
            Stop::End => return Err((self.text.len(), "unexpected EOF".into())),
        };
        self.variables.truncate(scope);
        self.nesting -= 1;
        let branch = Branch { pipe, body, otherwise };
        Ok(match keyword {
            "if" => Node::If(branch),
            "range" => Node::Range(branch),
            _ => Node::With(branch),
        })
    }

    /// What follows `{{else`: `{{else if x}}` is an `if` inside the `else`, closed by the same `{{end}}`.
    fn otherwise(&mut self, keyword: &str, at: usize) -> Result<Vec<Node>, Refusal> {
        let token = self.peek();
        let chained = if token.kind == Kind::Identifier { self.source(token) } else { "" };
        if matches!(chained, "if" | "with") {
            if chained != keyword {
                return self.unexpected(token, "else");
            }
            self.take();
            return Ok(vec![self.control(chained, token)?]);
        }
        match self.list(false)? {
            (nodes, Stop::EndAction(_)) => Ok(nodes),
            (_, Stop::Else(_)) => Err((at, "expected end; found {{else}}".into())),
            (_, Stop::End) => Err((self.text.len(), "unexpected EOF".into())),
        }
    }

    /// The quoted name after `define`, `template` or `block`.
    fn name(&mut self, context: &str) -> Result<(Token, String), Refusal> {
        let token = self.take_word();
        match token.kind {
            Kind::Quoted | Kind::Raw => Ok((token, self.string(token)?)),
            _ => self.unexpected(token, context),
        }
    }

    fn string(&self, token: Token) -> Result<String, Refusal> {
        let body = &self.text[token.start + 1..token.end - 1];
        if token.kind == Kind::Raw {
            return Ok(body.replace("\\t", "\t").replace("\\n", "\n"));
        }
        literal::unquote(body, '"').ok_or_else(|| (token.start, "invalid syntax".into()))
    }

    fn call(&mut self, open: Token) -> Result<Node, Refusal> {
        let (quoted, name) = self.name("template clause")?;
        self.skip_space();
        let argument = if self.peek().kind == Kind::Close {
            self.take();
            None
        } else {
            Some(self.pipeline("template clause", Kind::Close)?)
        };
        let end = self.tokens[self.next.saturating_sub(1)].end;
        Ok(Node::Call { span: Span { start: open.start, end, blame: quoted.start }, name, argument })
    }

    fn define(&mut self, token: Token) -> Result<(), Refusal> {
        let (_, name) = self.name("define clause")?;
        self.close("define clause")?;
        let nodes = self.definition(token)?;
        self.add(name, nodes);
        Ok(())
    }

    fn block(&mut self, token: Token) -> Result<Node, Refusal> {
        let (quoted, name) = self.name("block clause")?;
        let pipe = self.pipeline("block clause", Kind::Close)?;
        let nodes = self.definition(token)?;
        self.add(name.clone(), nodes);
        let span = Span { start: quoted.start, end: pipe.span.end, blame: quoted.start };
        Ok(Node::Call { span, name, argument: Some(pipe) })
    }

    /// The body of a `define` or `block`: it sees no variable of the outside.
    fn definition(&mut self, token: Token) -> Result<Vec<Node>, Refusal> {
        self.enter(token.start)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, stop) = self.list(false)?;
        self.variables = outer;
        self.ranges = ranges;
        self.nesting -= 1;
        match stop {
            Stop::EndAction(_) => Ok(nodes),
            Stop::Else(at) => Err((at, "unexpected {{else}}".into())),
            Stop::End => Err((self.text.len(), "unexpected EOF".into())),
        }
    }

    /// Go keeps the earlier definition when the later one is blank.
    fn add(&mut self, name: String, nodes: Vec<Node>) {
        let blank = nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()));
        if !(blank && self.defined.contains_key(&name)) {
            self.defined.insert(name, nodes);
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe, Refusal> {
        self.skip_space();
        let start = self.peek().start;
        let (variables, assigns) = self.declarations(context)?;
        let mut commands = Vec::new();
        loop {
            let token = self.take_word();
            if token.kind == end {
                let span = Span { start, end: token.start, blame: start };
                let pipe = Pipe { span, variables, assigns, commands };
                return check(pipe, context);
            }
            if !begins_operand(token.kind) || (token.kind == Kind::Identifier && is_keyword(self.source(token))) {
                return self.unexpected(token, context);
            }
            self.next -= 1;
            commands.push(self.command()?);
        }
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    fn declarations(&mut self, context: &str) -> Result<(Vec<String>, bool), Refusal> {
        let mut variables = Vec::new();
        loop {
            self.skip_space();
            let before = self.next;
            let variable = self.peek();
            if variable.kind != Kind::Variable {
                return Ok((variables, false));
            }
            self.take();
            let name = self.source(variable).to_owned();
            let mark = self.take_word();
            match mark.kind {
                Kind::Assign | Kind::Declare => {
                    self.variables.push(name.clone());
                    variables.push(name);
                    return Ok((variables, mark.kind == Kind::Assign));
                }
                Kind::Other if self.source(mark) == "," => {
                    self.variables.push(name.clone());
                    variables.push(name);
                    if context != "range" || variables.len() > 1 {
                        return Err((mark.start, format!("too many declarations in {context}")));
                    }
                    self.skip_space();
                    if !matches!(self.peek().kind, Kind::Variable | Kind::Close | Kind::RightParenthesis) {
                        return Err((mark.start, "range can only initialize variables".into()));
                    }
                }
                _ => {
                    self.next = before;
                    return Ok((variables, false));
                }
            }
        }
    }

    fn command(&mut self) -> Result<Command, Refusal> {
        let start = self.peek().start;
        let mut operands = Vec::new();
        let mut end = start;
        loop {
            self.skip_space();
            if let Some(operand) = self.operand()? {
                end = operand.span.end;
                operands.push(operand);
            }
            let token = self.take();
            match token.kind {
                Kind::Space => continue,
                Kind::Close | Kind::RightParenthesis => self.next -= 1,
                Kind::Pipe => {}
                _ => return self.unexpected(token, "operand"),
            }
            break;
        }
        if operands.is_empty() {
            return Err((start, "empty command".into()));
        }
        Ok(Command { span: Span { start, end, blame: start }, operands })
    }

    /// A term and the fields after it; `None` where no term begins.
    fn operand(&mut self) -> Result<Option<Operand>, Refusal> {
        let first = self.peek();
        let Some(mut term) = self.term()? else { return Ok(None) };
        let mut fields = Vec::new();
        let mut blame = first.start;
        while self.peek().kind == Kind::Field {
            let field = self.take();
            blame = field.start;
            fields.push(self.source(field)[1..].to_owned());
        }
        let end = self.tokens[self.next - 1].end;
        if !fields.is_empty() {
            match &mut term {
                Term::Field(names) | Term::Variable(_, names) | Term::Chain(_, names) => names.append(&mut fields),
                _ => {
                    let shown = self.source(first);
                    return Err((first.start, format!("unexpected . after term {shown:?}")));
                }
            }
        }
        Ok(Some(Operand { span: Span { start: first.start, end, blame }, term }))
    }

    fn term(&mut self) -> Result<Option<Term>, Refusal> {
        let token = self.peek();
        let source = self.source(token);
        let term = match token.kind {
            Kind::Dot => Term::Dot,
            Kind::Field => Term::Field(vec![source[1..].to_owned()]),
            Kind::Variable => self.variable(token)?,
            Kind::Number => match literal::number(source).map_err(|reason| (token.start, reason))? {
                Number::Integer(value) => Term::Integer(value),
                Number::Float(value) => Term::Float(value),
            },
            Kind::Character => literal::character(&source[1..source.len() - 1])
                .map(Term::Integer)
                .ok_or_else(|| (token.start, format!("malformed character constant: {source}")))?,
            Kind::Quoted | Kind::Raw => Term::Text(self.string(token)?),
            Kind::Identifier => match source {
                "true" | "false" => Term::Bool(source == "true"),
                "nil" => Term::Nil,
                _ if is_keyword(source) => return self.unexpected(token, "operand"),
                _ => Term::Function(self.function(token)?),
            },
            Kind::LeftParenthesis => {
                self.take();
                self.enter(token.start)?;
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParenthesis)?;
                self.nesting -= 1;
                return Ok(Some(Term::Chain(Box::new(pipe), Vec::new())));
            }
            _ => return Ok(None),
        };
        self.take();
        Ok(Some(term))
    }

    fn variable(&self, token: Token) -> Result<Term, Refusal> {
        let name = self.source(token);
        if self.variables.iter().any(|known| known == name) {
            return Ok(Term::Variable(name.to_owned(), Vec::new()));
        }
        Err((token.start, format!("undefined variable {name:?}")))
    }

    fn function(&self, token: Token) -> Result<&'static Function, Refusal> {
        let name = self.source(token);
        functions::find(name).ok_or_else(|| (token.start, format!("function {name:?} not defined")))
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "if" | "else" | "end" | "range" | "with" | "template" | "block" | "define" | "break" | "continue")
}

fn begins_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Dot
            | Kind::Field
            | Kind::Variable
            | Kind::Identifier
            | Kind::Number
            | Kind::Character
            | Kind::Quoted
            | Kind::Raw
            | Kind::LeftParenthesis
    )
}

/// A pipeline has a command, and every stage after the first can take the value before it.
fn check(pipe: Pipe, context: &str) -> Result<Pipe, Refusal> {
    if pipe.commands.is_empty() {
        return Err((pipe.span.start, format!("missing value for {context}")));
    }
    for (stage, command) in pipe.commands.iter().enumerate().skip(1) {
        let first = command.operands.first().map(|operand| &operand.term);
        if matches!(
            first,
            Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Integer(_) | Term::Float(_) | Term::Text(_))
        ) {
            let reason = format!("non executable command in pipeline stage {}", stage + 1);
            return Err((command.span.start, reason));
        }
    }
    Ok(pipe)
}
