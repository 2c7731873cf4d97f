//! Walks the tree of a template and writes its output. Expressions are `evaluate`'s part.

use zeroize::Zeroizing;

use super::fault::Fault;
use super::functions::Function;
use super::host::Host;
use super::node::{Node, Pipe, Templates};
use super::print;
use super::value::Value;
use super::{MissingKey, Options};

/// How deep templates may call templates and blocks may nest while running; the parser bounds each single template.
const DEEPEST: usize = 150;

/// A running template.
pub(super) struct Machine<'a, 'h> {
    pub(super) host: Host<'h>,
    pub(super) missing_key: MissingKey,
    templates: &'a Templates,
    pub(super) variables: Vec<(&'a str, Value)>,
    output: Zeroizing<Vec<u8>>,
    pub(super) depth: usize,
}

/// What a block tells the loop around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// Renders the template `options.name`.
pub(super) fn execute(
    templates: &Templates,
    context: &Value,
    options: &Options<'_>,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut machine = Machine {
        host: Host::new(options.now, options.random, options.limits),
        missing_key: options.missing_key,
        templates,
        variables: vec![("$", context.clone())],
        output: Zeroizing::new(Vec::new()),
        depth: 0,
    };
    if let Some(root) = templates.get(options.name) {
        machine.walk(context, root)?;
    }
    machine.variables.clear();
    Ok(std::mem::take(&mut machine.output))
}

impl<'a> Machine<'a, '_> {
    /// Runs something one level deeper.
    pub(super) fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            return Err(Fault::new("templates, blocks or parentheses are nested too deep"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.host.reserve(bytes.len())?;
        if self.output.len() + bytes.len() > self.host.longest() {
            return Err(Fault::new("the output is too long"));
        }
        self.output.extend_from_slice(bytes);
        Ok(())
    }

    fn walk(&mut self, dot: &Value, nodes: &'a [Node]) -> Result<Flow, Fault> {
        self.deeper(|machine| {
            for node in nodes {
                match machine.step(dot, node)? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                }
            }
            Ok(Flow::Next)
        })
    }

    fn step(&mut self, dot: &Value, node: &'a Node) -> Result<Flow, Fault> {
        self.host.spend(1)?;
        match node {
            Node::Text(text) => self.write(text.as_bytes())?,
            Node::Action(pipe) => self.action(dot, pipe)?,
            Node::If { branches, otherwise } => return self.branches(dot, branches, otherwise, false),
            Node::With { branches, otherwise } => return self.branches(dot, branches, otherwise, true),
            Node::Range { pipe, body, otherwise } => return self.range(dot, pipe, body, otherwise),
            Node::Template { name, pipe, line } => {
                self.template(dot, name, pipe.as_ref()).map_err(|fault| fault.at(None, *line))?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, dot: &Value, pipe: &'a Pipe) -> Result<(), Fault> {
        let value = self.pipeline(dot, pipe)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        match &value {
            Value::Text(text) => self.write(text.bytes()),
            Value::Absent | Value::Null => self.write(b"<no value>"),
            value => print::print(&mut self.host, std::slice::from_ref(value)).and_then(|text| self.write(&text)),
        }
        .map_err(|fault| fault.at(None, pipe.line))
    }

    fn branches(
        &mut self,
        dot: &Value,
        branches: &'a [(Pipe, Vec<Node>)],
        otherwise: &'a [Node],
        is_with: bool,
    ) -> Result<Flow, Fault> {
        let mark = self.variables.len();
        let mut chosen = None;
        for (pipe, body) in branches {
            let value = self.pipeline(dot, pipe)?;
            if value.is_true() {
                chosen = Some((value, body));
                break;
            }
        }
        let flow = match &chosen {
            Some((value, body)) => self.walk(if is_with { value } else { dot }, body),
            None => self.walk(dot, otherwise),
        };
        self.variables.truncate(mark);
        flow
    }

    fn template(&mut self, dot: &Value, name: &str, pipe: Option<&'a Pipe>) -> Result<(), Fault> {
        let Some(nodes) = self.templates.get(name) else { return Err(Fault::new("a template is not defined")) };
        let dot = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Absent,
        };
        let variables = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let result = self.walk(&dot, nodes);
        self.variables = variables;
        result.map(|_| ())
    }

    fn range(&mut self, dot: &Value, pipe: &'a Pipe, body: &'a [Node], otherwise: &'a [Node]) -> Result<Flow, Fault> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, pipe)?;
        let mut items = Items::of(&value, pipe.variables.len()).map_err(|fault| fault.at(None, pipe.line))?;
        let mut ran = false;
        let mut flow = Flow::Next;
        while let Some((index, item)) = items.next() {
            ran = true;
            self.host.spend(1).map_err(|fault| fault.at(None, pipe.line))?;
            match self.iteration(pipe, index, &item, body)? {
                Flow::Break => break,
                Flow::Next | Flow::Continue => {}
            }
        }
        if !ran {
            flow = self.walk(dot, otherwise)?;
        }
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn iteration(&mut self, pipe: &'a Pipe, index: Value, item: &Value, body: &'a [Node]) -> Result<Flow, Fault> {
        let mark = self.variables.len();
        match pipe.variables.as_slice() {
            [] => {}
            [only] => self.loop_variable(pipe, only, 1, item.clone())?,
            [first, second, ..] => {
                self.loop_variable(pipe, first, 2, index)?;
                self.loop_variable(pipe, second, 1, item.clone())?;
            }
        }
        let flow = self.walk(item, body);
        self.variables.truncate(mark);
        flow
    }

    /// Gives a variable its value for one turn; those that the loop declares lie on top of the stack.
    fn loop_variable(&mut self, pipe: &Pipe, name: &str, from_top: usize, value: Value) -> Result<(), Fault> {
        if pipe.assigns {
            return self.assign(name, value).map_err(|fault| fault.at(None, pipe.line));
        }
        let place = self.variables.len().checked_sub(from_top).and_then(|at| self.variables.get_mut(at));
        if let Some(place) = place {
            place.1 = value;
        }
        Ok(())
    }

    pub(super) fn assign(&mut self, name: &str, value: Value) -> Result<(), Fault> {
        let place = self.variables.iter_mut().rev().find(|(known, _)| *known == name);
        place.map(|place| place.1 = value).ok_or_else(|| Fault::new("undefined variable"))
    }

    /// Calls a function with arguments that it accepts.
    pub(super) fn call(&mut self, function: &Function, arguments: Vec<Value>) -> Result<Value, Fault> {
        for argument in &arguments {
            self.host.weigh(argument)?;
        }
        let value = (function.call)(&mut self.host, super::functions::Arguments::new(arguments))?;
        self.host.weigh(&value)?;
        Ok(value)
    }
}

/// What a range goes through.
enum Items {
    Ints { next: i64, end: i64, make: fn(i64) -> Value },
    Pairs(std::vec::IntoIter<(Value, Value)>),
}

impl Items {
    fn of(value: &Value, variables: usize) -> Result<Items, Fault> {
        let (end, make): (i64, fn(i64) -> Value) = match value {
            Value::Absent | Value::Null => (0, Value::Int),
            Value::Int(end) | Value::Named(_, _, end) => (*end, Value::Int),
            Value::Int64(end) => (*end, Value::Int64),
            Value::Byte(end) => (i64::from(*end), |next| Value::Byte(u8::try_from(next).unwrap_or_default())),
            Value::Uint64(end) => {
                let end = i64::try_from(*end).unwrap_or(i64::MAX);
                (end, |next| Value::Uint64(u64::try_from(next).unwrap_or_default()))
            }
            Value::List(list) => {
                let items = list.items().into_iter().map(Value::in_place).enumerate();
                let pairs: Vec<_> =
                    items.map(|(index, item)| (Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), item)).collect();
                return Ok(Items::Pairs(pairs.into_iter()));
            }
            Value::Map(map) => {
                let entries = map.entries().into_iter();
                let pairs: Vec<_> = entries.map(|(key, value)| (Value::text(key), value.in_place())).collect();
                return Ok(Items::Pairs(pairs.into_iter()));
            }
            other => return Err(Fault::new(format!("range cannot iterate over {}", other.type_name()))),
        };
        if variables > 1 && !value.is_nil() {
            return Err(Fault::new("an integer gives a range one variable only"));
        }
        Ok(Items::Ints { next: 0, end, make })
    }

    fn next(&mut self) -> Option<(Value, Value)> {
        match self {
            Items::Ints { next, end, make } => {
                let item = (*next < *end).then(|| make(*next))?;
                *next += 1;
                Some((Value::Absent, item))
            }
            Items::Pairs(pairs) => pairs.next(),
        }
    }
}
