//! Another user of this system.

use std::ffi::{CString, OsString};
use std::path::PathBuf;

use nix::unistd::{self, Gid, Uid};

use crate::failure::{Failure, code};

/// Who they are.
pub(super) struct User {
    name: String,
    uid: Uid,
    gid: Gid,
    home: PathBuf,
}

impl User {
    /// Looks a user up by name.
    pub(super) fn find(name: &str) -> Result<User, Failure> {
        let found = unistd::User::from_name(name).map_err(|error| trouble(name, error))?;
        let Some(user) = found else { return Err(Failure::new(code::GENERIC, format!("there is no user {name}"))) };
        Ok(User { name: user.name, uid: user.uid, gid: user.gid, home: user.dir })
    }

    /// Makes this process theirs: supplementary groups first, for a user may not change them, and the user last.
    pub(super) fn become_it(&self) -> Result<(), Failure> {
        let trouble = |error| {
            trouble(&self.name, error).hint("only root can become another user: run it with sudo, or leave out --user")
        };
        self.set_groups().map_err(trouble)?;
        unistd::setgid(self.gid).map_err(trouble)?;
        unistd::setuid(self.uid).map_err(trouble)
    }

    #[cfg(not(target_vendor = "apple"))]
    fn set_groups(&self) -> nix::Result<()> {
        let name = CString::new(self.name.as_str()).map_err(|_| nix::Error::EINVAL)?;
        unistd::setgroups(&unistd::getgrouplist(&name, self.gid)?)
    }

    /// Groups are kept by a service there that no call sets them past.
    #[cfg(target_vendor = "apple")]
    fn set_groups(&self) -> nix::Result<()> {
        Err(nix::Error::ENOTSUP)
    }

    /// What tells programs who they run for.
    pub(super) fn variables(&self) -> Vec<(OsString, OsString)> {
        let name = OsString::from(&self.name);
        vec![
            ("HOME".into(), self.home.clone().into_os_string()),
            ("USER".into(), name.clone()),
            ("LOGNAME".into(), name),
        ]
    }
}

fn trouble(name: &str, error: nix::Error) -> Failure {
    Failure::new(code::GENERIC, format!("the command cannot be run as {name}: {}", error.desc()))
}
