//! Where a throw-away server keeps its data and its socket.

use std::{
    env, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::os_user::OsUser;

/// What a memory file system must have free to be chosen: a server and its clones take 50 to 500 MB. Docker gives
/// containers 64 MB unless told otherwise.
const ENOUGH_MEMORY: u64 = 2 << 30;

/// The longest path of a socket, without its final zero: 103 bytes on macOS, 107 on Linux.
const LONGEST_SOCKET_PATH: usize = 103;

/// A folder that only the server's user can enter, with a path short enough for a socket; removed when dropped.
#[derive(Debug)]
pub(crate) struct PrivateFolder {
    folder: TempDir,
    user: Option<OsUser>,
}

impl PrivateFolder {
    /// In `TENANT_PG_TMP` if it is set, else in memory where there is enough (a clone takes 20 ms there, and 30 to 300 ms
    /// on a disk), else among the temporary files.
    pub(crate) fn create() -> io::Result<Self> {
        if let Some(base) = env::var_os("TENANT_PG_TMP") {
            return Self::create_in(Path::new(&base));
        }
        let found = memory().into_iter().chain([env::temp_dir()]).find_map(|base| Self::create_in(&base).ok());
        found.map_or_else(|| Self::create_in(Path::new("/tmp")), Ok)
    }

    fn create_in(base: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tenant-pg-").tempdir_in(base)?;
        if folder.path().join(".s.PGSQL.65535").as_os_str().as_bytes().len() > LONGEST_SOCKET_PATH {
            return Err(unsuitable(base, "is too long a path for a socket; set TENANT_PG_TMP to a shorter one"));
        }
        let user = OsUser::for_server(folder.path())?;
        if let Some(user) = user {
            if !user.can_enter(base) {
                return Err(unsuitable(
                    base,
                    "is closed to the unprivileged user that PostgreSQL runs as; set TENANT_PG_TMP to one that is open",
                ));
            }
            user.own(folder.path())?;
        }
        Ok(Self { folder, user })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The user to run as, if it isn't the one who runs us.
    pub(crate) fn user(&self) -> Option<OsUser> {
        self.user
    }
}

/// The memory file system, if it has enough free.
fn memory() -> Option<PathBuf> {
    let folder = PathBuf::from("/dev/shm");
    let free = rustix::fs::statvfs(&folder).map(|of| of.f_bavail * of.f_frsize).ok()?;
    (free >= ENOUGH_MEMORY).then_some(folder)
}

fn unsuitable(base: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{} {why}", base.display()))
}
