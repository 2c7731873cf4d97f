use super::{PgpError, PgpKeys};

#[test]
fn bytes_that_are_no_keys() {
    assert_eq!(PgpKeys::from_armored(b"hunter2").err(), Some(PgpError::Armor));
    assert_eq!(PgpKeys::from_keyring(b"hunter2").err(), Some(PgpError::NoKey));
}
