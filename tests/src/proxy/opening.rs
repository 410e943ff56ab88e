//! The first packet of a connection, which has no type.

const TLS_REQUEST: u32 = 80_877_103;
const GSSAPI_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// The server's own limit.
const LONGEST: usize = 10_000;

/// What a client's first bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening<'a> {
    /// Not all there yet.
    Incomplete,
    /// A question for encryption: these bytes, followed by another opening.
    Encryption(usize),
    /// A request to cancel another connection's statement.
    Cancel,
    /// A session's beginning, for this role.
    Session { role: &'a [u8] },
    /// Nothing that PostgreSQL would answer.
    Foreign,
}

impl<'a> Opening<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let Some((header, _)) = bytes.split_first_chunk::<8>() else { return Self::Incomplete };
        let [a, b, c, d, code @ ..] = *header;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        match u32::from_be_bytes(code) {
            _ if !(header.len()..=LONGEST).contains(&length) => Self::Foreign,
            _ if bytes.len() < length => Self::Incomplete,
            TLS_REQUEST | GSSAPI_REQUEST => Self::Encryption(length),
            CANCEL_REQUEST => Self::Cancel,
            version if version >> 16 == 3 => Self::Session { role: role(&bytes[header.len()..length]) },
            _ => Self::Foreign,
        }
    }
}

/// The value of `user` among names and values that each end in a zero. The last one wins, as for the server.
fn role(parameters: &[u8]) -> &[u8] {
    let mut texts = parameters.split(|&byte| byte == 0);
    let mut role: &[u8] = b"";
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        if name == b"user" {
            role = value;
        }
    }
    role
}

/// The server's answer to a role that isn't let in, made as PostgreSQL makes it.
pub(super) fn refusal(message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C28000\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    [b"E", length.to_be_bytes().as_slice(), fields.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::{Opening, TLS_REQUEST};

    fn packet(code: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).expect("a short body");
        [length.to_be_bytes().as_slice(), &code.to_be_bytes(), body].concat()
    }

    #[test]
    fn a_session_names_its_role() {
        let bytes = packet(3 << 16, b"database\0user\0user\0tenancy_app\0\0");
        assert_eq!(Opening::read(&bytes), Opening::Session { role: b"tenancy_app" });
        assert_eq!(Opening::read(&bytes[..bytes.len() - 1]), Opening::Incomplete);
        assert_eq!(Opening::read(&bytes[..5]), Opening::Incomplete);
    }

    #[test]
    fn a_question_for_encryption_is_taken_off() {
        let bytes = [packet(TLS_REQUEST, b""), packet(3 << 16, b"\0")].concat();
        assert_eq!(Opening::read(&bytes), Opening::Encryption(8));
    }

    #[test]
    fn other_protocols_are_told_apart() {
        assert_eq!(Opening::read(b"GET / HTTP/1.1\r\n"), Opening::Foreign);
    }
}
