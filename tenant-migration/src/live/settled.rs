//! The one form of an expression that PostgreSQL prints otherwise once it has read what it printed.
//!
//! `code IN ('a', 'b')` on a varchar is kept as an array of varchar that is cast as a whole, and printed so; read again, the
//! cast is each element's. Everything else is printed as it was read.

const BEGIN: &str = "(ARRAY['";
const END: &str = "])::text[]";

/// The text as the server prints it after it has read it.
pub(super) fn settled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let (before, array) = rest.split_at(start);
        out.push_str(before);
        if let Some((elements, after)) = elements(&array["(ARRAY[".len()..]) {
            let each: Vec<String> = elements.iter().map(|element| format!("({element})::text")).collect();
            out += &format!("ARRAY[{}]", each.join(", "));
            rest = after;
        } else {
            out.push_str(BEGIN);
            rest = &array[BEGIN.len()..];
        }
    }
    out + rest
}

/// The elements of an array of varchar constants that is cast to text[], and what follows; `None` for any other.
fn elements(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut elements = Vec::new();
    let mut rest = text;
    loop {
        let length = constant(rest)?;
        let after = rest[length..].strip_prefix("::character varying")?;
        elements.push(&rest[..rest.len() - after.len()]);
        if let Some(next) = after.strip_prefix(", ") {
            rest = next;
        } else {
            return Some((elements, after.strip_prefix(END)?));
        }
    }
}

/// The length of the string constant that the text begins with. A quote within it is doubled.
fn constant(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    characters.next().filter(|(_, first)| *first == '\'')?;
    while let Some((at, character)) = characters.next() {
        if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_none() {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn the_cast_of_an_array_becomes_that_of_each_element() {
        let kept =
            "CHECK (((state)::text = ANY ((ARRAY['it''s'::character varying, 'old'::character varying])::text[])))";
        let read = "CHECK (((state)::text = ANY (ARRAY[('it''s'::character varying)::text, ('old'::character varying)::text])))";
        assert_eq!(settled(kept), read);
        assert_eq!(settled(read), read);
    }

    #[test]
    fn any_other_array_stays() {
        for text in
            ["(ARRAY['a'::text])::text[]", "(ARRAY['a'::character varying])::varchar[]", "x = '(ARRAY['", "(ARRAY['é"]
        {
            assert_eq!(settled(text), text);
        }
    }
}
