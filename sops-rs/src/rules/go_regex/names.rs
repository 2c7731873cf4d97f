//! The names of classes that Go knows.

const POSIX: &str = "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit";

/// General categories by their short names, but for `Cs`, which no text has.
const CATEGORIES: &str = "\
    C Cc Cf Cn Co L LC Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs";

/// Other names of categories, without what does not count.
const ALIASES: &str = "\
    CasedLetter=LC ClosePunctuation=Pe CombiningMark=M ConnectorPunctuation=Pc Control=Cc CurrencySymbol=Sc \
    DashPunctuation=Pd DecimalNumber=Nd EnclosingMark=Me FinalPunctuation=Pf Format=Cf InitialPunctuation=Pi \
    Letter=L LetterNumber=Nl LineSeparator=Zl LowercaseLetter=Ll Mark=M MathSymbol=Sm ModifierLetter=Lm \
    ModifierSymbol=Sk NonspacingMark=Mn Number=N OpenPunctuation=Ps Other=C OtherLetter=Lo OtherNumber=No \
    OtherPunctuation=Po OtherSymbol=So ParagraphSeparator=Zp PrivateUse=Co Punctuation=P Separator=Z \
    SpaceSeparator=Zs SpacingMark=Mc Symbol=S TitlecaseLetter=Lt Unassigned=Cn UppercaseLetter=Lu cntrl=Cc \
    digit=Nd punct=P";

/// Scripts with a name of one word; those of several Go does not find.
const SCRIPTS: &str = "\
    Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese \
    Buhid Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Dogra \
    Duployan Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul \
    Hanunoo Hatran Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer Khojki \
    Khudawadi Lao Latin Lepcha Limbu Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen \
    Medefaidrin Miao Modi Mongolian Mro Multani Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage \
    Osmanya Palmyrene Phoenician Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo \
    Sundanese Syriac Tagalog Tagbanwa Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto \
    Ugaritic Vai Vithkuqi Wancho Yezidi Yi";

/// Whether there is a class `[:name:]`.
pub(super) fn is_posix(name: &str) -> bool {
    POSIX.split(' ').any(|known| known == name)
}

/// The class of a category or script; `None` if there is none of that name. Case, spaces, `_` and `-` do not count.
pub(super) fn class(name: &str, negated: bool) -> Option<String> {
    let name: String = name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).collect();
    let is = |known: &str| known.eq_ignore_ascii_case(&name);
    if is("Cs") || is("Surrogate") {
        return Some(if negated { r"[\x{0}-\x{10ffff}]" } else { super::class::NONE }.to_owned());
    }
    let find = |names: &'static str| names.split(' ').find(|known| is(known));
    let alias = || ALIASES.split(' ').filter_map(|known| known.split_once('=')).find(|(known, _)| is(known));
    let (property, negated) = if is("Any") || is("ASCII") {
        (name, negated)
    } else if is("Assigned") {
        ("gc=Cn".to_owned(), !negated)
    } else if let Some(category) = find(CATEGORIES).or_else(|| alias().map(|(_, category)| category)) {
        (format!("gc={category}"), negated)
    } else {
        (format!("sc={}", find(SCRIPTS)?), negated)
    };
    Some(format!("\\{}{{{property}}}", if negated { 'P' } else { 'p' }))
}
