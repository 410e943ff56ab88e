//! Reading what `pgoutput` prints.

use super::message::{Message, Relation, Tuple, Value};

/// Why a message can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's log printed a message that is none of protocol version 1: {0}")]
pub struct ParseError(&'static str);

/// What is left of a message.
struct Bytes<'a>(&'a [u8]);

/// Reads one message.
pub(crate) fn parse(message: &[u8]) -> Result<Message, ParseError> {
    let mut bytes = Bytes(message);
    Ok(match bytes.u8()? {
        b'B' => {
            let commit = bytes.u64()?;
            // When it was.
            bytes.skip(8)?;
            Message::Begin { commit, xid: bytes.u32()? }
        }
        b'C' => {
            // Flags, and where the commit itself begins.
            bytes.skip(9)?;
            Message::Commit { end: bytes.u64()? }
        }
        b'R' => Message::Relation(bytes.relation()?),
        b'I' => {
            let relation = bytes.u32()?;
            bytes.expect(b'N')?;
            Message::Insert { relation, new: bytes.tuple()? }
        }
        b'U' => {
            let relation = bytes.u32()?;
            let old = match bytes.u8()? {
                b'K' | b'O' => {
                    let old = bytes.tuple()?;
                    bytes.expect(b'N')?;
                    Some(old)
                }
                b'N' => None,
                _ => return Err(ParseError("an UPDATE without a row")),
            };
            Message::Update { relation, old, new: bytes.tuple()? }
        }
        b'D' => {
            let relation = bytes.u32()?;
            if !matches!(bytes.u8()?, b'K' | b'O') {
                return Err(ParseError("a DELETE without a row"));
            }
            Message::Delete { relation, old: bytes.tuple()? }
        }
        b'T' => {
            let count = bytes.u32()?;
            // Whether it cascades, and restarts sequences: the tables that it reaches are all named.
            bytes.skip(1)?;
            Message::Truncate { relations: (0..count).map(|_| bytes.u32()).collect::<Result<_, _>>()? }
        }
        // A replication origin, a type's name, a message that somebody wrote.
        b'O' | b'Y' | b'M' => Message::Other,
        _ => return Err(ParseError("its first letter is unknown")),
    })
}

impl Bytes<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], ParseError> {
        let (taken, left) = self.0.split_at_checked(count).ok_or(ParseError("it ends too early"))?;
        self.0 = left;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), ParseError> {
        self.take(count).map(drop)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        self.take(N)?.try_into().map_err(|_| ParseError("it ends too early"))
    }

    fn u8(&mut self) -> Result<u8, ParseError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, ParseError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, ParseError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, ParseError> {
        self.array().map(u64::from_be_bytes)
    }

    fn expect(&mut self, letter: u8) -> Result<(), ParseError> {
        if self.u8()? == letter { Ok(()) } else { Err(ParseError("a row is not where it belongs")) }
    }

    /// A text that ends with a zero.
    fn text(&mut self) -> Result<String, ParseError> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(ParseError("a name has no end"))?;
        let text = utf8(self.take(end)?)?;
        self.skip(1)?;
        Ok(text)
    }

    fn relation(&mut self) -> Result<Relation, ParseError> {
        let (id, schema, name) = (self.u32()?, self.text()?, self.text()?);
        // Its replica identity, which the preflight has looked at.
        self.skip(1)?;
        let count = self.u16()?;
        let mut columns = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            // Whether it is of the key; after the name its type and what modifies it.
            self.skip(1)?;
            columns.push(self.text()?);
            self.skip(8)?;
        }
        Ok(Relation { id, schema, name, columns })
    }

    fn tuple(&mut self) -> Result<Tuple, ParseError> {
        let count = self.u16()?;
        (0..count)
            .map(|_| {
                Ok(match self.u8()? {
                    b'n' => Value::Null,
                    b'u' => Value::Unchanged,
                    b't' => {
                        let length = self.u32()?;
                        Value::Text(utf8(self.take(length as usize)?)?)
                    }
                    _ => return Err(ParseError("a value is not text")),
                })
            })
            .collect()
    }
}

fn utf8(bytes: &[u8]) -> Result<String, ParseError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ParseError("a text is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Vec<u8> {
        [b"t".as_slice(), &(value.len() as u32).to_be_bytes(), value.as_bytes()].concat()
    }

    #[test]
    fn each_kind_of_value_is_read() {
        let message = [b"I\0\0\0\x07N\0\x03n".as_slice(), b"u", &text("ä")].concat();
        let new = vec![Value::Null, Value::Unchanged, Value::Text("ä".to_owned())];
        assert_eq!(parse(&message), Ok(Message::Insert { relation: 7, new }));
    }

    #[test]
    fn the_key_of_before_is_read_where_it_changed() {
        let row = |value: &str| [b"\0\x01".as_slice(), &text(value)].concat();
        let one = |value: &str| vec![Value::Text(value.to_owned())];
        let message = [b"U\0\0\0\x01K".as_slice(), &row("a"), b"N", &row("b")].concat();
        assert_eq!(parse(&message), Ok(Message::Update { relation: 1, old: Some(one("a")), new: one("b") }));
        let message = [b"U\0\0\0\x01N".as_slice(), &row("b")].concat();
        assert_eq!(parse(&message), Ok(Message::Update { relation: 1, old: None, new: one("b") }));
        let message = [b"D\0\0\0\x01K".as_slice(), &row("a")].concat();
        assert_eq!(parse(&message), Ok(Message::Delete { relation: 1, old: one("a") }));
    }

    #[test]
    fn a_table_is_read_with_its_columns() {
        let message =
            b"R\0\0\0\x05public\0notes\0d\0\x02\x01id\0\0\0\0\x17\xff\xff\xff\xff\0name\0\0\0\0\x19\xff\xff\xff\xff";
        let columns = vec!["id".to_owned(), "name".to_owned()];
        let relation = Relation { id: 5, schema: "public".to_owned(), name: "notes".to_owned(), columns };
        assert_eq!(parse(message), Ok(Message::Relation(relation)));
    }

    #[test]
    fn a_message_that_is_cut_anywhere_is_none() {
        let whole = [b"I\0\0\0\x07N\0\x02n".as_slice(), &text("abc")].concat();
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "{length}");
        }
        assert!(parse(b"Z").is_err());
    }
}
