//! Changes to a statement's token stream, and the text that is made of it.

use std::collections::BTreeMap;

use super::syntax::{Kind, Node, all_tokens, end, start};

/// Changes, by place in the incoming text.
#[derive(Debug, Default)]
pub(super) struct Edits {
    before: BTreeMap<usize, String>,
    after: BTreeMap<usize, String>,
    replaced: BTreeMap<usize, (usize, String)>,
}

impl Edits {
    /// Puts text before the token that begins here.
    pub(super) fn before(&mut self, at: usize, text: &str) {
        append(&mut self.before, at, text);
    }

    /// Puts text after the token that ends here, and after what was put there earlier: inner constructs come first.
    pub(super) fn after(&mut self, at: usize, text: &str) {
        append(&mut self.after, at, text);
    }

    /// Puts text in the place of a node.
    pub(super) fn replace(&mut self, node: &Node, text: String) {
        self.replace_range(start(node), end(node), text);
    }

    /// Puts text in the place of the tokens from here to there.
    pub(super) fn replace_range(&mut self, from: usize, to: usize, text: String) {
        self.replaced.insert(from, (to, text));
    }

    /// The statement's tokens with the changes: comments gone, blanks reduced to one each.
    ///
    /// Tokens that touch in the incoming text touch in the result (`->>` stays one operator), tokens that don't, don't
    /// (`- -` stays two).
    pub(super) fn render(&self, statement: &Node) -> String {
        let mut text =
            Text { out: String::with_capacity(usize::from(statement.text_range().len()) + 64), space: false };
        let mut skip_to = 0;
        let mut last_end = start(statement);
        for token in all_tokens(statement) {
            let (from, to) = (usize::from(token.text_range().start()), usize::from(token.text_range().end()));
            if token.kind() == Kind::SEMICOLON || from < skip_to {
                last_end = to;
                text.space |= self.after.contains_key(&to);
                self.push_after(&mut text, to);
                continue;
            }
            text.space |= from > last_end;
            if let Some(before) = self.before.get(&from) {
                text.insert(before);
            }
            if let Some((end, replacement)) = self.replaced.get(&from) {
                text.insert(replacement);
                skip_to = *end;
            } else {
                text.push(token.text());
            }
            last_end = to;
            self.push_after(&mut text, to);
        }
        text.out
    }

    fn push_after(&self, text: &mut Text, at: usize) {
        if let Some(after) = self.after.get(&at) {
            text.insert(after);
        }
    }
}

fn append(edits: &mut BTreeMap<usize, String>, at: usize, text: &str) {
    let edit = edits.entry(at).or_default();
    if !edit.is_empty() {
        edit.push(' ');
    }
    edit.push_str(text);
}

struct Text {
    out: String,
    /// Whether the next token stands apart from the last.
    space: bool,
}

impl Text {
    fn push(&mut self, token: &str) {
        let closes = token.starts_with([')', ',', ']']);
        if std::mem::take(&mut self.space) && !closes && !self.out.is_empty() && !self.out.ends_with(['(', '[']) {
            self.out.push(' ');
        }
        self.out.push_str(token);
    }

    /// Text of ours stands apart from its neighbours.
    fn insert(&mut self, text: &str) {
        self.space = true;
        self.push(text);
        self.space = true;
    }
}
