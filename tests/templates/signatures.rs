//! Every function with the kinds of its parameters, and expressions of each kind to call it with.

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

const TEXTS: &[&str] = &[
    r#""""#,
    r#""hello world""#,
    r#""a,b,,c""#,
    r#""Ünïcödé ß ǆ""#,
    r#""  padded\t\n""#,
    r#""$5 and $$""#,
    r#""0x1F""#,
    r#""<a href='x'>&amp;</a>""#,
    r#""line one\nline two\n""#,
    r#""fooBarBaz_qux-HTTPServer2x""#,
    r#""GOLANG_is great""#,
    r#""oo""#,
    r#"",""#,
    r#"" ""#,
    r#""${1}x""#,
    r#""\xff\x00z""#,
    "`raw \\n`",
    ".user",
    ".password",
    ".binary",
    ".unicode",
    ".empty",
    ".lines",
    ".missing",
    r#""The quick brown fox jumps over the lazy dog, then sleeps""#,
    r#""a""#,
    r#""string""#,
    r#""map""#,
    r#""2020-02-29""#,
    r#""_0""#,
    r#""name""#,
    r#""deep""#,
    "(printf \"%d\" 5)",
    r#""%v %d %s""#,
    r#""%5.2f|%-6q|%+v""#,
];
const INTS: &[&str] =
    &["0", "1", "-1", "2", "3", "5", "7", "10", "20", "-3", "0x10", "1e2", "'a'", "(len .user)", "100"];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-7",
    "3",
    "1.5",
    "-2.25",
    "1e10",
    "1e-7",
    "123456789",
    "0.1",
    "0.2",
    "3.0",
    r#""12""#,
    r#""3.75""#,
    r#""0x1F""#,
    r#""010""#,
    r#""1_000""#,
    r#""abc""#,
    r#""5.000""#,
    r#""-8""#,
    "true",
    "false",
    "nil",
    "(add 1 2)",
    "(int64 9)",
    ".number",
    "9223372036854775807",
    "1e300",
    "(list 1)",
    r#""Inf""#,
    "(index \"abc\" 1)",
    "2.675",
    r#""1e3""#,
    r#"".5""#,
    "10000000",
];
const ANY: &[&str] = &[
    "nil",
    "true",
    "false",
    "0",
    "1",
    "-5",
    "1.5",
    "1e21",
    "0.000001",
    "12345678.5",
    r#""""#,
    r#""text""#,
    "`q\"uo`",
    ".user",
    ".binary",
    ".missing",
    ".",
    "(list)",
    "(list 1 \"two\" 3.0 nil)",
    "(dict)",
    "(dict \"a\" 1 \"b\" (list 1 2))",
    "(until 3)",
    "(splitList \",\" \"b,a,c\")",
    "(add 1 2)",
    "(index \"abc\" 1)",
    "(fromJson .json)",
    "(toDate \"2006-01-02\" \"2020-02-29\")",
    "(semver \"1.2.3-rc.1\")",
    "(split \",\" \"x,y\")",
    "(rest (list 1))",
    "(rest (list))",
    "(chunk 2 (list 1 2 3))",
    "\"3\"",
    "3",
    "(list (list 1) (dict \"k\" nil))",
    "(regexFindAll \"z\" \"a\" -1)",
    "(first (list))",
    "(toDate \"2006\" \"2020\").Month",
];
const MAPS: &[&str] = &[
    "(dict)",
    "(dict \"a\" 1)",
    "(dict \"name\" \"x\" \"deep\" (dict \"a\" (dict \"z\" 1)))",
    "(fromJson .json)",
    "nil",
    ".",
    "(dict \"scheme\" \"https\" \"host\" \"h:1\" \"path\" \"/p q\" \"query\" \"a=b\" \"userinfo\" \"u:p\" \"fragment\" \"f\")",
    "(dict \"name\" \"\" \"on\" false \"ports\" (list))",
    "(dict \"a\" nil \"b\" (list 1))",
    "(dict \"host\" 5)",
    "(dict \"path\" \"a:b\")",
    "(dict \"scheme\" \"mailto\" \"opaque\" \"x@y\")",
    "(split \",\" \"a,b\")",
    "(urlParse \"http://a/b?c#d\")",
];
const LISTS: &[&str] = &[
    "(list)",
    "(list 1 2 3)",
    "(list \"b\" \"a\" \"b\" \"\")",
    "(list nil 0 \"\" false 1)",
    "(splitList \",\" \"z,y,x\")",
    "(until 5)",
    "(list 1 1.0 \"1\" 1)",
    "(rest (list))",
    "nil",
    "\"text\"",
    "(list (list 1) (list 1) (dict \"a\" 1) (dict \"a\" 1))",
    "(fromJson .json).ports",
    "(chunk 2 (until 5))",
    "(append (list 1) 2)",
    "(dict)",
    "5",
    "(regexFindAll \"a\" \"banana\" -1)",
];
const FLOATS: &[&str] = &["0.5", "1.0", "0.1", "3", "1e3", "\"x\""];
const DATES: &[&str] = &[
    "(toDate \"2006-01-02\" \"2020-02-29\")",
    "(toDate \"2006-01-02T15:04:05Z07:00\" \"2021-03-04T05:06:07.891+02:00\")",
    "0",
    "1600000000",
    "(int64 -1)",
    "(toDate \"2006-01-02\" \"nonsense\")",
    "(toDate \"Jan _2 2006 03:04PM MST\" \"Jul  4 1999 11:22AM PST\")",
    "(dateModify \"36h\" (toDate \"2006\" \"2012\"))",
];
const JSONS: &[&str] = &[
    ".json",
    r#""{}""#,
    r#""[1, 2.5, \"x\", null, true]""#,
    r#""nope""#,
    r#""""#,
    r#""\"\\u00e9\\n\"""#,
    r#""1e400""#,
    r#""123456789012345678901""#,
    r#""{\"a\":1,\"a\":2}""#,
    r#""[1,]""#,
    r#"" 7 ""#,
    r#""-0""#,
    r#""{\"b\":[{}],\"a\":[]}""#,
    "`\"<&>\u{2028}\"`",
    r#""null""#,
];
const EXPRESSIONS: &[&str] = &[
    r#""a""#,
    r#""[aeiou]""#,
    r#""(\\w+)\\s(\\w+)""#,
    r#""^$""#,
    r#""""#,
    r#""a*""#,
    r#""(?i)HELLO""#,
    r#""(""#,
    r#""\\d+""#,
    r#""(?P<first>.)(.)""#,
    r#""a**""#,
    r#""x{2,1}""#,
    r#""[[:alpha:]]+""#,
    r#""\\bo""#,
    r#""\\Q.*\\E""#,
    r#""[^,]+""#,
    r#""(?s).+""#,
    r#"",""#,
    r#""a{1001}""#,
    r#""(?x)a""#,
    r#""\\pL+""#,
    r#""\\8""#,
    r#""o|l""#,
    r#""{,2}""#,
    r#""(?:o)(?m)$""#,
    r#""\\C""#,
    r#""[a-\\d]""#,
    r#""\\-""#,
    r#""\\<""#,
    r#""(?U)o+""#,
];
const URLS: &[&str] = &[
    r#""https://user:p%40ss@example.com:8080/p/a%20b?q=1&r#frag%21""#,
    r#""/relative/path""#,
    r#""mailto:x@y.z""#,
    r#""http://[::1]:80/""#,
    r#""//host/path""#,
    r#""http://a b/""#,
    r#""%zz""#,
    r#""""#,
    r#""a:b""#,
    r#""http://host:port/""#,
    r#""HTTP://H/?""#,
    r#""*""#,
    r#""http://u@h""#,
    r#""http://[fe80::1%25en0]/""#,
    r#""http://x/%2f?%zz""#,
    r#""1http://x""#,
    r#"":x""#,
    r#""ftp://h/a;b:c@d""#,
    r#""http://ü.de/ä""#,
    r#""http://h/\x01""#,
    r#""http://h:/""#,
    r#""///three""#,
    r#""x?y#z#w""#,
    r#""http://a%41b/""#,
    r#""http://[x]/""#,
    r#""postgres://u:p:w@h/db?sslmode=off""#,
];
const PATHS: &[&str] = &[
    r#""""#,
    r#""/""#,
    r#""/a/b/../c.tar.gz""#,
    r#""a//b/./c/""#,
    r#""../x""#,
    r#""/../x""#,
    r#"".hidden""#,
    r#""a/..""#,
    r#""dir.d/file""#,
    r#""//a""#,
    ".user",
    r#""a.""#,
];
const VERSIONS: &[&str] = &[
    r#""1.2.3""#,
    r#""v1.2""#,
    r#""1""#,
    r#""1.2.3-alpha.1+b.5""#,
    r#""01.2.3""#,
    r#""1.2.3.4""#,
    r#""""#,
    r#""1.x""#,
    r#""1.2.3-01""#,
    r#""2.0.0""#,
    r#""0.3.1""#,
    r#""1.10.0""#,
    r#""1.2.3-""#,
    r#""18446744073709551616.0.0""#,
    r#""0.0.3""#,
    r#""1.2.3-alpha""#,
];
const CONSTRAINTS: &[&str] = &[
    r#""1.2.3""#,
    r#"">=1.2, <2""#,
    r#""~1.2""#,
    r#""^0.3""#,
    r#""1.2 - 1.5""#,
    r#""*""#,
    r#""1.x || >2""#,
    r#""!=1.2.x""#,
    r#"">1""#,
    r#"">1.2""#,
    r#""<=1.2""#,
    r#""junk""#,
    r#""""#,
    r#"">= 1.0.0 < 2.0.0""#,
    r#""^0.0.3""#,
    r#""^0""#,
    r#""=1.2.3""#,
    r#""~>1""#,
    r#"">=1.2.3-0""#,
    r#""^1.2.3 , !=1.2.4""#,
    r#""<=1""#,
    r#""!=2""#,
    r#""=>1""#,
    r#""1.2.3 ||""#,
];
const LAYOUTS: &[&str] = &[
    r#""2006-01-02""#,
    r#""Mon Jan _2 15:04:05 2006""#,
    r#""Monday, 02-Jan-06 03:04:05 PM MST""#,
    r#""2006-01-02T15:04:05.000Z07:00""#,
    r#""Jan 2, 2006 at 3:04pm (MST)""#,
    r#""15:04:05.999999 -0700 -07:00 -07 Z0700""#,
    r#""002 __2 1 2 3 4 5 06""#,
    r#""plain text""#,
    r#""""#,
    r#""January_2006,5""#,
    r#""Janet Monkey 20060102150405""#,
];
const ZONES: &[&str] = &[
    r#""UTC""#,
    r#""Europe/Berlin""#,
    r#""America/New_York""#,
    r#""Nowhere/Land""#,
    r#""""#,
    r#""Asia/Kolkata""#,
    r#""Local""#,
];
const DURATIONS: &[&str] = &[
    r#""1h30m""#,
    r#""-15s""#,
    r#""1.5h""#,
    r#""300ms""#,
    r#""nonsense""#,
    r#""""#,
    r#""0""#,
    r#""2400h""#,
    r#""9000h10s""#,
    r#""1µs""#,
    r#""3""#,
    "(int64 3600000000000)",
    r#""2562048h""#,
    r#"".5m""#,
    r#""1m1m""#,
    r#""25h""#,
    "(int64 -70000000000)",
];
const ENCODED: &[&str] = &[
    r#""aGVsbG8=""#,
    r#""aGVsbG8""#,
    r#""aGVs\nbG8=""#,
    r#""NBSWY3DP""#,
    r#""NBSWY===""#,
    r#""!!!""#,
    r#""""#,
    r#""aGVsbG9=""#,
    r#""a===""#,
    r#""aGVsbG8==""#,
    r#""MZXW6YQ=""#,
    r#""mzxw6""#,
    "(b64enc .binary)",
    "(b32enc .binary)",
    r#""AAAAAAAAAAAAAAAAAAAAAIqw4p1PBEHzcAJjmJzCjA4=""#,
    r#""AA=A""#,
    r#""AAA=A""#,
    r#""MZ======""#,
    r#""MZ=====""#,
    r#""AAAA=""#,
];

/// Expressions of a kind.
pub(crate) fn pool(kind: char) -> &'static [&'static str] {
    match kind {
        't' => TEXTS,
        'i' => INTS,
        'n' => NUMBERS,
        'm' => MAPS,
        'l' => LISTS,
        'f' => FLOATS,
        'b' => &["true", "false", "(eq 1 1)", "1", "nil"],
        'd' => DATES,
        'j' => JSONS,
        'r' => EXPRESSIONS,
        'u' => URLS,
        'p' => PATHS,
        'v' => VERSIONS,
        'c' => CONSTRAINTS,
        'y' => LAYOUTS,
        'z' => ZONES,
        'o' => DURATIONS,
        'e' => ENCODED,
        _ => ANY,
    }
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
