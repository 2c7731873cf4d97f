//! Every function with the kinds of its parameters.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::oracle::function_names;

/// Names and parameters: `t` text, `i` int, `b` bool, `a` anything, `m` map, `l` list, `f` float, `d` date, `j` JSON,
/// `r` expression, `u` URL, `p` path, `v` version, `c` constraint, `y` layout, `z` zone, `o` duration, `n` number of any
/// type, `e` base64 and the like; `*` any number of the kind before.
pub(crate) const SIGNATURES: &str = "
abbrev:it abbrevboth:iit trunc:it trim:t upper:t lower:t title:t untitle:t substr:iit repeat:it trimall:tt trimAll:tt
trimSuffix:tt trimPrefix:tt nospace:t initials:t swapcase:t snakecase:t camelcase:t kebabcase:t wrap:it wrapWith:itt
contains:tt hasPrefix:tt hasSuffix:tt quote:a* squote:a* cat:a* indent:it nindent:it replace:ttt plural:tti sha1sum:t
sha256sum:t sha512sum:t adler32sum:t toString:a atoi:t int:n int64:n float64:n seq:i* toDecimal:n split:tt splitList:tt
splitn:tit toStrings:a until:i untilStep:iii add1:n add:n* sub:nn div:nn mod:nn mul:nn* add1f:n addf:n* subf:nn* divf:nn*
mulf:nn* biggest:nn* max:nn* min:nn* maxf:nn* minf:nn* ceil:n floor:n round:ni round:nif join:ta sortAlpha:a default:aa
default:a empty:a coalesce:a* all:a* any:a* compact:l mustCompact:l fromJson:j mustFromJson:j toJson:a toPrettyJson:a
toRawJson:a mustToJson:a mustToPrettyJson:a mustToRawJson:a ternary:aab deepCopy:a mustDeepCopy:a typeOf:a typeIs:ta
typeIsLike:ta kindOf:a kindIs:ta deepEqual:aa base:p dir:p clean:p ext:p isAbs:p osBase:p osClean:p osDir:p osExt:p
osIsAbs:p b64enc:t b64dec:e b32enc:t b32dec:e tuple:a* list:a* dict:ta dict:tata dict:a* get:mt set:mta unset:mt hasKey:mt
pluck:tm* pick:mt* omit:mt* merge:mm* mergeOverwrite:mm* mustMerge:mm* mustMergeOverwrite:mm* append:la push:la
mustAppend:la mustPush:la prepend:la mustPrepend:la first:l mustFirst:l rest:l mustRest:l last:l mustLast:l initial:l
mustInitial:l reverse:l mustReverse:l uniq:l mustUniq:l without:la* mustWithout:la* has:al mustHas:al slice:l slice:ln
slice:lnn mustSlice:lnn concat:l* dig:ttam dig:tam dig:a* chunk:il mustChunk:il semver:v semverCompare:cv fail:t
regexMatch:rt mustRegexMatch:rt regexFindAll:rti mustRegexFindAll:rti regexFind:rt mustRegexFind:rt regexReplaceAll:rtt
mustRegexReplaceAll:rtt regexReplaceAllLiteral:rtt mustRegexReplaceAllLiteral:rtt regexSplit:rti mustRegexSplit:rti
regexQuoteMeta:t urlParse:u urlJoin:m date:yd dateInZone:ydz date_in_zone:ydz htmlDate:d htmlDateInZone:dz dateModify:od
date_modify:od mustDateModify:od must_date_modify:od toDate:yt mustToDate:yt unixEpoch:d duration:n durationRound:o
decryptAES:te hello: and:aa* or:aa* not:a index:ai index:lt index:mt index:ain len:a print:a* println:a* html:a* js:a*
urlquery:a* eq:aa eq:aaa ne:aa lt:aa le:aa gt:aa ge:aa eq:nn lt:nn le:nn gt:nn ge:nn printf:ta* keys:m values:m
";

/// Functions of chance, of the clock, or too slow to call by the hundred: they have tests of their own.
pub(crate) const APART: &[&str] = &[
    "ago",
    "bcrypt",
    "buildCustomCert",
    "derivePassword",
    "encryptAES",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "htpasswd",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "shuffle",
    "uuidv4",
];

const BUILTIN: &[&str] = &[
    "and", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf", "println",
    "urlquery",
];

/// Each signature as a name and its parameters.
pub(crate) fn signatures() -> impl Iterator<Item = (&'static str, &'static str)> {
    SIGNATURES.split_whitespace().map(|signature| signature.split_once(':').unwrap())
}

#[test]
fn every_function_of_the_original_is_here_and_compared() -> Result<()> {
    let original: BTreeSet<String> =
        function_names()?.into_iter().chain(BUILTIN.iter().map(|name| (*name).to_owned())).collect();
    let ours: BTreeSet<String> = strongroom::template::function_names().into_iter().map(str::to_owned).collect();
    assert_eq!(ours, original);
    let compared: BTreeSet<String> =
        signatures().map(|(name, _)| name).chain(APART.iter().copied()).map(str::to_owned).collect();
    assert_eq!(compared, original);
    Ok(())
}
