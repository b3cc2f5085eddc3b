//! Which bytes may a name, a value, a target have (RFC 9110, section 5; RFC 9112, section 3)?

/// Fields that are about a connection, not about a message: the guest neither sees nor sets them.
pub fn is_forbidden(name: &[u8]) -> bool {
    // Not a table: its pointers would have to be relocated at start.
    name.eq_ignore_ascii_case(b"connection")
        || name.eq_ignore_ascii_case(b"keep-alive")
        || name.eq_ignore_ascii_case(b"proxy-authenticate")
        || name.eq_ignore_ascii_case(b"proxy-authorization")
        || name.eq_ignore_ascii_case(b"proxy-connection")
        || name.eq_ignore_ascii_case(b"transfer-encoding")
        || name.eq_ignore_ascii_case(b"upgrade")
        || name.eq_ignore_ascii_case(b"host")
        || name.eq_ignore_ascii_case(b"http2-settings")
}

/// Whether a byte may stand in a token.
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a text is a token: a name of a field, a method.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_token_byte)
}

/// Whether a text may be the value of a field: no control bytes but tabs, no space at its ends.
pub fn is_value(text: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    !is_space(text.first())
        && !is_space(text.last())
        && text
            .iter()
            .all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// Whether a text may stand in a target: visible characters of ASCII.
pub fn is_target(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

/// Whether a text may name a host, with a port or without.
pub fn is_authority(text: &[u8]) -> bool {
    text.iter()
        .all(|&byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte))
}

/// A decimal number, digits only.
pub fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A text without the spaces and tabs at its ends.
pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The members of a list that a value is, separated by commas.
pub fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_connection_is_forbidden() {
        for name in ["Connection", "host", "TRANSFER-ENCODING", "http2-settings"] {
            assert!(is_forbidden(name.as_bytes()), "{name}");
        }
        for name in ["content-length", "hos", "date", ""] {
            assert!(!is_forbidden(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn values_are_one_line() {
        for value in ["", "a", "a b\tc", "\u{e9}"] {
            assert!(is_value(value.as_bytes()), "{value:?}");
        }
        for value in [" a", "a\t", "a\r\nb: c", "a\nb", "\0", "\x7f"] {
            assert!(!is_value(value.as_bytes()), "{value:?}");
        }
        assert!(is_token(b"x-y_z") && !is_token(b"") && !is_token(b"a b") && !is_token(b"a:"));
    }

    #[test]
    fn numbers_are_digits() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [
            "",
            "+1",
            "-1",
            " 1",
            "1 ",
            "0x1",
            "1,1",
            "18446744073709551616",
        ] {
            assert_eq!(number(wrong.as_bytes()), None, "{wrong:?}");
        }
        let members: Vec<_> = members(b"a, \tb,,c ").collect();
        assert_eq!(members, [&b"a"[..], b"b", b"", b"c"]);
    }
}
