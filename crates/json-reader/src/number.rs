//! Numbers by their grammar, never by their value. The loops run over plain slices, since the body of
//! a vector search is mostly this.

/// Length of the number at the beginning of `bytes`; `None` if there is none.
pub fn length(bytes: &[u8]) -> Option<usize> {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = match bytes.get(sign)? {
        b'0' => 1,
        _ => digits(bytes.get(sign..)?)?,
    };
    let mut end = sign + whole;
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(bytes.get(end + 1..)?)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end += 1 + sign + digits(bytes.get(end + 1 + sign..)?)?;
    }
    Some(end)
}

/// How many digits there are at the beginning, at least one. Eight at a time: most numbers of a
/// vector have eight to seventeen.
fn digits(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((eight, more)) = rest.split_first_chunk::<8>()
        && are_digits(u64::from_le_bytes(*eight))
    {
        rest = more;
    }
    let tail = rest.iter().position(|b| !b.is_ascii_digit());
    let count = bytes.len() - rest.len() + tail.unwrap_or(rest.len());
    (count > 0).then_some(count)
}

/// Whether all eight bytes are `0`..=`9`: their upper half is 3, also after 6 was added, which carries
/// `:`..=`?` over. (A byte from 0xfa on may carry into its neighbour, but its own upper half is no 3.)
fn are_digits(eight: u64) -> bool {
    const UPPER: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const THREES: u64 = 0x3030_3030_3030_3030;
    const SIXES: u64 = 0x0606_0606_0606_0606;
    eight & UPPER == THREES && eight.wrapping_add(SIXES) & UPPER == THREES
}

/// Length and count of a flat array of at least one number, brackets included; `None` for any other.
pub fn array(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut rest = bytes.strip_prefix(b"[")?;
    let mut count = 0;
    loop {
        rest = after_space(rest);
        rest = after_space(rest.get(length(rest)?..)?);
        count += 1;
        match rest.split_first()? {
            (b',', more) => rest = more,
            (b']', more) => return Some((bytes.len() - more.len(), count)),
            _ => return None,
        }
    }
}

fn after_space(bytes: &[u8]) -> &[u8] {
    match bytes.first() {
        Some(b' ' | b'\t' | b'\n' | b'\r') => bytes.trim_ascii_start(),
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_end_where_their_grammar_ends() {
        let cases: [(&str, Option<usize>); 9] = [
            ("0", Some(1)),
            ("01", Some(1)),
            ("-12.5e+3,", Some(8)),
            ("12345678901234567890]", Some(20)),
            ("0.12345678901234567 ", Some(19)),
            ("-", None),
            ("1.", None),
            ("1e", None),
            ("+1", None),
        ];
        for (text, length_of) in cases {
            assert_eq!(length(text.as_bytes()), length_of, "{text}");
        }
    }

    proptest! {
        #[test]
        fn eight_bytes_are_digits_only_if_each_is(bytes in any::<[u8; 8]>(), digits in proptest::array::uniform8(b'0'..=b'9')) {
            let each = bytes.iter().all(u8::is_ascii_digit);
            prop_assert_eq!(are_digits(u64::from_le_bytes(bytes)), each);
            prop_assert!(are_digits(u64::from_le_bytes(digits)));
            let mut one_off = digits;
            one_off[3] = bytes[3];
            prop_assert_eq!(are_digits(u64::from_le_bytes(one_off)), bytes[3].is_ascii_digit());
        }
    }
}
