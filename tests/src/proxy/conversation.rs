//! Whose turn it is to speak on one connection, and so what is a round trip.

use super::messages::Messages;

/// The messages of one connection after its first packet, seen in the order in which the client sees them: what it has sent,
/// and what has been passed on to it.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    from_client: Messages,
    from_server: Messages,
    /// The server has been ready once: authentication is over.
    started: bool,
    /// The client has sent something that isn't answered yet.
    waiting: bool,
    /// How many times the server will still say that it is ready.
    ready_owed: u32,
    /// The client has asked for an answer before its end.
    flushed: bool,
}

impl Conversation {
    /// The client has sent this. Gives the number of round trips that begin with it: 0 or 1 for what was sent at once.
    pub(super) fn sent(&mut self, bytes: &[u8]) -> u64 {
        let Self { from_client, started, waiting, ready_owed, flushed, .. } = self;
        let mut begun = 0;
        from_client.take(bytes, |kind| {
            // Passwords; and Terminate, which nothing answers.
            if !*started || kind == b'X' {
                return;
            }
            if !*waiting {
                *waiting = true;
                *flushed = false;
                begun += 1;
            }
            match kind {
                // Query, Sync, and FunctionCall: each is answered by one ReadyForQuery.
                b'Q' | b'S' | b'F' => *ready_owed += 1,
                b'H' => *flushed = true,
                _ => {}
            }
        });
        begun
    }

    /// This has been passed on to the client.
    pub(super) fn answered(&mut self, bytes: &[u8]) {
        let Self { from_server, started, waiting, ready_owed, flushed, .. } = self;
        from_server.take(bytes, |kind| match kind {
            b'Z' => {
                *started = true;
                *ready_owed = ready_owed.saturating_sub(1);
                *waiting = *ready_owed > 0;
            }
            // CopyInResponse, CopyBothResponse: the client's turn, in the midst of the answer. A Sync that was sent ahead
            // is ignored now, and so isn't owed an answer.
            b'G' | b'W' => {
                *ready_owed = 0;
                *waiting = false;
            }
            // NotificationResponse, NoticeResponse, ParameterStatus: come unasked.
            b'A' | b'N' | b'S' => {}
            _ if *flushed && *ready_owed == 0 => *waiting = false,
            _ => {}
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Conversation;

    /// Plays messages without a body: what the client sends before `>`, and what the server answers after it.
    fn round_trips(script: &str) -> u64 {
        let messages = |kinds: &str| -> Vec<u8> { kinds.bytes().flat_map(|kind| [kind, 0, 0, 0, 4]).collect() };
        let mut conversation = Conversation::default();
        assert_eq!(conversation.sent(&messages("p")), 0, "authentication");
        conversation.answered(&messages("RRSSKZ"));
        let mut begun = 0;
        for turn in script.split_whitespace() {
            let (sent, answered) = turn.split_once('>').unwrap_or((turn, ""));
            // A byte at a time, because the network may split anywhere.
            begun += messages(sent).chunks(1).map(|byte| conversation.sent(byte)).sum::<u64>();
            messages(answered).chunks(1).for_each(|byte| conversation.answered(byte));
        }
        begun
    }

    #[test]
    fn an_answer_ends_a_round_trip() {
        assert_eq!(round_trips("Q>TDCZ"), 1);
        assert_eq!(round_trips("Q>TDCZ Q>CZ"), 2);
        assert_eq!(round_trips("PDS>1tTZ BES>2DCZ"), 2);
        assert_eq!(round_trips("PDS>EZ Q>CZ"), 2, "an error is an answer");
    }

    #[test]
    fn what_is_sent_without_waiting_belongs_to_the_round_trip_before() {
        assert_eq!(round_trips("QBES>CZ2DCZ"), 1, "several statements at once");
        assert_eq!(round_trips("Q Q>CZCZ"), 1);
        assert_eq!(round_trips("Q Q>CZ Q>CZCZ"), 1, "one of them was still unanswered");
        assert_eq!(round_trips("PB DES>1NA Q>S2nCZCZ"), 1, "what comes unasked is no answer");
    }

    #[test]
    fn what_comes_unasked_begins_nothing() {
        assert_eq!(round_trips(">A >N Q>NCZ >S"), 1);
    }

    #[test]
    fn copying_in_waits_once_for_the_permission_and_once_for_the_end() {
        assert_eq!(round_trips("Q>G ddc>CZ Q>CZ"), 3);
        assert_eq!(round_trips("PBES>12G ddc S>CZ Q>CZ"), 3, "the Sync sent ahead is not answered");
        assert_eq!(round_trips("Q>HddcCZ Q>CZ"), 2, "copying out is an answer as any other");
    }

    #[test]
    fn a_flush_is_answered_without_readiness() {
        assert_eq!(round_trips("PDH>1tT BES>2DCZ"), 2);
    }

    #[test]
    fn goodbye_is_not_answered() {
        assert_eq!(round_trips("Q>CZ X"), 1);
    }
}
