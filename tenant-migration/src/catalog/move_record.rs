//! A move of an organisation, as the catalog has it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tenant_core::{OrganizationStatus, PlacementName, TenantId};

/// A move of an organisation, as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRecord {
    /// The move; its streams and locks are named by it.
    pub id: MoveId,
    /// Who is moved.
    pub organization: TenantId,
    /// Where from.
    pub source: PlacementName,
    /// Where to.
    pub target: PlacementName,
    /// What is being done, or is to be done next.
    pub stage: Stage,
    /// What is wanted of the mover.
    pub wish: Wish,
    /// The organisation's status before, which it has again afterwards.
    pub status_before: OrganizationStatus,
    /// What the stages did, and what they leave for those that follow.
    pub notes: Notes,
    /// Why the last run ended before its end.
    pub failure: Option<String>,
    /// When it was begun, in UTC: `2026-01-31T23:59:59.123456Z`.
    pub begun_at: String,
    /// When the organisation's statements went to the target first, in the same form.
    pub switched_at: Option<String>,
    /// When all was done, in the same form.
    pub ended_at: Option<String>,
}

/// A move's identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MoveId(pub(super) String);

impl fmt::Display for MoveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the stages of a move did, and what they leave for those that follow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// What the organisation's rows are followed with while it works; nothing where they are copied while it waits.
    pub followed: Option<Followed>,
    /// The rows that were copied, by table.
    pub copied: Vec<CopiedTable>,
    /// For how many milliseconds the organisation's statements waited, from the lock to the switch.
    pub pause_ms: Option<u64>,
    /// How it ends, once that is known.
    pub outcome: Option<Outcome>,
}

/// How a move follows what the organisation writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Followed {
    /// The snapshot with which all rows were copied, as `pg_current_snapshot()` prints it; nothing before they were.
    pub snapshot: Option<String>,
}

/// The rows of a table that were copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedTable {
    /// With its schema.
    pub table: String,
    /// How many.
    pub rows: u64,
    /// In the form that they went in.
    pub bytes: u64,
}

macro_rules! words {
    ($(#[$about:meta])* $name:ident, $what:literal: $($(#[$meaning:meta])* $variant:ident $word:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$meaning])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in the order in which they come.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// Its name in the catalog.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let known = [$($word),+];
                let found = Self::ALL.into_iter().find(|word| word.as_str() == text);
                found.ok_or_else(|| format!("{text:?} is not {}: {}", $what, known.join(", ")))
            }
        }
    };
}

words! {
    /// What is being done in a move, or is to be done next.
    Stage, "a stage of a move":
    /// The organisation's rows are copied while it works, and what it writes meanwhile follows.
    Following "following",
    /// The source asks each transaction of the organisation whether it may; the last one is waited for, and then the source refuses it.
    Fencing "fencing",
    /// The organisation's rows are copied, or the last that it wrote.
    Copying "copying",
    /// Both homes are compared, and the catalog says where the organisation lives.
    Comparing "comparing",
    /// The rows at the home that it left, and the fence there, are removed.
    Cleaning "cleaning",
    /// It has ended.
    Ended "ended",
}

words! {
    /// What is wanted of a mover.
    Wish, "what is wanted of a move":
    /// To go on.
    Run "run",
    /// To stop before the next stage, until it is resumed.
    Pause "pause",
    /// To give the move up, before the switch.
    Abort "abort",
}

words! {
    /// How a move ends.
    Outcome, "how a move ended":
    /// The organisation lives at the target.
    Moved "moved",
    /// It was given up before the switch.
    Aborted "aborted",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
        }
        for wish in Wish::ALL {
            assert_eq!(wish.as_str().parse(), Ok(wish));
        }
        assert!("copied".parse::<Stage>().expect_err("none").contains("copying"));
    }

    #[test]
    fn notes_of_an_earlier_release_are_read() {
        assert_eq!(serde_json::from_str::<Notes>("{}").expect("notes"), Notes::default());
    }
}
