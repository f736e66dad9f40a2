//! Words of notes and fields, and the search for them.
//!
//! A word is a run of letters and digits. Case and accents are folded by Unicode's rules
//! (compatibility decomposition, marks dropped, lower case), so "cafe" finds "Café". Å, ä and ö are
//! separate letters in Swedish and remain as they are.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::InvalidSearch;

/// Words to find: all of them, the last one as the beginning of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    whole: Vec<String>,
    beginning: String,
}

/// The most characters of a word in a search.
pub const LETTERS: usize = 64;

impl Words {
    const MOST: usize = 10;

    /// Parses 1 to 10 words.
    pub fn parse(text: &str) -> Result<Self, InvalidSearch> {
        let mut words = tokens(text);
        let fits =
            words.len() <= Self::MOST && words.iter().all(|word| word.chars().count() <= LETTERS);
        match words.pop() {
            Some(beginning) if fits => Ok(Self { whole: words, beginning }),
            _ => Err(InvalidSearch::Words),
        }
    }

    /// The words to find as whole words.
    pub fn whole(&self) -> &[String] {
        &self.whole
    }

    /// The word to find as the beginning of a word.
    pub fn beginning(&self) -> &str {
        &self.beginning
    }

    /// Whether the texts together contain all of the words.
    pub fn hold<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let words: Vec<String> = texts.into_iter().flat_map(tokens).collect();
        self.whole.iter().all(|wanted| words.contains(wanted))
            && words.iter().any(|word| word.starts_with(&self.beginning))
    }
}

/// The words of a text, folded, in order.
pub fn tokens(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfc().flat_map(char::to_lowercase) {
        if matches!(c, 'å' | 'ä' | 'ö') {
            folded.push(c);
        } else {
            folded.extend(
                std::iter::once(c)
                    .nfkd()
                    .filter(|c| !is_combining_mark(*c))
                    .flat_map(char::to_lowercase),
            );
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_accents_are_folded_but_swedish_letters_remain() {
        assert_eq!(tokens("Café-mötet, ÅRE 2026!"), ["cafe", "mötet", "åre", "2026"]);
        assert_eq!(tokens("A\u{30a}sa e\u{301}tude ﬁn"), ["åsa", "etude", "fin"]);
        assert_eq!(tokens(" … ,"), Vec::<String>::new());
    }

    #[test]
    fn all_words_must_occur_and_the_last_may_be_a_beginning() {
        let holds =
            |typed: &str, text: &str| Words::parse(typed).is_ok_and(|words| words.hold([text]));
        assert!(holds("ring fak", "Ring om fakturan"));
        assert!(holds("FAKTURAN ri", "Ring om fakturan"));
        assert!(!holds("fak ring", "Ring om fakturan"), "only the last is a beginning");
        assert!(!holds("faktura mötet", "Ring om fakturan"));
        assert!(!holds("o", "Örjan"));
    }

    #[test]
    fn rejects_a_text_without_words_or_with_too_many() {
        for typed in ["", " -! ", "a b c d e f g h i j k", &"x".repeat(65)] {
            assert_eq!(Words::parse(typed), Err(InvalidSearch::Words), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_accepted_or_refused(text in "\\PC{0,200}") {
            let _read = Words::parse(&text);
        }

        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,60}") {
            let once = tokens(&text);
            prop_assert_eq!(tokens(&once.join(" ")), once);
        }

        #[test]
        fn a_text_contains_its_own_words(text in "\\PC{1,40}") {
            if let Ok(words) = Words::parse(&text) {
                prop_assert!(words.hold([text.as_str()]));
            }
        }
    }
}
