//! What is checked on the bare text before the parser sees it: size, depth, and everything two lexers could read differently.

use super::error::{ScopeError, excerpt};

/// The longest text that is read.
const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of brackets.
const MAX_BRACKETS: usize = 200;
/// The most keywords and operators that can stand above one token in the tree.
const MAX_DEPTH: usize = 10_000;
/// PostgreSQL's protocol counts a statement's parameters in 16 bits.
const MAX_PARAMETERS: usize = 65_535;
/// What one bracket costs in depth: the parser recurses several times for each.
const BRACKET: usize = 4;

/// What the text looks like from outside.
#[derive(Debug)]
pub(super) struct Outline {
    /// An upper bound of the depth of the syntax tree.
    pub(super) depth: usize,
    /// The first keyword, in upper case; empty when the text begins with a bracket.
    pub(super) first_word: String,
    /// The highest parameter.
    pub(super) parameters: usize,
}

/// Reads the text's tokens without a tree.
///
/// The parser recurses, so a bound on depth must hold before it runs. To be sure that this scan and the parser's lexer
/// agree on where strings and comments end, spellings on which lexers differ are refused here: dollar quotes, `U&`,
/// a `$` in a name, letters glued to a number.
pub(super) fn outline(sql: &str) -> Result<Outline, ScopeError> {
    if sql.len() > MAX_BYTES {
        return Err(ScopeError::TooLong { bytes: sql.len(), limit: MAX_BYTES });
    }
    let mut scan =
        Scan { sql, at: 0, levels: vec![Level::default()], ended: false, dots: 0, dotted: false, glued: false };
    let mut outline = Outline { depth: 0, first_word: String::new(), parameters: 0 };
    let mut first = true;
    while let Some(item) = scan.next()? {
        if scan.ended {
            return Err(ScopeError::MultipleStatements);
        }
        match item {
            Item::End => {
                scan.ended = true;
                continue;
            }
            Item::Word(word) if first => outline.first_word = word.to_ascii_uppercase(),
            Item::Parameter(number) => outline.parameters = outline.parameters.max(number),
            Item::Word(_) | Item::Other => {}
        }
        first = false;
        outline.depth = outline.depth.max(scan.weigh(&item)?);
    }
    if first {
        return Err(ScopeError::Statement { kind: "an empty text".to_owned() });
    }
    if outline.parameters >= MAX_PARAMETERS {
        return Err(ScopeError::TooManyParameters { limit: MAX_PARAMETERS });
    }
    Ok(outline)
}

enum Item<'a> {
    Word(&'a str),
    Parameter(usize),
    Other,
    End,
}

/// What stands open at one level of brackets.
#[derive(Clone, Copy, Default)]
struct Level {
    /// What the enclosing levels weigh.
    base: usize,
    /// Set operations and joins, which chain across commas.
    chained: usize,
    /// Everything else since the last comma.
    item: usize,
}

struct Scan<'a> {
    sql: &'a str,
    at: usize,
    levels: Vec<Level>,
    ended: bool,
    /// How many dots the name being read has.
    dots: usize,
    /// Whether the last token was a dot.
    dotted: bool,
    /// Whether the last token was a string constant.
    glued: bool,
}

impl<'a> Scan<'a> {
    fn next(&mut self) -> Result<Option<Item<'a>>, ScopeError> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(&byte) = self.sql.as_bytes().get(start) else { return Ok(None) };
        let after_string = std::mem::take(&mut self.glued);
        let dotted = std::mem::replace(&mut self.dotted, byte == b'.');
        if byte != b'.' && !dotted {
            self.dots = 0;
        }
        self.at += 1;
        Ok(Some(match byte {
            b'\'' if after_string => return Err(self.unsupported("string constants that continue each other", start)),
            b'\'' => self.string(false)?,
            b'"' => self.quoted()?,
            b'0'..=b'9' => self.number()?,
            b'.' if self.peek().is_some_and(|next| next.is_ascii_digit()) => self.number()?,
            b'$' => self.parameter()?,
            b';' => Item::End,
            b'(' | b')' | b'[' | b']' | b',' | b'.' | b':' => Item::Other,
            _ if is_operator(byte) => Item::Other,
            _ if is_name_start(byte) => self.word(start, after_string)?,
            _ => return Err(self.unsupported("this character", start)),
        }))
    }

    fn peek(&self) -> Option<u8> {
        self.sql.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&accept) {
            self.at += 1;
        }
    }

    fn skip_blanks(&mut self) -> Result<(), ScopeError> {
        loop {
            self.eat(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c));
            let rest = &self.sql.as_bytes()[self.at..];
            if rest.starts_with(b"--") {
                self.eat(|byte| !matches!(byte, b'\n' | b'\r'));
            } else if rest.starts_with(b"/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), ScopeError> {
        let start = self.at;
        let mut open = 0;
        loop {
            let rest = &self.sql.as_bytes()[self.at..];
            if rest.starts_with(b"/*") {
                open += 1;
                self.at += 2;
            } else if rest.starts_with(b"*/") {
                open -= 1;
                self.at += 2;
                if open == 0 {
                    return Ok(());
                }
            } else if rest.is_empty() {
                return Err(self.unsupported("a comment without an end", start));
            } else {
                self.at += 1;
            }
        }
    }

    fn string(&mut self, escapes: bool) -> Result<Item<'a>, ScopeError> {
        let start = self.at - 1;
        self.glued = true;
        loop {
            match self.peek() {
                None | Some(0) => return Err(self.unsupported("a string constant without an end or with NUL", start)),
                Some(b'\\') if escapes => self.at += 2,
                Some(b'\'') if self.sql.as_bytes().get(self.at + 1) == Some(&b'\'') => self.at += 2,
                Some(b'\'') => break,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(Item::Other)
    }

    fn quoted(&mut self) -> Result<Item<'a>, ScopeError> {
        let start = self.at - 1;
        loop {
            match self.peek() {
                None | Some(0) => return Err(self.unsupported("a quoted name without an end or with NUL", start)),
                Some(b'"') if self.sql.as_bytes().get(self.at + 1) == Some(&b'"') => self.at += 2,
                Some(b'"') => break,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(Item::Other)
    }

    fn number(&mut self) -> Result<Item<'a>, ScopeError> {
        let start = self.at - 1;
        self.eat(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'));
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.eat(|byte| byte.is_ascii_digit());
        }
        if self.peek().is_some_and(|byte| is_name_start(byte) || byte == b'$') {
            return Err(self.unsupported("a number with letters in it", start));
        }
        Ok(Item::Other)
    }

    fn parameter(&mut self) -> Result<Item<'a>, ScopeError> {
        let start = self.at - 1;
        self.eat(|byte| byte.is_ascii_digit());
        if self.peek().is_some_and(|byte| is_name_start(byte) || byte == b'$') || self.at == start + 1 {
            return Err(self.unsupported("a dollar quote or a `$` without a number", start));
        }
        let digits = &self.sql[start + 1..self.at];
        match digits.parse::<usize>() {
            Ok(0) => Err(self.unsupported("parameter $0", start)),
            Ok(number) if number < MAX_PARAMETERS => Ok(Item::Parameter(number)),
            _ => Err(ScopeError::TooManyParameters { limit: MAX_PARAMETERS }),
        }
    }

    fn word(&mut self, start: usize, after_string: bool) -> Result<Item<'a>, ScopeError> {
        self.eat(|byte| is_name_start(byte) || byte.is_ascii_digit());
        let word = &self.sql[start..self.at];
        match self.peek() {
            Some(b'$') => return Err(self.unsupported("a `$` in a name", start)),
            Some(b'\'') if matches!(word, "e" | "E" | "n" | "N" | "b" | "B" | "x" | "X") => {
                if after_string {
                    return Err(self.unsupported("string constants that continue each other", start));
                }
                self.at += 1;
                return self.string(matches!(word, "e" | "E"));
            }
            Some(b'&') if matches!(word, "u" | "U") => {
                if matches!(self.sql.as_bytes().get(self.at + 1), Some(b'\'' | b'"')) {
                    return Err(self.unsupported("`U&` with its own escapes", start));
                }
            }
            _ => {}
        }
        Ok(Item::Word(word))
    }

    /// The depth at which the item just read can stand.
    fn weigh(&mut self, item: &Item<'_>) -> Result<usize, ScopeError> {
        let level = self.levels.len() - 1;
        let open = &mut self.levels[level];
        match item {
            Item::Word(word) if chains(word) => open.chained += 1,
            Item::Word(_) => open.item += 1,
            Item::Parameter(_) | Item::End => {}
            Item::Other => match self.sql.as_bytes()[self.at - 1] {
                b'(' | b'[' => {
                    open.item += 1;
                    let base = open.base + open.chained + open.item + BRACKET;
                    self.levels.push(Level { base, ..Level::default() });
                }
                b')' | b']' if level > 0 => drop(self.levels.pop()),
                b',' => open.item = 0,
                b'.' => self.dots += 1,
                byte if is_operator(byte) || byte == b':' => open.item += 1,
                _ => {}
            },
        }
        let top = self.levels[self.levels.len() - 1];
        let depth = top.base + top.chained + top.item;
        let what = if self.levels.len() > MAX_BRACKETS {
            "brackets in brackets"
        } else if depth > MAX_DEPTH {
            "a chain of operators or keywords"
        } else if self.dots > 8 {
            "a name of many parts"
        } else {
            return Ok(depth);
        };
        Err(ScopeError::TooDeep { what, excerpt: excerpt(self.sql, self.at) })
    }

    fn unsupported(&self, construct: &str, at: usize) -> ScopeError {
        ScopeError::Unsupported {
            construct: construct.to_owned(),
            instead: "bind the value as a parameter, or write the constant plainly",
            excerpt: excerpt(self.sql, at),
        }
    }
}

fn chains(word: &str) -> bool {
    ["SELECT", "UNION", "INTERSECT", "EXCEPT", "JOIN"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'?'
    )
}
