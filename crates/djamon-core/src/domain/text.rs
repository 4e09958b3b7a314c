//! The documented helpers for text: `readable_time`, `ordinal` and slugs; counts; names and what was meant by a misspelt one.

use super::Invalid;

/// A length of time in seconds as people say it, in hours, minutes and seconds; parts that are nought are left out.
///
/// ```
/// use djamon_core::domain::text::readable_time;
/// assert_eq!(readable_time(3723), "1 hour, 2 minutes and 3 seconds");
/// assert_eq!(readable_time(0), "0 seconds");
/// ```
pub fn readable_time(seconds: u64) -> String {
    let parts: Vec<String> =
        [("hour", seconds / 3600), ("minute", seconds / 60 % 60), ("second", seconds % 60)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(unit, count)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
            .collect();
    match parts.as_slice() {
        [] => "0 seconds".to_owned(),
        [only] => only.clone(),
        [first, last] => format!("{first} and {last}"),
        [first, middle @ .., last] => format!("{first}, {} and {last}", middle.join(", ")),
    }
}

/// Nought or a whole number, given as a number or as text, with its ordinal suffix.
///
/// ```
/// use djamon_core::domain::text::ordinal;
/// assert_eq!(ordinal(111).unwrap(), "111th");
/// assert_eq!(ordinal("3").unwrap(), "3rd");
/// ```
///
/// # Errors
/// A sentence, when `value` is not a whole number from nought on.
pub fn ordinal(value: impl ToString) -> Result<String, String> {
    let text = value.to_string();
    let number: u64 = text.trim().parse().map_err(|_| format!("{text:?} is not a whole number from 0 on"))?;
    let suffix = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    Ok(format!("{number}{suffix}"))
}

/// A number as people read it, a comma before every three digits. Never for JSON, CSV or addresses.
///
/// ```
/// use djamon_core::domain::text::count;
/// assert_eq!(count(999), "999");
/// assert_eq!(count(-1234567), "-1,234,567");
/// ```
pub fn count(number: impl ToString) -> String {
    let text = number.to_string();
    let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
    let mut told = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// `text` as it may stand in a URL: lower case, letters of other scripts put into Latin ones, every run of other
/// characters one hyphen, none at the ends; at most 60 characters; empty when nothing is left.
pub fn slugify(text: &str) -> String {
    let mut slug = String::new();
    for c in deunicode::deunicode(text).chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(60);
    slug.trim_end_matches('-').to_owned()
}

/// A slug that a person wants.
///
/// # Errors
/// [`Invalid`] of the field `slug`, when it is not as [`slugify`] would make one.
pub fn slug(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || slugify(text) != text {
        let problem = format!("{text:?} cannot be a slug; use small letters, digits and single hyphens");
        return Err(Invalid::new("slug", problem));
    }
    Ok(text.to_owned())
}

/// The slug of `text`, or of `fallback` when it has none, that is not `taken`: `shops`, `shops-2`, `shops-3` …
pub fn unique_slugify(text: &str, fallback: &str, mut taken: impl FnMut(&str) -> bool) -> String {
    let slug = slugify(text);
    let slug = if slug.is_empty() { fallback.to_owned() } else { slug };
    if !taken(&slug) {
        return slug;
    }
    (2u32..).map(|n| format!("{slug}-{n}")).find(|candidate| !taken(candidate)).unwrap_or(slug)
}

/// `text` fit for a detail: control characters escaped, at most `most` characters, the cut shown by an ellipsis.
pub fn plain(text: &str, most: usize) -> String {
    let mut plain = String::new();
    for (count, c) in text
        .chars()
        .flat_map(|c| {
            c.is_control()
                .then(|| c.escape_default())
                .into_iter()
                .flatten()
                .chain((!c.is_control()).then_some(c))
        })
        .enumerate()
    {
        if count + 1 == most {
            plain.push('…');
            break;
        }
        plain.push(c);
    }
    plain
}

/// The candidate that `word` was probably meant to be: at most three letters away, and fewer in short words.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let distance =
        |candidate: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
    let most = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .iter()
        .map(|candidate| (distance(candidate), *candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The most characters a name may have.
pub const LONGEST_NAME: usize = 200;

/// A name that a person gave to a site, a group or a channel, without spaces around it.
///
/// # Errors
/// [`Invalid`] of the field `name`: nothing, too much, or what cannot be printed.
pub fn name(text: &str) -> Result<String, Invalid> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Invalid::new(
            "name",
            format!("{name:?} cannot be a name; use 1 to 200 printable characters"),
        ));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinals_are_the_documented_ones() {
        let first_twelve: Vec<_> = (1..13).map(|n| ordinal(n).unwrap()).collect();
        assert_eq!(
            first_twelve,
            ["1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th", "11th", "12th"]
        );
        assert_eq!(ordinal(100).unwrap(), "100th");
        assert_eq!(ordinal("111").unwrap(), "111th");
        assert_eq!(ordinal("112").unwrap(), "112th");
        assert_eq!(ordinal(1011).unwrap(), "1011th");
        assert_eq!((ordinal(0).unwrap(), ordinal(21).unwrap()), ("0th".into(), "21st".into()));
        assert_eq!(ordinal(-1).unwrap_err(), "\"-1\" is not a whole number from 0 on");
    }

    #[test]
    fn times_are_read_out_in_hours_minutes_and_seconds() {
        for (seconds, words) in [
            (1, "1 second"),
            (60, "1 minute"),
            (61, "1 minute and 1 second"),
            (7200, "2 hours"),
            (7205, "2 hours and 5 seconds"),
            (360_000, "100 hours"),
        ] {
            assert_eq!(readable_time(seconds), words);
        }
    }

    #[test]
    fn slugs_are_unique_and_readable() {
        assert_eq!(slugify("  Bücher & Мир!  "), "bucher-mir");
        assert_eq!(slugify("127.0.0.1:8001"), "127-0-0-1-8001");
        assert_eq!(unique_slugify("Shops", "group", |slug| slug == "shops"), "shops-2");
        assert_eq!(unique_slugify("!!!", "site", |_| false), "site");
    }

    #[test]
    fn details_are_short_and_have_no_control_characters() {
        assert_eq!(plain("a\r\nb", 500), "a\\r\\nb");
        assert_eq!(plain("abcdef", 4), "abc…");
    }

    proptest! {
        #[test]
        fn a_slug_is_always_fit_for_a_url(text in ".*") {
            let slug = unique_slugify(&text, "site", |slug| slug.len() % 2 == 1);
            prop_assert!(!slug.is_empty() && slug.len() < 70);
            prop_assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
        }

        #[test]
        fn plain_text_stays_within_its_limit(text in ".*", most in 1usize..40) {
            let plain = plain(&text, most);
            prop_assert!(plain.chars().count() <= most);
            prop_assert!(!plain.chars().any(char::is_control));
        }
    }
}
