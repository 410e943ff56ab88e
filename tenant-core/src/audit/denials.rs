//! Refusals that wait to be logged: few of each tenant's singly, and how many more there were.

use std::collections::HashMap;

use tokio::time::Instant;

use super::entry::{Access, Entry};
use crate::{Fingerprint, TenantContext, TenantId, Tier};

/// How many of one tenant's refusals are written singly each time: who is refused in a loop fills no log.
const SINGLY: usize = 16;

/// How many tenants' refusals wait at most.
const TENANTS: usize = 1_000;

/// Refusals, by tenant.
#[derive(Debug, Default)]
pub(super) struct Denials {
    of: HashMap<TenantId, Denied>,
    entries: usize,
}

#[derive(Debug)]
struct Denied {
    singly: Vec<Entry>,
    more: Option<Entry>,
}

impl Denials {
    /// Notes a refusal. `false` if those of too many tenants wait already.
    pub(super) fn note(
        &mut self,
        context: &TenantContext,
        tier: Tier,
        what: impl FnOnce() -> (String, Option<Fingerprint>),
    ) -> bool {
        if self.of.len() >= TENANTS && !self.of.contains_key(&context.tenant()) {
            return false;
        }
        let denied = self.of.entry(context.tenant()).or_insert_with(|| Denied { singly: Vec::new(), more: None });
        let at = Instant::now();
        if denied.singly.len() < SINGLY {
            let (reason, fingerprint) = what();
            let access = Access::Denial { reason, fingerprint, times: 1 };
            denied.singly.push(Entry { context: context.clone(), tier, access, at });
            self.entries += 1;
            return true;
        }
        match &mut denied.more {
            Some(Entry { access: Access::Denial { times, .. }, .. }) => *times += 1,
            _ => {
                let reason = "more refusals than are logged singly".to_owned();
                let access = Access::Denial { reason, fingerprint: None, times: 1 };
                // Of whoever it was: the users and requests of those may be several.
                denied.more = Some(Entry { context: TenantContext::new(context.tenant()), tier, access, at });
                self.entries += 1;
            }
        }
        true
    }

    pub(super) const fn entries(&self) -> usize {
        self.entries
    }

    pub(super) fn take(&mut self) -> Vec<Entry> {
        std::mem::take(self).of.into_values().flat_map(|denied| denied.singly.into_iter().chain(denied.more)).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn note(denials: &mut Denials, tenant: usize) -> bool {
        let context = TenantContext::new(TenantId::new(Uuid::from_u128(tenant as u128)));
        denials.note(&context, Tier::Small, || ("refused".to_owned(), None))
    }

    #[test]
    fn a_flood_is_one_entry_and_keeps_no_other_tenant_out() {
        let mut denials = Denials::default();
        for _ in 0..100_000 {
            assert!(note(&mut denials, 1));
        }
        assert!(note(&mut denials, 2));
        let taken = denials.take();
        assert_eq!(taken.len(), SINGLY + 2);
        let times = |entry: &Entry| match entry.access {
            Access::Denial { times, .. } => times,
            Access::Read { .. } => 0,
        };
        assert_eq!(taken.iter().map(times).sum::<u64>(), 100_001);
        assert_eq!(denials.entries(), 0);
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut denials = Denials::default();
        assert!((0..TENANTS).all(|tenant| note(&mut denials, tenant)));
        assert!(!note(&mut denials, TENANTS));
        assert!(note(&mut denials, 0));
    }
}
