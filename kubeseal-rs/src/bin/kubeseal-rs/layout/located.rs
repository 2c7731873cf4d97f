//! A YAML or JSON text as trees that remember where each node stands in it. Nothing is resolved: an alias stays an alias, and
//! what an unquoted scalar means is not asked, because this is for editing a text and not for reading it.

use std::ops::Range;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use zeroize::Zeroizing;

const MAXIMUM_DEPTH: usize = 64;

/// A node of a document.
pub(crate) struct Located {
    /// Where it stands, in bytes. Meaningful for scalars, and for collections with brackets.
    pub(crate) span: Range<usize>,
    pub(crate) anchored: bool,
    pub(crate) tag: Option<String>,
    pub(crate) content: Content,
}

/// What a node holds. The text of a file may be secret elsewhere than in its SealedSecrets, so texts are wiped.
pub(crate) enum Content {
    Scalar(Zeroizing<String>, ScalarStyle),
    List(Vec<Located>),
    Map(Vec<(Located, Located)>),
    Alias(usize),
}

/// The text is no YAML and no JSON.
pub(crate) struct Malformed {
    /// From 1.
    pub(crate) line: usize,
}

impl Located {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Whether it is an unquoted scalar that means nothing.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(text, ScalarStyle::Plain)
            if self.tag.is_none() && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[(Located, Located)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Located] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Located> {
        self.entries().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The text under a key of a mapping.
    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    fn shifted(mut self, by: usize) -> Located {
        self.span = self.span.start + by..self.span.end + by;
        self.content = match self.content {
            Content::List(items) => Content::List(items.into_iter().map(|item| item.shifted(by)).collect()),
            Content::Map(entries) => {
                Content::Map(entries.into_iter().map(|(key, value)| (key.shifted(by), value.shifted(by))).collect())
            }
            other => other,
        };
        self
    }
}

/// Reads every document that is not empty: YAML documents, or JSON objects one after the other.
pub(crate) fn documents(text: &str) -> Result<Vec<Located>, Malformed> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let text = &text[mark..];
    let mut documents = Vec::new();
    let whole = || std::iter::once(0..text.len()).collect();
    for piece in json_objects(text).unwrap_or_else(whole) {
        let found = yaml(&text[piece.clone()]).map_err(|line| {
            let before = text[..piece.start].bytes().filter(|byte| *byte == b'\n').count();
            Malformed { line: before + line }
        })?;
        documents.extend(found.into_iter().map(|document| document.shifted(mark + piece.start)));
    }
    Ok(documents)
}

/// Where the objects of a stream of JSON stand; `None` when it is none. Each of them alone is YAML too.
fn json_objects(text: &str) -> Option<Vec<Range<usize>>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(object) = stream.next() {
        object.ok()?;
        pieces.push(start..stream.byte_offset());
        start = stream.byte_offset();
    }
    Some(pieces)
}

/// The documents of a YAML text, or the line of the first mistake.
fn yaml(text: &str) -> Result<Vec<Located>, usize> {
    let mut documents = Vec::new();
    let mut builder = Builder::of(text);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.marker().line())?;
        match event {
            Event::DocumentStart(..) => builder = Builder::of(text),
            Event::DocumentEnd => documents.extend(builder.document.take().filter(|document| !document.is_null())),
            event => builder.accept(event, &span).ok_or(span.start.line())?,
        }
    }
    Ok(documents)
}

struct Builder<'t> {
    text: &'t str,
    open: Vec<Open>,
    document: Option<Located>,
}

/// A collection whose end has not come yet.
struct Open {
    node: Located,
    key: Option<Located>,
}

impl Builder<'_> {
    fn of(text: &str) -> Builder<'_> {
        Builder { text, open: Vec::new(), document: None }
    }

    fn accept(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        let (start, end) = (span.start.byte_offset()?, span.end.byte_offset()?);
        let node = |anchor, tag: Option<&Tag>, content| {
            let tag = tag.map(|tag| format!("{:?}", tag.parts()));
            // That of a block scalar begins at its first letter and reaches into the line after it.
            let is_block = matches!(content, Content::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded));
            let end = if is_block { start + self.text.get(start..end)?.trim_end().len() } else { end };
            Some(Located { span: start..end, anchored: anchor > 0, tag, content })
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let content = Content::Scalar(Zeroizing::new(text.into_owned()), style);
                self.add(node(anchor, tag.as_deref(), content)?)
            }
            Event::Alias(anchor) => self.add(node(0, None, Content::Alias(anchor))?),
            Event::SequenceStart(_, anchor, tag) => {
                self.start(node(anchor, tag.as_deref(), Content::List(Vec::new()))?)
            }
            Event::MappingStart(_, anchor, tag) => self.start(node(anchor, tag.as_deref(), Content::Map(Vec::new()))?),
            Event::SequenceEnd | Event::MappingEnd => self.end(span.end),
            _ => Some(()),
        }
    }

    fn start(&mut self, node: Located) -> Option<()> {
        self.open.push(Open { node, key: None });
        (self.open.len() <= MAXIMUM_DEPTH).then_some(())
    }

    fn end(&mut self, end: Marker) -> Option<()> {
        let mut open = self.open.pop()?;
        open.node.span.end = end.byte_offset()?;
        self.add(open.node)
    }

    fn add(&mut self, node: Located) -> Option<()> {
        let Some(open) = self.open.last_mut() else {
            self.document = Some(node);
            return Some(());
        };
        match &mut open.node.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => match open.key.take() {
                None => open.key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            Content::Scalar(..) | Content::Alias(_) => return None,
        }
        Some(())
    }
}
