//! The sign-in of the recorded user.

use std::{error::Error, fmt};

use thiserror::Error;

/// An ID token of the recorded user.
#[derive(Clone)]
pub struct Token(String);

/// There is no token at the moment. The client tries again later.
#[derive(Debug, Error)]
#[error("no token is available")]
pub struct Unavailable(#[source] pub Box<dyn Error + Send + Sync>);

/// A source of tokens, such as the app's sign-in. A closure is one, too.
pub trait TokenSource {
    /// A token that was not refused before: the client requests one when it has none, and after a
    /// refusal.
    fn fetch(&self) -> impl Future<Output = Result<Token, Unavailable>> + Send;
}

impl<F, R> TokenSource for F
where
    F: Fn() -> R,
    R: Future<Output = Result<Token, Unavailable>> + Send,
{
    fn fetch(&self) -> impl Future<Output = Result<Token, Unavailable>> + Send {
        self()
    }
}

impl Token {
    /// A token from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hides the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
