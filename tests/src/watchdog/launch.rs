//! What a throw-away program is started with.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::watched::Watched;
use crate::private_folder::PrivateFolder;

const WATCHDOG: &str = include_str!("watchdog.sh");

/// A program to be started in a private folder of its own, as the folder's user.
#[derive(Debug)]
#[must_use = "does nothing until `start` is called"]
pub(crate) struct Launch {
    folder: PrivateFolder,
    stop_signal: &'static str,
    preparation: OsString,
    holder: Option<PathBuf>,
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Launch {
    /// The signal's name, such as `QUIT`, is what stops the program at once.
    pub(crate) fn new(program: PathBuf, stop_signal: &'static str) -> io::Result<Self> {
        let folder = PrivateFolder::create()?;
        Ok(Self { folder, stop_signal, preparation: OsString::new(), holder: None, program, arguments: Vec::new() })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: &str) -> io::Result<PathBuf> {
        let file = self.folder.path().join(name);
        fs::write(&file, content)?;
        if let Some(user) = self.folder.user() {
            user.own(&file)?;
        }
        Ok(file)
    }

    /// [`Self::write`] of what nobody but the folder's user may read.
    pub(crate) fn write_secret(&self, name: &str, content: &str) -> io::Result<PathBuf> {
        let file = self.write(name, content)?;
        fs::set_permissions(&file, Permissions::from_mode(0o600))?;
        Ok(file)
    }

    /// Leaves it to a script to run the program, with the folder, the program's path and its arguments.
    pub(crate) fn hold(&mut self, script: &str) -> io::Result<()> {
        self.holder = Some(self.write("hold.sh", script)?);
        Ok(())
    }

    /// Runs a script first, with the folder and the program's path as arguments.
    pub(crate) fn prepare(&mut self, script: &str) -> io::Result<()> {
        self.preparation = self.write("prepare.sh", script)?.into();
        Ok(())
    }

    pub(crate) fn argument(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Starts the program, or its preparation; it isn't ready when this returns.
    pub(crate) fn start(self) -> io::Result<Watched> {
        let script = self.write("watchdog.sh", WATCHDOG)?;
        let log = OpenOptions::new().create_new(true).read(true).append(true).open(self.folder().join("log"))?;
        let mut command = Command::new("sh");
        command.arg(script).arg(self.folder()).arg(self.stop_signal).arg(&self.preparation).arg(&self.program);
        if let Some(holder) = &self.holder {
            command.arg("sh").arg(holder).arg(self.folder());
        }
        command.arg(&self.program).args(&self.arguments);
        if let Some(user) = self.folder.user() {
            user.run(&mut command);
        }
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        let watchdog = command
            .current_dir(self.folder())
            .env("LC_ALL", "C")
            // Ctrl-C is for this process; the program follows when it ends.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()?;
        Ok(Watched::new(watchdog, self.folder, log))
    }
}
