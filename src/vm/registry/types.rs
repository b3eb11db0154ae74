//! The types of arguments and options: what the checks before a call, the manual and the stubs derive from.

use super::Opt;

/// The type of a value.
#[derive(Clone, Copy, PartialEq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A whole number in these bounds, both included: what the kernel would cut off or take for something else is refused.
    Range(i64, i64),
    /// A finite number.
    Number,
    /// A UTF-8 string without NUL bytes.
    Str,
    /// A UTF-8 string without NUL bytes, of this many bytes.
    Length(u16, u16),
    /// The name of a network interface. The kernel takes `%` for a template, and refuses some characters.
    LinkName,
    /// A string of any bytes.
    Bytes,
    /// A string of any bytes but NUL, which ends a string in the kernel.
    Argument,
    /// An environment: names without `=`, and values.
    Env,
    /// A path: a nonempty string without NUL bytes.
    Path,
    /// Bytes: a whole number, or a string such as "128m" (binary multiples).
    Size,
    /// Seconds: a number, or a string such as "10s" or "500ms".
    Duration,
    /// An address with its prefix length, "10.10.0.2/24".
    Cidr,
    /// A signal: "SIGTERM", "TERM" or its number.
    Signal,
    /// A function.
    Function,
    /// Any table.
    Table,
    /// A list of values of one type.
    List(&'static Type),
    /// A table of string keys to values of one type.
    Map(&'static Type),
    /// A table of options, checked like the options table of a call.
    Options(&'static [Opt]),
    /// A handle of this kind.
    Handle(&'static str),
    /// `true` for a new namespace, or a handle to join: the key is the namespace's kind.
    Namespace,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any of these types.
    Either(&'static [Type]),
    /// Any value that can be serialized.
    Any,
}

impl Type {
    /// The type without its bounds, for the message about a value of another type.
    pub fn unbounded(&self) -> String {
        match self {
            Type::Range(..) => Type::Int.describe(),
            Type::Length(..) | Type::LinkName | Type::Argument => Type::Str.describe(),
            Type::Either(types) => types.iter().map(Type::unbounded).collect::<Vec<_>>().join(" or "),
            other => other.describe(),
        }
    }

    /// A description of the type, for messages and the manual.
    pub fn describe(&self) -> String {
        match self {
            Type::Bool => "boolean".into(),
            Type::Int => "integer".into(),
            Type::Range(0, i64::MAX) => "integer of at least 0".into(),
            Type::Range(1, i64::MAX) => "integer of at least 1".into(),
            Type::Range(least, most) => format!("integer from {least} to {most}"),
            Type::Number => "number".into(),
            Type::Length(least, most) => format!("string of {least} to {most} bytes"),
            Type::LinkName => "name of a link".into(),
            Type::Argument => "string without NUL bytes".into(),
            Type::Env => "table of names of variables to strings".into(),
            Type::Str | Type::Bytes => "string".into(),
            Type::Path => "path".into(),
            Type::Size => "size (bytes, or \"128m\")".into(),
            Type::Duration => "duration (seconds, or \"10s\")".into(),
            Type::Cidr => "address in CIDR form (\"10.10.0.2/24\")".into(),
            Type::Signal => "signal (\"SIGTERM\" or 15)".into(),
            Type::Function => "function".into(),
            Type::Table => "table".into(),
            Type::List(of) => format!("list of {}", of.describe()),
            Type::Map(of) => format!("table of names to {}", of.describe()),
            Type::Options(options) => {
                let keys: Vec<String> = options.iter().map(|o| format!("{} = {}", o.name, o.ty.describe())).collect();
                format!("table {{ {} }}", keys.join(", "))
            }
            Type::Handle(kind) => format!("{kind} handle"),
            Type::Namespace => "true (new) or a namespace handle (join)".into(),
            Type::Word(words) => words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join("|"),
            Type::Either(types) => types.iter().map(Type::describe).collect::<Vec<_>>().join(" or "),
            Type::Any => "any value".into(),
        }
    }
}
