//! The operating-system user a server runs as.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// An unprivileged user: PostgreSQL and PgBouncer refuse to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OsUser {
    uid: u32,
    gid: u32,
}

impl OsUser {
    /// Whom a server must run as, told from a folder that this process has made: nobody else, unless this process is root's.
    /// Then `postgres` if the machine has it, else `nobody`.
    pub(crate) fn for_server(folder: &Path) -> io::Result<Option<Self>> {
        // The standard library doesn't tell who we are, but a file does.
        if fs::metadata(folder)?.uid() != 0 {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd")?;
        match Self::named("postgres", &passwd).or_else(|| Self::named("nobody", &passwd)) {
            Some(user) => Ok(Some(user)),
            None => Err(io::Error::other(
                "PostgreSQL and PgBouncer don't run as root, and the machine has no user `postgres` or `nobody` to run it as",
            )),
        }
    }

    fn named(name: &str, passwd: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            let (_password, uid, gid) = (fields.next()?, fields.next()?, fields.next()?);
            Some(Self { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
        })
    }

    /// Makes the command run as this user.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives the file or folder to this user.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
    }

    /// Whether this user can enter the folder: every part of its path lets strangers or this user through.
    pub(crate) fn can_enter(self, folder: &Path) -> bool {
        folder.ancestors().all(|part| {
            fs::metadata(part)
                .is_ok_and(|of| of.mode() & 0o001 != 0 || (of.uid() == self.uid && of.mode() & 0o100 != 0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::OsUser;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:7::/:\npostgres:x:101:104:PostgreSQL,,,:/var:/bin/sh\n";
        assert_eq!(OsUser::named("postgres", passwd), Some(OsUser { uid: 101, gid: 104 }));
        assert_eq!(OsUser::named("nobody", passwd), None);
    }
}
