//! Text for X: at most 280 weighted characters together with a link, and nothing in it that would become one or call a
//! stranger. Pure.
//!
//! The weights are those of X's character counting (docs.x.com, "Counting characters"): code points of the light ranges
//! weigh 1, all others 2, and whatever X takes for a URL weighs 23. An emoji of several code points weighs 2 there and
//! more here: too much is the safe side.

/// What one text may weigh: a post of 280, less a link and the space before it.
pub(super) const MOST: usize = 280 - 24;

/// A space of no width: it parts what X would otherwise join to a link, and weighs 1.
const PARTING: char = '\u{200b}';

/// `text` with `stamp` behind it, cut so that both together stay within [`MOST`]; the stamp is kept whole.
pub(super) fn fitted(text: &str, stamp: &str) -> String {
    let (text, stamp) = (parted(text), parted(stamp));
    let room = MOST.saturating_sub(weight(&stamp));
    format!("{}{stamp}", cut(&text, room))
}

/// What `text` weighs at most.
pub(super) fn weight(text: &str) -> usize {
    text.split(' ').map(word_weight).sum::<usize>() + text.matches(' ').count()
}

fn word_weight(word: &str) -> usize {
    let plain = word.chars().map(char_weight).sum();
    if joins_link(word) { 23.max(plain) } else { plain }
}

fn char_weight(c: char) -> usize {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

fn joins_link(word: &str) -> bool {
    let after_dot = word.split('.').skip(1);
    after_dot.into_iter().any(|part| part.starts_with(char::is_alphanumeric))
}

/// `text` with every dot before a letter or figure and every `@` parted from what follows: `shop.example` is a name
/// here and must not become a link (posts with links cost more), `@ops` must not call a person of that name.
fn parted(text: &str) -> String {
    let mut parted = String::new();
    let mut after = None;
    for c in text.chars() {
        if matches!(after, Some('.' | '@')) && (c.is_alphanumeric() || c == '_') {
            parted.push(PARTING);
        }
        parted.push(c);
        after = Some(c);
    }
    parted
}

fn cut(text: &str, room: usize) -> String {
    if weight(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut weighs = char_weight('…');
    for c in text.chars() {
        weighs += char_weight(c);
        if weighs > room {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heavy_characters_count_twice_and_links_23() {
        assert_eq!(weight("DOWN: shop"), 10);
        assert_eq!(weight("é – ’"), 5);
        assert_eq!(weight("店 €"), 5);
        assert_eq!(weight("see a.io now"), 3 + 1 + 23 + 1 + 3);
    }

    #[test]
    fn names_become_neither_links_nor_mentions() {
        assert_eq!(fitted("DOWN: shop.example @ops", "."), "DOWN: shop.\u{200b}example @\u{200b}ops.");
        assert_eq!(fitted("Over. Done", ""), "Over. Done");
    }

    #[test]
    fn the_stamp_survives_any_length() {
        let short = fitted(&"店".repeat(500), " (outage 7)");
        assert!(short.ends_with("店… (outage 7)"));
        assert!((MOST - 1..=MOST).contains(&weight(&short)));
    }

    proptest! {
        #[test]
        fn nothing_outweighs_a_post(text in ".{0,400}", stamp in "[ -~]{0,60}") {
            prop_assert!(weight(&fitted(&text, &stamp)) <= MOST);
        }
    }
}
