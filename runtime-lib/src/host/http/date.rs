//! The date of a message, as RFC 9110, section 5.6.7, has it: `Sun, 06 Nov 1994 08:49:37 GMT`.

/// Bytes of a date.
pub const LEN: usize = 29;

/// The date that so many seconds after the beginning of 1970 fall on.
pub fn format(seconds: u64) -> [u8; LEN] {
    const WEEKDAYS: [u8; 21] = *b"ThuFriSatSunMonTueWed";
    const MONTHS: [u8; 36] = *b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let days = seconds / 86_400;
    let (year, month, day) = civil(days);
    let mut text = *b"xxx, 00 xxx 0000 00:00:00 GMT";
    let name = |names: &'static [u8], at: u64| {
        let at = at as usize * 3;
        names.get(at..at + 3).unwrap_or_default()
    };
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(room) = text.get_mut(at..at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
    };
    let two = |number: u64| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
    put(0, name(&WEEKDAYS, days % 7));
    put(5, &two(day));
    put(8, name(&MONTHS, month - 1));
    put(12, &two(year / 100));
    put(14, &two(year % 100));
    put(17, &two(seconds / 3600 % 24));
    put(20, &two(seconds / 60 % 60));
    put(23, &two(seconds % 60));
    text
}

/// Year, month and day of the day that is so many days after the first of 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years that begin in March have their leap day last. There are 719468 days from the first of
    // March of year 0 to 1970, and 146097 in 400 years.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(core::str::from_utf8(&format(seconds)).unwrap(), text);
        }
    }
}
