//! What is checked on the bare text before the parser sees it: size, depth, number of statements and parameters.

use super::error::{ScopeError, excerpt};
use super::scan::{Item, Scan};

/// The longest text that is read.
const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of brackets.
const MAX_BRACKETS: usize = 200;
/// The most keywords and operators that can stand above one token in the tree.
const MAX_DEPTH: usize = 10_000;
/// The most dots in one name.
const MAX_DOTS: usize = 8;
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

/// Reads the text's tokens without a tree: the parser recurses, so a bound on depth must hold before it runs.
pub(super) fn outline(sql: &str) -> Result<Outline, ScopeError> {
    if sql.len() > MAX_BYTES {
        return Err(ScopeError::TooLong { bytes: sql.len(), limit: MAX_BYTES });
    }
    let mut outline = Outline { depth: 0, first_word: String::new(), parameters: 0 };
    let mut scan = Scan::new(sql);
    let mut depth = Depth::new();
    let (mut first, mut ended) = (true, false);
    while let Some(item) = scan.next_item()? {
        if ended {
            return Err(ScopeError::MultipleStatements);
        }
        match item {
            Item::Byte(b';') => {
                ended = true;
                continue;
            }
            Item::Word(word) if first => outline.first_word = word.to_ascii_uppercase(),
            Item::Parameter(number) => outline.parameters = outline.parameters.max(number),
            Item::Word(_) | Item::Byte(_) | Item::Name | Item::Constant => {}
        }
        first = false;
        let here = depth.add(&item).ok_or_else(|| ScopeError::Unparsable {
            reason: "brackets that don't match".to_owned(),
            excerpt: excerpt(sql, scan.position()),
        })?;
        outline.depth = outline.depth.max(here);
        if let Some(what) = depth.excess(here) {
            return Err(ScopeError::TooDeep { what, excerpt: excerpt(sql, scan.position()) });
        }
    }
    if first {
        return Err(ScopeError::Statement { kind: "an empty text".to_owned() });
    }
    // One more is the tenant's.
    if outline.parameters >= MAX_PARAMETERS {
        return Err(ScopeError::TooManyParameters { limit: MAX_PARAMETERS });
    }
    Ok(outline)
}

/// A text's first keyword, in upper case; empty when it begins with a bracket.
pub(crate) fn first_word(sql: &str) -> Result<String, ScopeError> {
    match Scan::new(sql).next_item()? {
        Some(Item::Word(word)) => Ok(word.to_ascii_uppercase()),
        Some(Item::Byte(b'(')) => Ok(String::new()),
        Some(_) => {
            Err(ScopeError::Unparsable { reason: "no statement begins with this".to_owned(), excerpt: excerpt(sql, 0) })
        }
        None => Err(ScopeError::Statement { kind: "an empty text".to_owned() }),
    }
}

/// What stands open at one level of brackets.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// What the enclosing levels weigh.
    base: usize,
    /// Set operations and joins, which chain across commas.
    chained: usize,
    /// Everything else since the last comma.
    item: usize,
}

/// How deep in the tree a token can stand: below each keyword and operator of its item, and of those around it.
#[derive(Debug)]
struct Depth {
    /// The levels around this one, each with the bracket that closes this level.
    outer: Vec<(Level, u8)>,
    level: Level,
    dots: usize,
    dotted: bool,
}

impl Depth {
    fn new() -> Self {
        Self { outer: Vec::new(), level: Level::default(), dots: 0, dotted: false }
    }

    /// The depth at which the item can stand; nothing when it closes another bracket than the one that is open.
    ///
    /// Brackets must match, because the parser goes on after an error, deeper with each bracket that it saw opened.
    fn add(&mut self, item: &Item<'_>) -> Option<usize> {
        let dot = matches!(item, Item::Byte(b'.'));
        let after_dot = std::mem::replace(&mut self.dotted, dot);
        if dot {
            self.dots += 1;
        } else if !after_dot {
            self.dots = 0;
        }
        match item {
            Item::Word(word) if chains(word) => self.level.chained += 1,
            Item::Word(_) => self.level.item += 1,
            Item::Byte(bracket @ (b'(' | b'[')) => {
                self.level.item += 1;
                let inner = Level { base: self.level.weight() + BRACKET, ..Level::default() };
                let closed_by = if *bracket == b'(' { b')' } else { b']' };
                self.outer.push((std::mem::replace(&mut self.level, inner), closed_by));
            }
            Item::Byte(bracket @ (b')' | b']')) => {
                let (level, _) = self.outer.pop().filter(|(_, closed_by)| closed_by == bracket)?;
                self.level = level;
            }
            Item::Byte(b',') => self.level.item = 0,
            Item::Byte(b'.' | b';') | Item::Parameter(_) | Item::Name | Item::Constant => {}
            Item::Byte(_) => self.level.item += 1,
        }
        Some(self.level.weight())
    }

    fn excess(&self, depth: usize) -> Option<&'static str> {
        if self.outer.len() > MAX_BRACKETS {
            Some("brackets in brackets")
        } else if depth > MAX_DEPTH {
            Some("a chain of operators or keywords")
        } else if self.dots > MAX_DOTS {
            Some("a name of many parts")
        } else {
            None
        }
    }
}

impl Level {
    const fn weight(&self) -> usize {
        self.base + self.chained + self.item
    }
}

fn chains(word: &str) -> bool {
    ["SELECT", "UNION", "INTERSECT", "EXCEPT", "JOIN"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
