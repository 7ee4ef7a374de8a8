//! An expression as a row of tokens.

use std::iter::Peekable;
use std::str::CharIndices;

/// What an expression is made of, as far as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// A text, without its quotes.
    Text(&'a str),
    Open(char),
    Close(char),
    Other(char),
}

/// Takes an expression apart; leaves the grammar alone.
///
/// # Errors
/// When a text or a comment is never closed.
pub(super) fn tokens(expression: &str) -> Result<Vec<Token<'_>>, String> {
    Lexer { text: expression, chars: expression.char_indices().peekable() }.tokens()
}

struct Lexer<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl<'a> Lexer<'a> {
    fn tokens(mut self) -> Result<Vec<Token<'a>>, String> {
        let mut tokens = Vec::new();
        while let Some((at, c)) = self.chars.next() {
            tokens.push(match c {
                c if c.is_whitespace() => continue,
                '\'' | '"' => Token::Text(self.quoted(at, c)?),
                '`' => Token::Text(self.raw(at)?),
                '/' if self.next_is('/') => {
                    self.skip_line();
                    continue;
                }
                '/' if self.next_is('*') => {
                    self.skip_comment()?;
                    continue;
                }
                '(' | '[' | '{' => Token::Open(c),
                ')' | ']' | '}' => Token::Close(c),
                c if is_word(c) => Token::Word(self.word(at)),
                c => Token::Other(c),
            });
        }
        Ok(tokens)
    }

    fn next_is(&mut self, wanted: char) -> bool {
        self.chars.next_if(|(_, c)| *c == wanted).is_some()
    }

    fn word(&mut self, start: usize) -> &'a str {
        while self.chars.next_if(|(_, c)| is_word(*c)).is_some() {}
        let end = self.chars.peek().map_or(self.text.len(), |(at, _)| *at);
        &self.text[start..end]
    }

    /// A text in quotes that begins at `start`, in which `\` takes the next character.
    fn quoted(&mut self, start: usize, quote: char) -> Result<&'a str, String> {
        while let Some((at, c)) = self.chars.next() {
            match c {
                '\\' => drop(self.chars.next()),
                '\n' => break,
                c if c == quote => return Ok(&self.text[start + 1..at]),
                _ => {}
            }
        }
        Err(format!("a text in {quote} is never closed"))
    }

    /// A text in backticks, in which two of them are one.
    fn raw(&mut self, start: usize) -> Result<&'a str, String> {
        while let Some((at, c)) = self.chars.next() {
            if c == '`' && !self.next_is('`') {
                return Ok(&self.text[start + 1..at]);
            }
        }
        Err("a text in ` is never closed".to_owned())
    }

    fn skip_line(&mut self) {
        while self.chars.next().is_some_and(|(_, c)| c != '\n') {}
    }

    fn skip_comment(&mut self) -> Result<(), String> {
        while let Some((_, c)) = self.chars.next() {
            if c == '*' && self.next_is('/') {
                return Ok(());
            }
        }
        Err("a comment is never closed".to_owned())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}
