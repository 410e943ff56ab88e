//! The bare text's tokens, before there is a tree.
//!
//! To be sure that this scan, the parser's lexer and PostgreSQL's agree on where strings and comments end, spellings on
//! which lexers differ are refused: dollar quotes, `U&`, a `$` in a name, letters glued to a number, a string constant
//! that continues on another line.

use super::error::{ScopeError, excerpt};

/// A token.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// A keyword or a name without quotes.
    Word(&'a str),
    /// A name in quotes.
    Name,
    /// A string or a number.
    Constant,
    /// `$1`.
    Parameter(usize),
    /// A bracket, or one character of an operator.
    Byte(u8),
}

#[derive(Debug)]
pub(super) struct Scan<'a> {
    sql: &'a str,
    at: usize,
    /// Whether the last token was a string constant.
    after_string: bool,
}

impl<'a> Scan<'a> {
    pub(super) const fn new(sql: &'a str) -> Self {
        Self { sql, at: 0, after_string: false }
    }

    /// Where the last token ends.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    pub(super) fn next_item(&mut self) -> Result<Option<Item<'a>>, ScopeError> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(byte) = self.peek(0) else { return Ok(None) };
        let after_string = std::mem::take(&mut self.after_string);
        self.at += 1;
        let item = match byte {
            b'\'' => self.string(start, false, after_string)?,
            b'"' => {
                self.quoted(b'"', false, start)?;
                Item::Name
            }
            b'0'..=b'9' => self.number(start)?,
            b'.' if self.peek(0).is_some_and(|next| next.is_ascii_digit()) => self.number(start)?,
            b'$' => self.parameter(start)?,
            _ if is_name(byte) => self.word(start, after_string)?,
            _ if is_punctuation(byte) => Item::Byte(byte),
            _ => return Err(self.unsupported("this character", start)),
        };
        Ok(Some(item))
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    fn eat(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&accept) {
            self.at += 1;
        }
    }

    fn skip_blanks(&mut self) -> Result<(), ScopeError> {
        loop {
            self.eat(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c));
            match (self.peek(0), self.peek(1)) {
                (Some(b'-'), Some(b'-')) => self.eat(|byte| !matches!(byte, b'\n' | b'\r')),
                (Some(b'/'), Some(b'*')) => self.block_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), ScopeError> {
        let start = self.at;
        let mut open = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => {
                    open += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    open -= 1;
                    self.at += 2;
                    if open == 0 {
                        return Ok(());
                    }
                }
                (None | Some(0), _) => return Err(self.unsupported("a comment without an end or with NUL", start)),
                _ => self.at += 1,
            }
        }
    }

    fn string(&mut self, start: usize, escapes: bool, after_string: bool) -> Result<Item<'a>, ScopeError> {
        if after_string {
            return Err(self.unsupported("string constants that continue each other", start));
        }
        self.after_string = true;
        self.quoted(b'\'', escapes, start)?;
        Ok(Item::Constant)
    }

    /// The rest of a string or quoted name, up to a quote that is not doubled.
    fn quoted(&mut self, quote: u8, escapes: bool, start: usize) -> Result<(), ScopeError> {
        loop {
            match self.peek(0) {
                None | Some(0) => return Err(self.unsupported("a quote without an end or with NUL", start)),
                Some(b'\\') if escapes => self.at += 2,
                Some(byte) if byte == quote && self.peek(1) == Some(quote) => self.at += 2,
                Some(byte) => {
                    self.at += 1;
                    if byte == quote {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn number(&mut self, start: usize) -> Result<Item<'a>, ScopeError> {
        self.eat(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'));
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(0), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.eat(|byte| byte.is_ascii_digit());
        }
        if self.peek(0).is_some_and(|byte| is_name(byte) || byte == b'$') {
            return Err(self.unsupported("a number with letters in it", start));
        }
        Ok(Item::Constant)
    }

    fn parameter(&mut self, start: usize) -> Result<Item<'a>, ScopeError> {
        self.eat(|byte| byte.is_ascii_digit());
        let digits = &self.sql[start + 1..self.at];
        if digits.is_empty() || self.peek(0).is_some_and(|byte| is_name(byte) || byte == b'$') {
            return Err(self.unsupported("a dollar quote or a `$` without a number", start));
        }
        match digits.parse::<usize>() {
            Ok(0) => Err(self.unsupported("parameter $0", start)),
            // Too great a number is refused as one by the limit on parameters.
            Ok(number) => Ok(Item::Parameter(number)),
            Err(_) => Ok(Item::Parameter(usize::MAX)),
        }
    }

    fn word(&mut self, start: usize, after_string: bool) -> Result<Item<'a>, ScopeError> {
        self.eat(|byte| is_name(byte) || byte.is_ascii_digit());
        let word = &self.sql[start..self.at];
        match (word, self.peek(0), self.peek(1)) {
            (_, Some(b'$'), _) => Err(self.unsupported("a `$` in a name", start)),
            ("u" | "U", Some(b'&'), Some(b'\'' | b'"')) => Err(self.unsupported("`U&` with its own escapes", start)),
            ("e" | "E" | "n" | "N" | "b" | "B" | "x" | "X", Some(b'\''), _) => {
                self.at += 1;
                self.string(start, matches!(word, "e" | "E"), after_string)
            }
            _ => Ok(Item::Word(word)),
        }
    }

    fn unsupported(&self, construct: &str, at: usize) -> ScopeError {
        ScopeError::Unsupported {
            construct: construct.to_owned(),
            instead: "bind the value as a parameter, or write the constant plainly",
            excerpt: excerpt(self.sql, at),
        }
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn is_punctuation(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')'
            | b'['
            | b']'
            | b','
            | b'.'
            | b';'
            | b':'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'<'
            | b'>'
            | b'='
            | b'~'
            | b'!'
            | b'@'
            | b'#'
            | b'%'
            | b'^'
            | b'&'
            | b'|'
            | b'?'
    )
}
