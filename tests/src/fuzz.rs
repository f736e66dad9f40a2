//! Unusual texts and bytes: from the odd corners of Unicode, or damaged valid ones.

use rand::{Rng, RngExt, seq::IndexedRandom};

/// Valid inputs of a parser, to be damaged.
pub type Seeds = &'static [&'static str];

/// Letters that fold to several, change length or place, or look like digits; and separators.
const ODD: &str = "åÄö\u{30a}\u{308}\u{301}\u{327}\u{323}ßẞİıςΣǅŉﬃ½⑴㍿ﷺÅKℌ٠७𝟘²한ㅎ\u{1100}\u{200d}\u{202e}\u{feff}\u{fffd}\u{a0}\u{2011}\u{2028}\0\n\r\u{10ffff}🦀\u{1f1f8}";

/// A text of up to some thousand characters.
pub fn text(random: &mut impl Rng, seeds: Seeds) -> String {
    match random.random_range(0..10) {
        0 => {
            let (c, times) = (any(random), random.random_range(0..2_000));
            std::iter::repeat_n(c, times).collect()
        }
        1 | 2 => {
            let longest = [5, 40, 1_200][random.random_range(0..3)];
            let length = random.random_range(0..longest);
            (0..length).map(|_| any(random)).collect()
        }
        3 => seeds.iter().filter(|_| random.random_bool(0.7)).copied().collect(),
        _ => {
            let valid = seeds.choose(random).copied().unwrap_or_default();
            damaged(random, valid)
        }
    }
}

/// A time in RFC 3339, of any year in the calendar and often at its ends. Some have a leap second,
/// or an offset whose plus sign became a space in an address.
pub fn time(random: &mut impl Rng) -> String {
    const YEARS: [&str; 14] = [
        "-262143", "-262144", "-9999", "-0001", "0000", "0001", "1969", "1999", "2000", "2026",
        "2199", "2200", "+262142", "+262143",
    ];
    const CLOCKS: [&str; 6] = [
        "00:00:00",
        "23:59:59",
        "23:59:60",
        "12:30:60.999999999",
        "01:59:59.999999999999",
        "24:00:00",
    ];
    const OFFSETS: [&str; 8] =
        ["Z", "z", "+00:00", "-23:59", "+23:59", " 01:00", "+0100", "-24:00"];
    let year = if random.random_bool(0.8) {
        one(random, &YEARS).to_owned()
    } else {
        random.random_range(-300_000..300_000).to_string()
    };
    let (month, day) =
        (random.random_range(0..14), one(random, &["01", "28", "29", "30", "31", "00"]));
    format!("{year}-{month:02}-{day}T{}{}", one(random, &CLOCKS), one(random, &OFFSETS))
}

fn one(random: &mut impl Rng, of: &[&'static str]) -> &'static str {
    of.choose(random).copied().unwrap_or_default()
}

/// Bytes that begin like `valid`, with some of them changed, removed or inserted.
pub fn bytes(random: &mut impl Rng, valid: &[u8]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for _ in 0..random.random_range(0..20) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.random()),
            2 if at < bytes.len() => {
                bytes[at] = [0, 0x7f, 0x80, 0xff][usize::from(random.random::<u8>() % 4)]
            }
            _ if at < bytes.len() => bytes[at] = random.random(),
            _ => {}
        }
    }
    bytes
}

fn damaged(random: &mut impl Rng, valid: &str) -> String {
    let mut text: Vec<char> = valid.chars().collect();
    for _ in 0..random.random_range(0..6) {
        let at = random.random_range(0..=text.len());
        match random.random_range(0..4) {
            0 => text.insert(at, any(random)),
            1 if at < text.len() => drop(text.remove(at)),
            2 if at < text.len() => text[at] = any(random),
            _ => {
                let part = text[at..].to_vec();
                text.extend(part);
            }
        }
    }
    text.into_iter().collect()
}

fn any(random: &mut impl Rng) -> char {
    match random.random_range(0..4) {
        0 => ODD.chars().nth(random.random_range(0..44)).unwrap_or('?'),
        1 => char::from(random.random_range(b' '..=b'~')),
        2 => char::from_u32(random.random_range(0..0x3000)).unwrap_or('?'),
        _ => char::from_u32(random.random_range(0..0x11_0000)).unwrap_or('\u{fffd}'),
    }
}
