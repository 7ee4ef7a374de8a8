//! Regular expressions as Go's `regexp` reads them (RE2).
//!
//! The controllers are written in Go. Rust's `regex` is close but not the same:
//! it takes `a**`, `a{2000}` and `(?x)`, which Go refuses, and refuses `\Qa\E`,
//! `a{` and `[[]`, which Go takes. So the syntax is read here, and only the
//! names of Unicode classes are looked up in `regex`. Limits of size are left
//! to Go.

use super::{Check, ensure};

/// A regular expression in the syntax of RE2: no look-around, no
/// back-references.
pub fn regex(value: &str) -> Check {
    Reader::new(value)
        .read()
        .map_err(|why| format!("{value:?} is not a regular expression (RE2): {why}"))
}

/// The largest count of a repetition, also when repetitions are nested.
const MOST: u32 = 1000;

struct Reader<'a> {
    rest: &'a str,
    /// The groups that are open, the whole expression first.
    groups: Vec<Group>,
    /// Whether the thing before is a repetition, which must not be repeated.
    repeated: bool,
}

/// What has been read of a group.
#[derive(Default)]
struct Group {
    /// How often what came last is repeated, counting nested repetitions;
    /// `None` where there is nothing to repeat.
    last: Option<u32>,
    /// The largest such number in the group.
    most: u32,
}

impl<'a> Reader<'a> {
    fn new(rest: &'a str) -> Self {
        Self { rest, groups: vec![Group::default()], repeated: false }
    }

    fn read(mut self) -> Check {
        while let Some(c) = self.next() {
            let after_repetition = std::mem::take(&mut self.repeated);
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => self.group().last = None,
                '[' => {
                    self.class()?;
                    self.operand(1);
                }
                '*' | '+' | '?' => self.repeat(c, 1, after_repetition)?,
                '{' => match self.counts()? {
                    Some(count) => self.repeat(c, count, after_repetition)?,
                    None => self.operand(1),
                },
                '\\' => self.escape()?,
                _ => self.operand(1),
            }
        }
        ensure(self.groups.len() == 1, || "a \"(\" has no \")\"".to_owned())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the whole expression is never closed")
    }

    /// Notes something that may be repeated.
    fn operand(&mut self, times: u32) {
        let group = self.group();
        group.last = Some(times);
        group.most = group.most.max(times);
    }

    fn open(&mut self) -> Check {
        if self.skip("?P<") || self.skip("?<") {
            if self.rest.starts_with(['=', '!']) {
                return Err(LOOK_AROUND.to_owned());
            }
            let (name, rest) = self.rest.split_once('>').ok_or("a name of a group has no \">\"")?;
            let is_name = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
            ensure(!name.is_empty() && name.bytes().all(is_name), || {
                format!("{name:?} is not the name of a group")
            })?;
            self.rest = rest;
        } else if self.skip("?") {
            return self.flags();
        }
        self.groups.push(Group::default());
        Ok(())
    }

    /// `(?i)`, `(?i-s:...)`, after the `(?`.
    fn flags(&mut self) -> Check {
        let (mut negative, mut any) = (false, false);
        while let Some(c) = self.next() {
            match c {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negative => (negative, any) = (true, false),
                ':' | ')' if any || !negative => {
                    if c == ':' {
                        self.groups.push(Group::default());
                    }
                    return Ok(());
                }
                '=' | '!' => return Err(LOOK_AROUND.to_owned()),
                _ => return Err(format!("{c:?} after \"(?\" is not known")),
            }
        }
        Err("a \"(?\" is not complete".to_owned())
    }

    fn close(&mut self) -> Check {
        ensure(self.groups.len() > 1, || "a \")\" has no \"(\"".to_owned())?;
        let inner = self.groups.pop().map_or(1, |group| group.most.max(1));
        self.operand(inner);
        Ok(())
    }

    fn repeat(&mut self, operator: char, count: u32, after_repetition: bool) -> Check {
        self.skip("?");
        ensure(!after_repetition, || format!("{operator:?} repeats what is already a repetition"))?;
        let last =
            self.group().last.ok_or_else(|| format!("{operator:?} has nothing to repeat"))?;
        // Nothing at all, {0}, leaves nothing inside to be counted.
        let times = if count == 0 { 1 } else { last.saturating_mul(count) };
        ensure(count < 2 || times <= MOST, || {
            format!("repetitions within repetitions add up to more than {MOST}")
        })?;
        self.operand(times);
        self.repeated = true;
        Ok(())
    }

    /// `2}`, `2,}` or `2,3}` after a `{`; `None` when the `{` stands for itself.
    fn counts(&mut self) -> Result<Option<u32>, String> {
        let Some((inside, rest)) = self.rest.split_once('}') else { return Ok(None) };
        let (least, most) = match inside.split_once(',') {
            Some((least, most)) => (least, most),
            None => (inside, inside),
        };
        // Go takes no leading zeros, and then the brace for itself.
        let is_number = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|c| c.is_ascii_digit())
                && (text.len() == 1 || !text.starts_with('0'))
        };
        if !is_number(least) || !(most.is_empty() || is_number(most)) {
            return Ok(None);
        }
        let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        let (least, most) = (number(least), (!most.is_empty()).then(|| number(most)));
        ensure(least <= MOST && most.is_none_or(|most| (least..=MOST).contains(&most)), || {
            format!("{{{inside}}} is not a count of up to {MOST}, the smaller first")
        })?;
        self.rest = rest;
        Ok(Some(most.unwrap_or(least)))
    }

    /// What follows a `\` outside of classes.
    fn escape(&mut self) -> Check {
        if self.skip("Q") {
            let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = rest;
            if !literal.is_empty() {
                self.operand(1);
            }
            return Ok(());
        }
        let anchor = ["A", "z", "b", "B"].iter().any(|anchor| self.skip(anchor));
        if !anchor && !self.class_escape()? {
            self.char_escape()?;
        }
        self.operand(1);
        Ok(())
    }

    /// `d`, `pL`, `p{Greek}` and so on after a `\`, in classes and outside.
    fn class_escape(&mut self) -> Result<bool, String> {
        if ["d", "D", "s", "S", "w", "W"].iter().any(|class| self.skip(class)) {
            return Ok(true);
        }
        if !self.skip("p") && !self.skip("P") {
            return Ok(false);
        }
        let name = if self.skip("{") {
            let (name, rest) = self.rest.split_once('}').ok_or("a \"\\p{\" has no \"}\"")?;
            self.rest = rest;
            name.strip_prefix('^').unwrap_or(name).to_owned()
        } else {
            self.next().ok_or("a \"\\p\" has no name")?.to_string()
        };
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        let known = plain && regex::Regex::new(&format!("\\p{{{name}}}")).is_ok();
        ensure(known, || format!("{name:?} is not a class of Unicode"))?;
        Ok(true)
    }

    /// One character after a `\`, in classes and outside.
    fn char_escape(&mut self) -> Result<char, String> {
        let c = self.next().ok_or("it ends with \"\\\"")?;
        let octal = |c: char| c.is_digit(8);
        match c {
            'a' => Ok('\x07'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0b'),
            'x' => self.hexadecimal(),
            '0' => Ok(self.octal(0, 2)),
            '1'..='7' if self.rest.starts_with(octal) => Ok(self.octal(c as u32 - '0' as u32, 2)),
            '1'..='9' => Err(format!("back-references, \"\\{c}\", are not supported")),
            c if c.is_ascii_punctuation() || c.is_ascii_control() || c == ' ' => Ok(c),
            c => Err(format!("\"\\{c}\" is not known")),
        }
    }

    fn octal(&mut self, mut value: u32, most: usize) -> char {
        let digits = self.rest.bytes().take(most).take_while(|c| (b'0'..=b'7').contains(c)).count();
        let (digits, rest) = self.rest.split_at(digits);
        self.rest = rest;
        for digit in digits.bytes() {
            value = value * 8 + u32::from(digit - b'0');
        }
        // At most three octal digits: below U+0200.
        char::from_u32(value).unwrap_or_default()
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let digits = if self.skip("{") {
            let (digits, rest) = self.rest.split_once('}').ok_or("a \"\\x{\" has no \"}\"")?;
            self.rest = rest;
            digits
        } else {
            let two = self.rest.get(..2).ok_or("\"\\x\" needs two digits or {...}")?;
            self.rest = &self.rest[2..];
            two
        };
        let is_hex = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|code| is_hex && *code <= 0x10_FFFF);
        // Go lets the halves of surrogate pairs pass; they match nothing.
        code.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            .ok_or_else(|| format!("{digits:?} is not the hexadecimal code of a character"))
    }

    /// A class, after its `[`.
    fn class(&mut self) -> Check {
        self.skip("^");
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.named_class()? || self.class_escape_in_class()? {
                continue;
            }
            let low = self.class_char()?;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1 {
                self.skip("-");
                let high = self.class_char()?;
                ensure(low <= high, || format!("{low}-{high} is a range that runs backwards"))?;
            }
        }
        self.skip("]");
        Ok(())
    }

    /// `[:alpha:]` within a class.
    fn named_class(&mut self) -> Result<bool, String> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        let Some(inside) = self.rest.strip_prefix("[:") else { return Ok(false) };
        let Some((name, rest)) = inside.split_once(":]") else { return Ok(false) };
        ensure(NAMES.contains(&name.strip_prefix('^').unwrap_or(name)), || {
            format!("[:{name}:] is not a class")
        })?;
        self.rest = rest;
        Ok(true)
    }

    fn class_escape_in_class(&mut self) -> Result<bool, String> {
        let before = self.rest;
        if self.skip("\\") && self.class_escape()? {
            return Ok(true);
        }
        self.rest = before;
        Ok(false)
    }

    fn class_char(&mut self) -> Result<char, String> {
        match self.next() {
            None => Err("a \"[\" has no \"]\"".to_owned()),
            Some('\\') => self.char_escape(),
            Some(c) => Ok(c),
        }
    }
}

const LOOK_AROUND: &str = "look-ahead and look-behind are not supported";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::accepts;

    #[test]
    fn what_go_takes() {
        accepts(
            regex,
            &[
                "",
                "^v?[0-9]+\\.[0-9]+\\.[0-9]+(-rc\\.\\d+)?$",
                "a*?b+?c??",
                "(?i)a|b|",
                "(?P<name>a)(?<other>b)(?:c)(?s-i:d)(?-i:e)",
                "a{2}b{2,}c{2,3}?",
                // Braces that count nothing stand for themselves.
                "{",
                "a{",
                "a{,3}",
                "a{x}",
                "a{01}",
                "]",
                "}",
                "[]a]",
                "[^]a]",
                "[[]",
                "[a-]",
                "[-a]",
                "[a&&b]",
                "[[:alpha:][:^digit:]_]",
                "[[:alpha]",
                "[\\d\\-\\]\\pL]",
                "\\pN\\p{Greek}\\P{^Lu}",
                "\\Qa.(b\\E*",
                "\\Qa(",
                "\\x41\\x{1F600}\\012\\0\\101",
                "\\A\\b\\B\\z\\_\\<\\>\\-\\ ",
                "()*",
                "(|a)*",
                "a*(?i)*",
                "((a{10}){10}){10}",
                "(a{1000}){0}",
                "a{1000}",
                "ä+",
            ],
        );
    }

    #[test]
    fn what_go_refuses() {
        for (pattern, why) in [
            ("(", "a \"(\" has no \")\""),
            (")", "a \")\" has no \"(\""),
            ("(a))", "a \")\" has no \"(\""),
            ("*", "'*' has nothing to repeat"),
            ("a|*", "'*' has nothing to repeat"),
            ("(+)", "'+' has nothing to repeat"),
            ("(?i)*", "'*' has nothing to repeat"),
            ("{2}", "'{' has nothing to repeat"),
            ("a**", "'*' repeats what is already a repetition"),
            ("a*?+", "'+' repeats what is already a repetition"),
            ("a{2}{3}", "'{' repeats what is already a repetition"),
            ("a{1001}", "{1001} is not a count of up to 1000, the smaller first"),
            ("a{3,2}", "{3,2} is not a count of up to 1000, the smaller first"),
            ("a{99999999999}", "{99999999999} is not a count of up to 1000, the smaller first"),
            ("((a{100}){10}){2}", "repetitions within repetitions add up to more than 1000"),
            ("[a", "a \"[\" has no \"]\""),
            ("[]", "a \"[\" has no \"]\""),
            ("[z-a]", "z-a is a range that runs backwards"),
            ("[a-\\d]", "\"\\d\" is not known"),
            ("[[:letter:]]", "[:letter:] is not a class"),
            ("[\\b]", "\"\\b\" is not known"),
            ("a(?=b)", LOOK_AROUND),
            ("a(?!b)", LOOK_AROUND),
            ("(?<=a)b", LOOK_AROUND),
            ("(?<!a)b", LOOK_AROUND),
            ("(?>a)", "'>' after \"(?\" is not known"),
            ("(?x)a", "'x' after \"(?\" is not known"),
            ("(?-)a", "')' after \"(?\" is not known"),
            ("(?i", "a \"(?\" is not complete"),
            ("(?P<a", "a name of a group has no \">\""),
            ("(?P<a b>c)", "\"a b\" is not the name of a group"),
            ("(a)\\1", "back-references, \"\\1\", are not supported"),
            ("\\8", "back-references, \"\\8\", are not supported"),
            ("\\", "it ends with \"\\\""),
            ("\\q", "\"\\q\" is not known"),
            ("\\Z", "\"\\Z\" is not known"),
            ("\\C", "\"\\C\" is not known"),
            ("\\ä", "\"\\ä\" is not known"),
            ("\\pX", "\"X\" is not a class of Unicode"),
            ("\\p{Klingon}", "\"Klingon\" is not a class of Unicode"),
            ("\\p{Greek", "a \"\\p{\" has no \"}\""),
            ("\\x4", "\"\\x\" needs two digits or {...}"),
            ("\\xg0", "\"g0\" is not the hexadecimal code of a character"),
            ("\\x{110000}", "\"110000\" is not the hexadecimal code of a character"),
        ] {
            let expected = format!("{pattern:?} is not a regular expression (RE2): {why}");
            assert_eq!(regex(pattern), Err(expected), "{pattern}");
        }
    }
}
