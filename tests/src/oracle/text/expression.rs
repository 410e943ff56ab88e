//! Expressions, none of which can fail: an error would depend on which rows it happens to see.

use super::writer::Writer;
use crate::oracle::shape::Type;

const COMPARISONS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

impl Writer<'_> {
    /// A value of this type.
    pub(crate) fn scalar(&mut self, kind: Type, depth: usize) -> String {
        let simple = match self.column(kind) {
            Some(column) if !self.choices.chance(15) => column,
            _ => self.constant(kind),
        };
        if depth == 0 {
            return simple;
        }
        match self.choices.weighted(&[60, 14, 6, 6, 6]) {
            1 => self.composed(kind, &simple, depth - 1),
            2 => {
                let (condition, other) = (self.condition(depth - 1), self.scalar(kind, depth - 1));
                format!("CASE WHEN {condition} THEN {simple} ELSE {other} END")
            }
            3 => format!("coalesce({simple}, {})", self.constant(kind)),
            4 if self.spend() => self.scalar_subquery(kind, depth - 1),
            _ => simple,
        }
    }

    fn composed(&mut self, kind: Type, simple: &str, depth: usize) -> String {
        let which = self.choices.below(5);
        match (kind, which) {
            (Type::Text, 0) => format!("upper({simple})"),
            (Type::Text, 1) => format!("({simple} || {})", self.scalar(Type::Text, depth)),
            (Type::Text, 2) => format!("left({simple}, 1)"),
            (Type::Text, 3) => format!("({})::text", self.scalar(Type::Uuid, depth)),
            (Type::Text, _) => self.whole_row().map_or_else(|| simple.to_owned(), |row| format!("({row})::text")),
            (Type::Int, 0) => format!("({simple} + {})", self.scalar(Type::Int, depth)),
            (Type::Int, 1) => format!("length({})", self.scalar(Type::Text, depth)),
            (Type::Int, 2) => format!("- {simple}"),
            (Type::Int, _) => format!("abs({simple} - 2)"),
            (Type::Float, 0) => format!("({simple} * 2)"),
            (Type::Float, _) => format!("greatest({simple}, {})", self.scalar(Type::Float, depth)),
            (Type::Uuid, _) => format!("nullif({simple}, {})", self.constant(Type::Uuid)),
            (Type::Time, _) => format!("least({simple}, {})", self.scalar(Type::Time, depth)),
            (Type::Json, 0) => self.whole_row().map_or_else(|| simple.to_owned(), |row| format!("to_jsonb({row})")),
            (Type::Json, 1) => format!("jsonb_build_object('k', {})", self.scalar(Type::Text, depth)),
            (Type::Json, _) => format!("({simple} -> 'a')"),
        }
    }

    /// A row of a table in the innermost FROM.
    pub(crate) fn whole_row(&mut self) -> Option<String> {
        let frame = self.frames.last()?;
        let names: Vec<String> =
            frame.iter().filter(|source| source.table.is_some()).map(|source| source.name.clone()).collect();
        if names.is_empty() { None } else { Some(self.choices.pick(&names).clone()) }
    }

    /// One value, whatever the rows.
    pub(crate) fn scalar_subquery(&mut self, kind: Type, depth: usize) -> String {
        let (from, sources) = self.from(depth, 2);
        let identity: Vec<String> = sources.iter().flat_map(|source| source.identity()).collect();
        self.frames.push(sources);
        let filter = self.where_clause(depth);
        let text = match self.choices.below(3) {
            0 => {
                let (aggregate, _) = self.aggregate(kind);
                format!("(SELECT {aggregate} FROM {from}{filter})")
            }
            1 => {
                let value = self.scalar(kind, depth);
                format!("(SELECT {value} FROM {from}{filter} ORDER BY {} LIMIT 1)", identity.join(", "))
            }
            _ => {
                let value = self.scalar(kind, depth);
                format!("(ARRAY(SELECT {value} FROM {from}{filter} ORDER BY {}))[1]", identity.join(", "))
            }
        };
        self.frames.pop();
        text
    }

    /// Nothing, or WHERE with a condition.
    pub(crate) fn where_clause(&mut self, depth: usize) -> String {
        if self.choices.chance(65) { format!(" WHERE {}", self.condition(depth)) } else { String::new() }
    }

    /// A query in brackets with one column of this type.
    pub(crate) fn column_query(&mut self, kind: Type, depth: usize) -> String {
        let query = self.query(Some(&[kind]), depth);
        format!("({})", query.sql)
    }

    pub(crate) fn condition(&mut self, depth: usize) -> String {
        let kind = *self.choices.pick(&Type::COLUMNS);
        let left = self.scalar(kind, depth.saturating_sub(1));
        let which = self.choices.weighted(&[30, 6, 6, 12, 5, 5, 9, 8, 8, 4, 4, 5]);
        if depth == 0 && matches!(which, 3 | 6..=8 | 10) {
            return format!("{left} IS NOT NULL");
        }
        let depth = depth.saturating_sub(1);
        match which {
            1 => format!("{left} IS {}NULL", if self.choices.chance(50) { "NOT " } else { "" }),
            2 => {
                let not = if self.choices.chance(30) { "NOT " } else { "" };
                format!("{left} {not}IN ({}, {})", self.constant(kind), self.constant(kind))
            }
            3 => {
                let (one, other) = (self.condition(depth), self.condition(depth));
                match self.choices.below(3) {
                    0 => format!("({one} AND {other})"),
                    1 => format!("({one} OR {other})"),
                    _ => format!("NOT ({one} OR {other})"),
                }
            }
            4 => format!("{left} BETWEEN {} AND {}", self.constant(kind), self.scalar(kind, 0)),
            5 => format!("{left} IS NOT DISTINCT FROM {}", self.scalar(kind, 0)),
            6 if self.spend() => {
                let not = if self.choices.chance(30) { "NOT " } else { "" };
                format!("{not}EXISTS ({})", self.query(None, depth).sql)
            }
            7 if self.spend() => {
                let not = if self.choices.chance(30) { "NOT " } else { "" };
                format!("{left} {not}IN {}", self.column_query(kind, depth))
            }
            8 if self.spend() => {
                let comparison = *self.choices.pick(&COMPARISONS);
                let quantifier = *self.choices.pick(&["ANY", "ALL", "SOME"]);
                format!("{left} {comparison} {quantifier} {}", self.column_query(kind, depth))
            }
            9 => (*self.choices.pick(&["true", "true", "false", "NULL::boolean"])).to_owned(),
            10 if self.spend() => {
                let second = self.scalar(Type::Text, 0);
                format!("({left}, {second}) IN ({})", self.query(Some(&[kind, Type::Text]), depth).sql)
            }
            11 => {
                let text = self.scalar(Type::Text, 0);
                format!("{text} LIKE '{}'", self.choices.pick(&["a%", "%b", "%", "_"]))
            }
            _ => {
                let comparison = if self.choices.chance(40) { *self.choices.pick(&COMPARISONS) } else { "=" };
                format!("{left} {comparison} {}", self.scalar(kind, depth))
            }
        }
    }

    /// An aggregate that gives this type if there is one, and the type it gives.
    pub(crate) fn aggregate(&mut self, kind: Type) -> (String, Type) {
        let outer = std::mem::replace(&mut self.local, true);
        let aggregate = self.local_aggregate(kind);
        self.local = outer;
        aggregate
    }

    fn local_aggregate(&mut self, kind: Type) -> (String, Type) {
        let value = self.scalar(kind, 0);
        let distinct = if self.choices.chance(20) { "DISTINCT " } else { "" };
        let (call, gives) = match (kind, self.choices.below(3)) {
            (Type::Int, 0) => ("count(*)".to_owned(), Type::Int),
            (Type::Int, 1) => (format!("sum({distinct}{value})"), Type::Int),
            (Type::Int, _) => {
                let kind = *self.choices.pick(&Type::COLUMNS);
                (format!("count({distinct}{})", self.scalar(kind, 0)), Type::Int)
            }
            (Type::Float, 0) => (format!("sum({value})"), Type::Float),
            (Type::Float, 1) => (format!("avg({value})"), Type::Float),
            (Type::Text, 0) => (format!("string_agg({distinct}{value}, ',' ORDER BY {value})"), Type::Text),
            (Type::Uuid, 0) => (format!("(array_agg({distinct}{value} ORDER BY {value}))[1]"), Type::Uuid),
            (Type::Uuid, _) => (format!("min({value}::text)::uuid"), Type::Uuid),
            (Type::Json, _) => (format!("jsonb_agg({distinct}{value} ORDER BY {value})"), Type::Json),
            (_, 1) => (format!("max({value})"), kind),
            _ => (format!("min({value})"), kind),
        };
        // A FILTER binds to the call, not to what is made of its result.
        let plain = call.ends_with(')') && !call.starts_with('(');
        if plain && self.choices.chance(20) {
            return (format!("{call} FILTER (WHERE {})", self.condition(0)), gives);
        }
        (call, gives)
    }
}
