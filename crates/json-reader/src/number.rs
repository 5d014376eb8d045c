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
/// vector have eight to seventeen, and a loop over the rest of them would be mispredicted each time.
fn digits(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let found = loop {
        let Some((eight, more)) = rest.split_first_chunk::<8>() else {
            break rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        };
        match leading_digits(u64::from_le_bytes(*eight)) {
            8 => rest = more,
            fewer => break fewer,
        }
    };
    let count = bytes.len() - rest.len() + found;
    (count > 0).then_some(count)
}

/// How many of eight bytes, from the lowest on, are digits: `0`..=`9` become 0..=9, of which none
/// carries into the upper bit when 0x76 is added to its seven lower ones, and all others do or have it.
fn leading_digits(eight: u64) -> usize {
    const UPPER: u64 = 0x8080_8080_8080_8080;
    let values = eight ^ 0x3030_3030_3030_3030;
    let others = (((values & !UPPER) + 0x7676_7676_7676_7676) | values) & UPPER;
    (others.trailing_zeros() / 8) as usize
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
        fn digits_are_counted_up_to_the_first_other_byte(bytes in any::<[u8; 8]>(), digits in proptest::array::uniform8(b'0'..=b'9'), at in 0usize..8) {
            let count = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(leading_digits(u64::from_le_bytes(bytes)), count(&bytes));
            prop_assert_eq!(leading_digits(u64::from_le_bytes(digits)), 8);
            let mut one_off = digits;
            one_off[at] = bytes[at];
            prop_assert_eq!(leading_digits(u64::from_le_bytes(one_off)), count(&one_off));
        }
    }
}
