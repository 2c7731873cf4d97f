//! Questions to the user that are answered with y or n.

use std::io;

use crate::failure::{Failure, code};

/// Asks until the answer is `y` or `n`; `None` when nobody is there to give one.
///
/// # Errors
/// What `ask` could not print.
pub(crate) fn answer(mut ask: impl FnMut() -> io::Result<()>) -> io::Result<Option<bool>> {
    loop {
        ask()?;
        let mut answer = String::new();
        if !io::stdin().read_line(&mut answer).is_ok_and(|read| read > 0) {
            return Ok(None);
        }
        match answer.trim() {
            "y" => return Ok(Some(true)),
            "n" => return Ok(Some(false)),
            _ => {}
        }
    }
}

/// The end of a command whose question nobody has answered.
pub(crate) fn unanswered() -> Failure {
    Failure::new(code::GENERIC, "there was no answer").hint("`--yes` answers in advance")
}
