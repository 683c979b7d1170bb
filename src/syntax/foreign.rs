//! What other languages call what dbm has, as tables: values, functions, types. Read by the messages of syntax and of semantics.

/// Values of other languages.
const VALUES: &[(&[&str], &str)] = &[
    (&["null", "nil", "None", "NULL", "Null", "undefined", "nothing", "absent"], "none"),
    (&["True", "TRUE", "yes"], "true"),
    (&["False", "FALSE"], "false"),
    (&["zero"], "0"),
    (&["one", "One"], "1"),
    (&["two"], "2"),
    (&["three"], "3"),
    (&["four"], "4"),
    (&["five"], "5"),
];

/// Functions of other languages.
const FUNCTIONS: &[(&[&str], &str)] = &[
    (&["len", "size", "strlen", "length_of"], "length"),
    (&["to_lower", "toLowerCase", "lowercase", "tolower"], "lower"),
    (&["to_upper", "toUpperCase", "uppercase", "toupper"], "upper"),
    (&["startsWith", "startswith", "has_prefix"], "starts_with"),
    (&["endsWith", "endswith", "has_suffix"], "ends_with"),
    (&["includes", "has_item"], "contains"),
    (&["strip"], "trim"),
    (&["sorted", "order_by"], "sort"),
    (&["unique", "set"], "distinct"),
    (&["mean", "average"], "avg"),
    (&["ceiling"], "ceil"),
    (&["substring", "substr"], "slice"),
    (&["minimum"], "least"),
    (&["maximum"], "greatest"),
];

/// Types of other languages.
const TYPES: &[(&[&str], &str)] = &[
    (&["String", "string", "str", "Str", "text", "varchar", "char"], "Text"),
    (&["Integer", "integer", "int", "long", "Long", "u32", "i64", "u64", "i32", "nat"], "Int"),
    (&["float", "Double", "double", "Decimal", "decimal", "number", "Number", "real", "Real", "f64", "f32"], "Float"),
    (&["Boolean", "boolean", "bool"], "Bool"),
    (&["DateTime", "Datetime", "datetime", "Date", "date", "Timestamp", "timestamp", "Instant", "time"], "Time"),
    (&["Timedelta", "timedelta", "Interval", "interval", "duration"], "Duration"),
    (&["Any", "any", "Object", "object", "Map", "map", "Dict", "dict", "Record", "record", "json", "JSON"], "Json"),
];

/// Types with parameters of other languages, with `T` for the parameter.
const CONTAINERS: &[(&[&str], &str)] = &[
    (&["List", "list", "Array", "array", "Vec", "vec", "Seq", "seq", "Sequence", "Set", "set"], "[T]"),
    (&["Optional", "optional", "Option", "option", "Maybe", "maybe", "Nullable"], "T?"),
    (&["Map", "map", "Dict", "dict", "HashMap", "Record"], "Json"),
];

const OWN_TYPES: [&str; 7] = ["Bool", "Int", "Float", "Text", "Time", "Duration", "Json"];

fn find(table: &[(&[&str], &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(theirs, _)| theirs.contains(&word)).map(|(_, ours)| *ours)
}

/// How dbm writes that value.
pub fn value(word: &str) -> Option<&'static str> {
    find(VALUES, word)
}

/// Whether it stands for what is not there, here or elsewhere.
pub fn is_absent(word: &str) -> bool {
    word == "none" || value(word) == Some("none")
}

/// What dbm calls that function.
pub fn function(word: &str) -> Option<&'static str> {
    find(FUNCTIONS, word)
}

/// What dbm calls that type.
pub fn type_of(word: &str) -> Option<&'static str> {
    find(TYPES, word)
}

/// Whether it is a type here or elsewhere.
pub(super) fn is_type(word: &str) -> bool {
    OWN_TYPES.contains(&word) || type_of(word).is_some()
}

/// How dbm writes that type with its parameter `T`.
pub fn container(word: &str) -> Option<&'static str> {
    find(CONTAINERS, word)
}

/// A unit of time in words, as the unit of a duration.
pub fn unit(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" | "s" => "s",
        "min" | "mins" | "minute" | "minutes" | "m" => "m",
        "hr" | "hrs" | "hour" | "hours" | "h" => "h",
        "day" | "days" | "d" => "d",
        "msec" | "millis" | "millisecond" | "milliseconds" | "ms" => "ms",
        "micros" | "microsecond" | "microseconds" | "us" | "µs" | "μs" => "us",
        _ => return None,
    })
}
