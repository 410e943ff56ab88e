//! Finding the rows in what COPY sends, however it is cut into pieces.

use serde::{Deserialize, Serialize};

use crate::holdings::Holding;

/// How COPY prints rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// As the server stores values.
    Binary,
    /// A line for each row.
    Text,
}

impl Format {
    /// The binary form of types that every server has is the same everywhere. That of others holds numbers that each database gives
    /// by itself.
    pub(crate) fn of(holding: &Holding) -> Self {
        if holding.columns.iter().all(|column| column.built_in) { Self::Binary } else { Self::Text }
    }

    /// As COPY has it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Text => "text",
        }
    }
}

/// What begins the binary form: a signature, no flags and no extension.
/// <https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS>
pub(crate) const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What ends the binary form, in place of a row's number of columns.
pub(crate) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// A part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Begin,
    /// Of its columns; of the binary form without their number.
    Bytes(&'a [u8]),
    End,
}

/// It is not what COPY prints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rows can't be told apart: {0}")]
pub(crate) struct Malformed(&'static str);

/// Reads what COPY printed, piece by piece.
#[derive(Debug)]
pub(crate) struct Tuples {
    columns: usize,
    state: State,
    /// Of a word that is cut: what came.
    word: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Header,
    Count,
    /// Of the next column; how many follow it.
    Length(usize),
    /// Of a column, how many bytes; and how many columns follow.
    Body(usize, usize),
    Trailed,
    Line {
        begun: bool,
    },
}

impl Tuples {
    pub(crate) const fn new(format: Format, columns: usize) -> Self {
        let state = match format {
            Format::Binary => State::Header,
            Format::Text => State::Line { begun: false },
        };
        Self { columns, state, word: Vec::new() }
    }

    /// Takes the next piece.
    pub(crate) fn feed(&mut self, mut input: &[u8], each: &mut dyn FnMut(Part<'_>)) -> Result<(), Malformed> {
        while !input.is_empty() {
            match self.state {
                State::Line { begun } => self.line(&mut input, begun, each),
                State::Header => {
                    if self.word(&mut input, HEADER.len()) {
                        if self.word != HEADER {
                            return Err(Malformed("they don't begin as the binary form does"));
                        }
                        self.word.clear();
                        self.state = State::Count;
                    }
                }
                State::Count => self.count(&mut input, each)?,
                State::Length(others) => self.length(&mut input, others, each)?,
                State::Body(bytes, others) => {
                    let (body, rest) = input.split_at(bytes.min(input.len()));
                    each(Part::Bytes(body));
                    input = rest;
                    match bytes - body.len() {
                        0 => self.column(others, each),
                        left => self.state = State::Body(left, others),
                    }
                }
                State::Trailed => return Err(Malformed("they go on after their end")),
            }
        }
        Ok(())
    }

    /// All has come.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        match self.state {
            State::Trailed | State::Line { begun: false } => Ok(()),
            _ => Err(Malformed("they end in the middle")),
        }
    }

    /// A line break within a value is printed as `\n`.
    fn line(&mut self, input: &mut &[u8], begun: bool, each: &mut dyn FnMut(Part<'_>)) {
        if !begun {
            each(Part::Begin);
        }
        let end = input.iter().position(|byte| *byte == b'\n');
        each(Part::Bytes(&input[..end.unwrap_or(input.len())]));
        if end.is_some() {
            each(Part::End);
        }
        *input = end.map_or(&[], |end| &input[end + 1..]);
        self.state = State::Line { begun: end.is_none() };
    }

    fn count(&mut self, input: &mut &[u8], each: &mut dyn FnMut(Part<'_>)) -> Result<(), Malformed> {
        if self.word(input, TRAILER.len()) {
            if self.word == TRAILER {
                self.state = State::Trailed;
            } else if self.word == u16::try_from(self.columns).unwrap_or(u16::MAX).to_be_bytes() {
                each(Part::Begin);
                self.column(self.columns, each);
            } else {
                return Err(Malformed("a row has another number of columns than its table"));
            }
            self.word.clear();
        }
        Ok(())
    }

    fn length(&mut self, input: &mut &[u8], others: usize, each: &mut dyn FnMut(Part<'_>)) -> Result<(), Malformed> {
        if self.word(input, size_of::<i32>()) {
            each(Part::Bytes(&self.word));
            let length = i32::from_be_bytes(self.word[..].try_into().unwrap_or_default());
            self.word.clear();
            match length {
                // NULL
                -1 | 0 => self.column(others, each),
                length => {
                    let bytes = usize::try_from(length).map_err(|_| Malformed("a value has a negative length"))?;
                    self.state = State::Body(bytes, others);
                }
            }
        }
        Ok(())
    }

    /// So many columns follow.
    fn column(&mut self, follow: usize, each: &mut dyn FnMut(Part<'_>)) {
        match follow.checked_sub(1) {
            Some(others) => self.state = State::Length(others),
            None => {
                each(Part::End);
                self.state = State::Count;
            }
        }
    }

    /// Whether so many bytes of a word are there.
    fn word(&mut self, input: &mut &[u8], length: usize) -> bool {
        let (taken, rest) = input.split_at((length - self.word.len()).min(input.len()));
        self.word.extend_from_slice(taken);
        *input = rest;
        self.word.len() == length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(rows: &[&[Option<&[u8]>]]) -> Vec<u8> {
        let mut all = HEADER.to_vec();
        for row in rows {
            all.extend(i16::try_from(row.len()).expect("few").to_be_bytes());
            for value in *row {
                let length = value.map_or(-1, |value| i32::try_from(value.len()).expect("short"));
                all.extend(length.to_be_bytes());
                all.extend(value.unwrap_or_default());
            }
        }
        all.extend(TRAILER);
        all
    }

    /// The rows of it, when it comes in pieces of so many bytes.
    fn read(format: Format, columns: usize, input: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, Malformed> {
        let (mut tuples, mut rows, mut open) = (Tuples::new(format, columns), Vec::new(), None);
        for piece in input.chunks(piece) {
            tuples.feed(piece, &mut |part| match part {
                Part::Begin => assert_eq!(open.replace(Vec::new()), None),
                Part::Bytes(bytes) => open.as_mut().expect("begun").extend_from_slice(bytes),
                Part::End => rows.push(open.take().expect("begun")),
            })?;
        }
        tuples.end()?;
        assert_eq!(open, None);
        Ok(rows)
    }

    #[test]
    fn rows_are_found_however_they_are_cut() {
        let input = binary(&[&[Some(b"ab"), None], &[Some(b""), Some(b"\xff\xff")]]);
        let expected = [&b"\0\0\0\x02ab\xff\xff\xff\xff"[..], b"\0\0\0\0\0\0\0\x02\xff\xff"];
        for piece in 1..=input.len() {
            assert_eq!(read(Format::Binary, 2, &input, piece).expect("rows"), expected, "{piece}");
        }
        let input = b"a\t\\N\n\\n\tb\n\nlast\n";
        for piece in 1..=input.len() {
            let expected = [&b"a\t\\N"[..], b"\\n\tb", b"", b"last"];
            assert_eq!(read(Format::Text, 2, input, piece).expect("rows"), expected, "{piece}");
        }
        assert_eq!(read(Format::Binary, 3, &binary(&[]), 4).expect("none").len(), 0);
        assert_eq!(read(Format::Binary, 0, &binary(&[&[], &[]]), 4).expect("without columns").len(), 2);
        assert_eq!(read(Format::Text, 3, b"", 4).expect("none").len(), 0);
    }

    #[test]
    fn what_copy_does_not_print_is_refused() {
        let whole = binary(&[&[Some(b"ab")]]);
        for cut in 0..whole.len() {
            assert!(read(Format::Binary, 1, &whole[..cut], 5).is_err(), "cut at {cut}");
        }
        let mut flagged = whole.clone();
        flagged[12] = 1;
        let mut negative = whole.clone();
        negative[HEADER.len() + 2..HEADER.len() + 6].copy_from_slice(&(-2_i32).to_be_bytes());
        let more = [&whole[..], b"x"].concat();
        for wrong in [flagged, negative, more] {
            assert!(read(Format::Binary, 1, &wrong, 5).is_err(), "{wrong:?}");
        }
        assert!(read(Format::Binary, 2, &whole, 5).is_err(), "too few columns");
        assert!(read(Format::Text, 2, b"a\tb", 5).is_err(), "no end of the line");
    }
}
