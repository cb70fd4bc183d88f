//! Walks a parsed template over its data.
//!
//! Follows `text/template/exec.go` of Go. A template is written by the user, but it may be pasted from anywhere and its
//! data comes from images, so rendering is bounded: [`MAXIMUM_DEPTH`] nested lists of nodes (templates may call
//! themselves), [`MAXIMUM_WORK`] units of work, and the output limit of [`super::functions`].

use super::error::TemplateError;
use super::functions::{self, Body, Fault, Function, MAXIMUM_OUTPUT_BYTES};
use super::node::{Branch, Command, Node, Operand, Pipe, Span, Term};
use super::print::{self, Output};
use super::value::Item;
use super::{Template, refusal_position};

/// Nested templates and control structures; with the parser's own limit this keeps the stack below one megabyte.
const MAXIMUM_DEPTH: usize = 300;

/// Work before rendering is given up: about a second. One unit per byte made or compared, [`STEP`] per node.
const MAXIMUM_WORK: usize = 256 << 20;

/// Cost of one node or command besides its bytes.
const STEP: usize = 64;

/// The most of the template quoted in a message, in bytes.
const MAXIMUM_QUOTE_BYTES: usize = 200;

/// What follows a node.
#[derive(PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Result<T> = std::result::Result<T, TemplateError>;

/// Gives the header of the column whose field has this name.
pub(super) type HeaderOf<'h> = &'h dyn Fn(&str) -> String;

/// Renders `template` over `data`; with `headers`, its header line.
pub(super) fn run(template: &Template, data: Item<'_>, headers: Option<HeaderOf<'_>>) -> Result<String> {
    let mut executor = Executor {
        template,
        headers,
        variables: vec![("$", data.clone())],
        output: Output::new(MAXIMUM_OUTPUT_BYTES),
        executing: &template.name,
        depth: 0,
        work: 0,
    };
    executor.list(&template.tree.nodes, &data)?;
    Ok(executor.output.into_text())
}

struct Executor<'a, 'h> {
    template: &'a Template,
    headers: Option<HeaderOf<'h>>,
    variables: Vec<(&'a str, Item<'a>)>,
    output: Output,
    executing: &'a str,
    depth: usize,
    work: usize,
}

impl<'a> Executor<'a, '_> {
    fn fail<T>(&self, span: Span, reason: impl Into<String>) -> Result<T> {
        let text = &self.template.text;
        let (line, column) = refusal_position(text, span.blame);
        let action = &text[span.start.min(text.len())..span.end.min(text.len())];
        let action = functions::start_of(action, MAXIMUM_QUOTE_BYTES).to_owned();
        let (name, executing) = (self.template.name.clone(), self.executing.to_owned());
        Err(TemplateError::Execution { name, line, column, executing, action, reason: reason.into() })
    }

    fn spend(&mut self, span: Span, units: usize) -> Result<()> {
        self.work = self.work.saturating_add(units);
        if self.work > MAXIMUM_WORK { self.fail(span, "the template takes too long") } else { Ok(()) }
    }

    fn list(&mut self, nodes: &'a [Node], dot: &Item<'a>) -> Result<Flow> {
        self.depth += 1;
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::Next {
                self.depth -= 1;
                return Ok(flow);
            }
        }
        self.depth -= 1;
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &'a Node, dot: &Item<'a>) -> Result<Flow> {
        let scope = self.variables.len();
        match node {
            Node::Text(text) => self.output.push(text),
            Node::Action(pipe) => return self.print(pipe, dot),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::Call { span, name, argument } => self.call_template(*span, name, argument.as_ref(), dot)?,
            Node::If(branch) | Node::With(branch) => {
                let value = self.pipe(&branch.pipe, dot)?;
                let flow = match (value.is_true(), node) {
                    (true, Node::With(_)) => self.list(&branch.body, &value)?,
                    (true, _) => self.list(&branch.body, dot)?,
                    _ => self.list(&branch.otherwise, dot)?,
                };
                self.variables.truncate(scope);
                return Ok(flow);
            }
            Node::Range(branch) => {
                let flow = self.range(branch, dot)?;
                self.variables.truncate(scope);
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, pipe: &'a Pipe, dot: &Item<'a>) -> Result<Flow> {
        let value = self.pipe(pipe, dot)?;
        if pipe.variables.is_empty() {
            let before = self.output.len();
            print::value(&value, &mut self.output);
            if self.output.overflowed() {
                return self.fail(pipe.span, "output is larger than 64 MiB");
            }
            self.spend(pipe.span, self.output.len() - before)?;
        }
        Ok(Flow::Next)
    }

    fn call_template(&mut self, span: Span, name: &'a str, argument: Option<&'a Pipe>, dot: &Item<'a>) -> Result<()> {
        let Some(nodes) = self.template.tree.defined.get(name) else {
            return self.fail(span, format!("template {name:?} not defined"));
        };
        if self.depth >= MAXIMUM_DEPTH {
            return self.fail(span, format!("exceeded maximum template depth ({MAXIMUM_DEPTH})"));
        }
        self.spend(span, STEP)?;
        let value = match argument {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Item::Missing,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$", value.clone())]);
        let caller = std::mem::replace(&mut self.executing, name);
        self.list(nodes, &value)?;
        self.variables = outer;
        self.executing = caller;
        Ok(())
    }

    fn range(&mut self, branch: &'a Branch, dot: &Item<'a>) -> Result<Flow> {
        let value = self.commands(&branch.pipe, dot)?;
        let mut ran = false;
        match &value {
            Item::Missing | Item::Nil => {}
            Item::Object(map, _) => {
                for (key, element) in map.iter() {
                    ran = true;
                    if !self.iteration(branch, Item::Text(key), Item::of(element, key))? {
                        break;
                    }
                }
            }
            Item::Integer(count) => {
                for number in 0..*count {
                    ran = true;
                    if !self.iteration(branch, Item::Integer(number), Item::Integer(number))? {
                        break;
                    }
                }
            }
            _ if value.list_length().is_some() => {
                for (position, element) in value.elements().enumerate() {
                    ran = true;
                    let position = Item::Integer(i128::try_from(position).unwrap_or(i128::MAX));
                    if !self.iteration(branch, position, element)? {
                        break;
                    }
                }
            }
            // A header line has no rows to walk: the column's header stands for them all.
            _ if self.headers.is_some() => {
                print::value(&value, &mut self.output);
                ran = true;
            }
            _ => {
                let mut shown = Output::new(MAXIMUM_QUOTE_BYTES);
                print::value(&value, &mut shown);
                return self.fail(branch.pipe.span, format!("range can't iterate over {}", shown.into_text()));
            }
        }
        if ran { Ok(Flow::Next) } else { self.list(&branch.otherwise, dot) }
    }

    /// One turn of a range; false after `{{break}}`.
    fn iteration(&mut self, branch: &'a Branch, key: Item<'a>, element: Item<'a>) -> Result<bool> {
        self.spend(branch.pipe.span, STEP)?;
        let scope = self.variables.len();
        match branch.pipe.variables.as_slice() {
            [] => {}
            [only] => self.set(&branch.pipe, only, element.clone())?,
            [first, second, ..] => {
                self.set(&branch.pipe, first, key)?;
                self.set(&branch.pipe, second, element.clone())?;
            }
        }
        let flow = self.list(&branch.body, &element)?;
        self.variables.truncate(scope);
        Ok(flow != Flow::Break)
    }

    fn set(&mut self, pipe: &'a Pipe, name: &'a str, value: Item<'a>) -> Result<()> {
        if !pipe.assigns {
            self.variables.push((name, value));
            return Ok(());
        }
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, held)) => {
                *held = value;
                Ok(())
            }
            None => self.fail(pipe.span, format!("undefined variable: {name}")),
        }
    }

    /// The value of a pipeline, given also to the variable it declares.
    fn pipe(&mut self, pipe: &'a Pipe, dot: &Item<'a>) -> Result<Item<'a>> {
        let value = self.commands(pipe, dot)?;
        if let Some(name) = pipe.variables.first() {
            self.set(pipe, name, value.clone())?;
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &'a Pipe, dot: &Item<'a>) -> Result<Item<'a>> {
        let mut value = None;
        for command in &pipe.commands {
            self.spend(command.span, STEP)?;
            value = Some(self.command(command, dot, value)?);
        }
        Ok(value.unwrap_or(Item::Missing))
    }

    fn command(&mut self, command: &'a Command, dot: &Item<'a>, last: Option<Item<'a>>) -> Result<Item<'a>> {
        let Some((first, arguments)) = command.operands.split_first() else { return Ok(Item::Missing) };
        let takes_arguments = !arguments.is_empty() || last.is_some();
        match &first.term {
            Term::Function(function) => self.function(function, command.span, arguments, dot, last),
            Term::Field(names) if takes_arguments => self.method(first, dot.clone(), names, (arguments, dot, last)),
            Term::Variable(name, names) if takes_arguments && !names.is_empty() => {
                let receiver = self.variable(first.span, name)?;
                self.method(first, receiver, names, (arguments, dot, last))
            }
            Term::Chain(pipe, names) if takes_arguments && !names.is_empty() => {
                let receiver = self.pipe(pipe, dot)?;
                self.method(first, receiver, names, (arguments, dot, last))
            }
            _ if takes_arguments => {
                let shown = &self.template.text[first.span.start..first.span.end];
                self.fail(first.span, format!("can't give argument to non-function {shown}"))
            }
            Term::Nil => self.fail(first.span, "nil is not a command"),
            _ => self.operand(first, dot),
        }
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Item<'a>) -> Result<Item<'a>> {
        match &operand.term {
            Term::Dot => Ok(dot.clone()),
            Term::Nil => Ok(Item::Nil),
            Term::Bool(value) => Ok(Item::Bool(*value)),
            Term::Integer(value) => Ok(Item::Integer((*value).into())),
            Term::Float(value) => Ok(Item::Float(*value)),
            Term::Text(text) => Ok(Item::Text(text)),
            Term::Field(names) => self.fields(operand.span, dot.clone(), names),
            Term::Variable(name, names) => {
                let receiver = self.variable(operand.span, name)?;
                self.fields(operand.span, receiver, names)
            }
            Term::Chain(pipe, names) => {
                let receiver = self.pipe(pipe, dot)?;
                self.fields(operand.span, receiver, names)
            }
            Term::Function(function) => self.function(function, operand.span, &[], dot, None),
        }
    }

    fn variable(&self, span: Span, name: &str) -> Result<Item<'a>> {
        match self.variables.iter().rev().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => self.fail(span, format!("undefined variable: {name}")),
        }
    }

    fn fields(&self, span: Span, mut receiver: Item<'a>, names: &'a [String]) -> Result<Item<'a>> {
        if let (Some(header), Some(last)) = (self.headers, names.last()) {
            return Ok(Item::made(header(last)));
        }
        for name in names {
            receiver = match receiver.field(name) {
                Ok(value) => value,
                Err(reason) => return self.fail(span, reason),
            };
        }
        Ok(receiver)
    }

    /// A field given arguments: the one method the data has is docker's `.Label "key"`.
    fn method(
        &mut self,
        operand: &'a Operand,
        receiver: Item<'a>,
        names: &'a [String],
        (arguments, dot, last): (&'a [Operand], &Item<'a>, Option<Item<'a>>),
    ) -> Result<Item<'a>> {
        let Some((name, path)) = names.split_last() else { return Ok(receiver) };
        if self.headers.is_some() {
            return self.fields(operand.span, receiver, names);
        }
        let receiver = self.fields(operand.span, receiver, path)?;
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.operand(argument, dot)?);
        }
        values.extend(last);
        if name == "Label" && values.len() == 1 && receiver.field(name).is_err() {
            return Ok(label(&receiver, values[0].text().unwrap_or_default()));
        }
        self.fail(operand.span, format!("{name} has arguments but cannot be invoked as function"))
    }

    fn function(
        &mut self,
        function: &'static Function,
        span: Span,
        arguments: &'a [Operand],
        dot: &Item<'a>,
        last: Option<Item<'a>>,
    ) -> Result<Item<'a>> {
        let count = arguments.len() + usize::from(last.is_some());
        self.check_count(function, span, count)?;
        if matches!(function.body, Body::And | Body::Or) {
            return self.first_decisive(matches!(function.body, Body::Or), arguments, dot, last);
        }
        let mut values = Vec::with_capacity(count);
        for argument in arguments {
            values.push(self.operand(argument, dot)?);
        }
        values.extend(last);
        // podman and docker read `{{json}}` as `{{json .}}`.
        if values.is_empty() && function.name == "json" {
            values.push(dot.clone());
        }
        let bytes = values.iter().map(|value| value.text().map_or(0, str::len)).sum::<usize>();
        self.spend(span, STEP + bytes)?;
        let is_header = self.headers.is_some();
        let result = match (function.body, function.header) {
            (Body::Plain(_), Some(position)) if is_header && position < values.len() => {
                Ok(values.swap_remove(position))
            }
            (Body::Plain(run), _) => run(&values),
            _ => functions::printf(&values, is_header),
        };
        match result {
            Ok(value) => {
                self.spend(span, value.text().map_or(0, str::len))?;
                Ok(value)
            }
            Err(Fault::Call(reason)) => self.fail(span, format!("error calling {}: {reason}", function.name)),
            Err(Fault::Argument(position, reason)) => {
                self.fail(arguments.get(position).map_or(span, |argument| argument.span), reason)
            }
        }
    }

    fn check_count(&self, function: &Function, span: Span, count: usize) -> Result<()> {
        let name = function.name;
        match function.most {
            None if count < function.least => self
                .fail(span, format!("wrong number of args for {name}: want at least {} got {count}", function.least)),
            Some(most) if count < function.least || count > most => {
                self.fail(span, format!("wrong number of args for {name}: want {most} got {count}"))
            }
            _ => Ok(()),
        }
    }

    /// `and` and `or`: the first argument whose truth is `wanted`, else the last; later ones are not evaluated.
    fn first_decisive(
        &mut self,
        wanted: bool,
        arguments: &'a [Operand],
        dot: &Item<'a>,
        last: Option<Item<'a>>,
    ) -> Result<Item<'a>> {
        let mut value = Item::Missing;
        for argument in arguments {
            value = self.operand(argument, dot)?;
            if value.is_true() == wanted {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }
}

/// The label `key` of a row whose `Labels` is an object or `a=b,c=d`.
fn label<'a>(row: &Item<'a>, key: &str) -> Item<'a> {
    match row.field("Labels") {
        Ok(Item::Object(map, _)) => map.get(key).map_or(Item::Text(""), |value| Item::of(value, "")),
        Ok(Item::Text(text)) => text
            .split(',')
            .filter_map(|entry| entry.split_once('='))
            .find(|(name, _)| *name == key)
            .map_or(Item::Text(""), |(_, value)| Item::Text(value)),
        _ => Item::Text(""),
    }
}
