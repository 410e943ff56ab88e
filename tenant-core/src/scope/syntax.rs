//! The one module that knows the parser: from text to a tree without errors, and questions about its nodes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use squawk_syntax::SourceFile;

use super::error::{ScopeError, excerpt};

pub(super) use squawk_syntax::{SyntaxKind as Kind, SyntaxNode as Node, SyntaxToken as Token};

/// An identifier as PostgreSQL prints it: in quotes where it can't do without.
pub(super) fn quoted_where_needed(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if is_plain {
        squawk_syntax::quote::quote_quoted_ident(name)
    } else {
        squawk_syntax::quote::quote_ident_always(name)
    }
}

/// Parses a text of one statement.
pub(super) fn parse(sql: &str) -> Result<Node, ScopeError> {
    let unparsable =
        |reason: &str, at: usize| ScopeError::Unparsable { reason: excerpt(reason, 0), excerpt: excerpt(sql, at) };
    // The parser is another project's code over hostile text: a panic in it is a text that it can't parse.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let parse = SourceFile::parse(sql);
        (parse.syntax_node(), parse.errors())
    }));
    let (root, errors) = parsed.map_err(|_| unparsable("the parser gave up", 0))?;
    if let Some(error) = errors.first() {
        return Err(unparsable(error.message(), error.range().start().into()));
    }
    if let Some(at) = root.descendants_with_tokens().find(|element| element.kind() == Kind::ERROR) {
        return Err(unparsable("an unknown token", at.text_range().start().into()));
    }
    let mut statements = root.children();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => Ok(statement),
        (Some(_), Some(_)) => Err(ScopeError::MultipleStatements),
        (None, _) => Err(ScopeError::Statement { kind: "an empty text".to_owned() }),
    }
}

/// The first child of this kind.
pub(super) fn child(node: &Node, kind: Kind) -> Option<Node> {
    node.children().find(|child| child.kind() == kind)
}

/// The children of this kind.
pub(super) fn children(node: &Node, kind: Kind) -> impl Iterator<Item = Node> {
    node.children().filter(move |child| child.kind() == kind)
}

/// The node's own tokens that mean something: no blanks, no comments.
pub(super) fn tokens(node: &Node) -> impl Iterator<Item = Token> {
    node.children_with_tokens().filter_map(|element| element.into_token()).filter(is_significant)
}

/// The node's own token of this kind.
pub(super) fn token(node: &Node, kind: Kind) -> Option<Token> {
    tokens(node).find(|token| token.kind() == kind)
}

/// All tokens below the node that mean something, in order.
pub(super) fn all_tokens(node: &Node) -> impl Iterator<Item = Token> {
    node.descendants_with_tokens().filter_map(|element| element.into_token()).filter(is_significant)
}

/// The node's only token, if it has one and nothing else.
pub(super) fn only_token(node: &Node) -> Option<Token> {
    let mut tokens = all_tokens(node);
    tokens.next().filter(|_| tokens.next().is_none())
}

/// Where the node's text begins.
pub(super) fn start(node: &Node) -> usize {
    node.text_range().start().into()
}

/// Where the node's text ends.
pub(super) fn end(node: &Node) -> usize {
    node.text_range().end().into()
}

/// What a kind of node is called in a message.
pub(super) fn describe(kind: Kind) -> String {
    format!("{kind:?}").to_lowercase().replace('_', " ")
}

fn is_significant(token: &Token) -> bool {
    !token.kind().is_trivia()
}
