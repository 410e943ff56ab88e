//! What is kept of the seals where nobody with the database can change it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnection;

use super::error::AuditError;
use super::hexadecimal;
use super::seal::Seal;

/// A file that grows by a line of JSON for each seal. The end of the seals' chain can be cut off in the database without a trace:
/// only a line of it that is elsewhere tells.
#[derive(Clone, Debug)]
pub struct Anchor {
    file: PathBuf,
}

/// What it has of a seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) seal: i64,
    #[serde(with = "hexadecimal")]
    pub(super) hash: Vec<u8>,
    #[serde(with = "hexadecimal")]
    pub(super) signature: Vec<u8>,
    pub(super) key: String,
}

impl From<Seal> for Line {
    fn from(seal: Seal) -> Self {
        Self { seal: seal.seal, hash: seal.hash, signature: seal.signature, key: seal.key }
    }
}

impl Anchor {
    /// In this file, which the first run makes.
    pub fn at(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// All lines, each as it is read.
    pub(super) fn lines(&self) -> Result<impl Iterator<Item = Result<Line, AuditError>>, AuditError> {
        let opened = File::open(&self.file).map_err(|error| self.failed(&error))?;
        Ok(BufReader::new(opened).lines().enumerate().map(|(index, text)| {
            let text = text.map_err(|error| self.failed(&error))?;
            let bad = |error: serde_json::Error| AuditError::AnchorLine {
                file: self.file.clone(),
                line: index + 1,
                reason: error.to_string(),
            };
            serde_json::from_str(&text).map_err(bad)
        }))
    }

    /// Refuses a database that doesn't have the newest seal of which it knows.
    pub(super) async fn check(&self, connection: &mut PgConnection) -> Result<(), AuditError> {
        let Some(last) = self.last()? else { return Ok(()) };
        let query = "SELECT hash FROM tenancy.access_log_seals WHERE seal = $1";
        let query = sqlx::query_scalar(query).bind(last.seal).persistent(false);
        let hash: Option<Vec<u8>> = query.fetch_optional(connection).await?;
        let ahead = || AuditError::AnchorAhead { file: self.file.clone(), seal: last.seal };
        if hash.as_ref() == Some(&last.hash) { Ok(()) } else { Err(ahead()) }
    }

    /// Adds the seals that it lacks.
    pub(super) async fn follow(&self, connection: &mut PgConnection) -> Result<(), AuditError> {
        let after = self.last()?.map_or(0, |line| line.seal);
        let columns = Seal::COLUMNS;
        let query = format!("SELECT {columns} FROM tenancy.access_log_seals WHERE seal > $1 ORDER BY seal");
        let query = sqlx::query_as::<_, Seal>(sqlx::AssertSqlSafe(query)).bind(after).persistent(false);
        let seals = query.fetch_all(connection).await?;
        let mut text = String::new();
        for seal in seals {
            text += &serde_json::to_string(&Line::from(seal)).map_err(|error| self.failed(&error.into()))?;
            text.push('\n');
        }
        self.append(&text).map_err(|error| self.failed(&error))
    }

    fn append(&self, text: &str) -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.file)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    fn last(&self) -> Result<Option<Line>, AuditError> {
        if !self.file.exists() {
            return Ok(None);
        }
        self.lines()?.last().transpose()
    }

    fn failed(&self, error: &std::io::Error) -> AuditError {
        AuditError::AnchorFile { file: self.file.clone(), reason: error.to_string() }
    }
}
