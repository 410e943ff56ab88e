//! A CSV file, read whole and checked before anything of it is used.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord};

/// What is wrong with a file of molecules, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}:{column}: {problem}", .path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 when the file could not be read at all.
    pub line: u64,
    /// The character within the line, from 1; 0 when the file could not be read at all.
    pub column: usize,
    /// What is wrong there.
    pub problem: FileProblem,
}

/// What can be wrong with a file of molecules.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// The file can't be read.
    #[error("can't be read: {0}")]
    Unreadable(std::io::Error),
    /// The header names a column that is not known.
    #[error("unknown column `{name}`: the file has the columns {known}")]
    UnknownColumn {
        /// The name.
        name: String,
        /// The columns that are known.
        known: String,
    },
    /// The header lacks a column.
    #[error("the header has no column `{0}`")]
    MissingColumn(&'static str),
    /// The header names a column twice.
    #[error("the header names the column `{0}` twice")]
    RepeatedColumn(String),
    /// A line has more or fewer fields than the header.
    #[error("{found} fields, where the header has {expected}")]
    Fields {
        /// Fields of this line.
        found: u64,
        /// Fields of the header.
        expected: u64,
    },
    /// A quotation or encoding error.
    #[error("malformed line: {0}")]
    Malformed(csv::Error),
    /// A field that must be filled is empty.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// A field is not of its type.
    #[error("`{name}` is `{text}`, which is not {expected}")]
    NotANumber {
        /// The field.
        name: &'static str,
        /// Its text.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An id stands twice.
    #[error("the id `{id}` already stands in line {first}")]
    Duplicate {
        /// The id.
        id: String,
        /// The line where it stands first.
        first: u64,
    },
}

/// A file whose header is known to be right, and whose lines have as many fields as the header.
pub(crate) struct CsvFile {
    path: PathBuf,
    text: String,
    positions: HashMap<&'static str, usize>,
    records: Vec<StringRecord>,
}

impl CsvFile {
    /// Reads the file; its header must hold each of `columns` once, in any order, and nothing else.
    pub(crate) fn read(path: &Path, columns: &'static [&'static str]) -> Result<Self, FileError> {
        let at = |line, column, problem| FileError { path: path.to_owned(), line, column, problem };
        let text = std::fs::read_to_string(path).map_err(|failure| at(0, 0, FileProblem::Unreadable(failure)))?;
        let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
        let malformed = |failure: csv::Error| {
            let line = failure.position().map_or(1, Position::line);
            match failure.kind() {
                ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    at(line, 1, FileProblem::Fields { found: *len, expected: *expected_len })
                }
                _ => at(line, 1, FileProblem::Malformed(failure)),
            }
        };
        let header = reader.headers().map_err(malformed)?.clone();
        let mut positions = HashMap::new();
        for (index, name) in header.iter().enumerate() {
            let column = character(&text, 0, index);
            let Some(known) = columns.iter().find(|column| **column == name) else {
                let problem = FileProblem::UnknownColumn { name: name.to_owned(), known: columns.join(", ") };
                return Err(at(1, column, problem));
            };
            if positions.insert(*known, index).is_some() {
                return Err(at(1, column, FileProblem::RepeatedColumn(name.to_owned())));
            }
        }
        if let Some(missing) = columns.iter().find(|column| !positions.contains_key(*column)) {
            return Err(at(1, 1, FileProblem::MissingColumn(missing)));
        }
        let records = reader.records().collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        Ok(Self { path: path.to_owned(), text, positions, records })
    }

    /// The lines after the header. Those whose `id` stood before are an error.
    pub(crate) fn rows<T>(
        &self,
        id: &'static str,
        row: impl Fn(&Row<'_>) -> Result<T, FileError>,
    ) -> Result<Vec<T>, FileError> {
        let mut first = HashMap::new();
        let mut rows = Vec::with_capacity(self.records.len());
        for record in &self.records {
            let line = Row { file: self, record };
            let text = line.text(id)?;
            if let Some(first) = first.insert(text, line.line()) {
                return Err(line.error(id, FileProblem::Duplicate { id: text.to_owned(), first }));
            }
            rows.push(row(&line)?);
        }
        Ok(rows)
    }
}

/// One line of a file.
pub(crate) struct Row<'a> {
    file: &'a CsvFile,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    fn field(&self, name: &'static str) -> &'a str {
        self.record.get(self.file.positions[name]).unwrap_or_default().trim()
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, Position::line)
    }

    fn error(&self, name: &'static str, problem: FileProblem) -> FileError {
        let start = self.record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        let column = character(&self.file.text, start, self.file.positions[name]);
        FileError { path: self.file.path.clone(), line: self.line(), column, problem }
    }

    /// A field that must be filled.
    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, FileError> {
        let text = self.field(name);
        if text.is_empty() { Err(self.error(name, FileProblem::Empty(name))) } else { Ok(text) }
    }

    /// A number that must be there.
    pub(crate) fn number<T: FromStr>(&self, name: &'static str, expected: &'static str) -> Result<T, FileError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| self.error(name, FileProblem::NotANumber { name, text: text.to_owned(), expected }))
    }

    /// A number that may be missing.
    pub(crate) fn optional_number<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, FileError> {
        if self.field(name).is_empty() { Ok(None) } else { self.number(name, expected).map(Some) }
    }
}

/// The character, from 1, at which field `index` starts in the line that starts at byte `start`.
fn character(text: &str, start: usize, index: usize) -> usize {
    let mut quoted = false;
    let mut field = 0;
    for (offset, c) in text.get(start..).unwrap_or_default().trim_start_matches(['\r', '\n']).chars().enumerate() {
        if field == index {
            return offset + 1;
        }
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => field += 1,
            _ => {}
        }
    }
    1
}
