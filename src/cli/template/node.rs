//! A parsed template: a list of nodes, each knowing the text it came from.

use super::functions::Function;

/// Where something stands in the template's text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The byte an error is reported at (for `.A.B` that of `.B`, as in Go).
    pub(super) blame: usize,
}

/// One piece of a template.
#[derive(Debug)]
pub(super) enum Node {
    /// Printed as it is.
    Text(String),
    /// `{{pipeline}}`.
    Action(Pipe),
    /// `{{if}}`.
    If(Branch),
    /// `{{range}}`.
    Range(Branch),
    /// `{{with}}`.
    With(Branch),
    /// `{{template "name" pipeline}}`.
    Call { span: Span, name: String, argument: Option<Pipe> },
    /// `{{break}}`.
    Break,
    /// `{{continue}}`.
    Continue,
}

/// A control structure.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// A pipeline: `$x := a | b c`.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) span: Span,
    /// Variables it declares or assigns, `$` included; at most two.
    pub(super) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// One stage of a pipeline: an operand, or a function or method with its arguments.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) span: Span,
    /// At least one.
    pub(super) operands: Vec<Operand>,
}

/// One operand.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) span: Span,
    pub(super) term: Term,
}

/// What an operand is.
#[derive(Debug)]
pub(super) enum Term {
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// `true`, `false`
    Bool(bool),
    /// An integer or character.
    Integer(i64),
    /// A number with a point or exponent.
    Float(f64),
    /// A string.
    Text(String),
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A.B`
    Variable(String, Vec<String>),
    /// `(pipeline).A.B`
    Chain(Box<Pipe>, Vec<String>),
    /// The name of a function.
    Function(&'static Function),
}
