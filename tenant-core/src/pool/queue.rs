//! Who waits for a connection, and whose turn it is.
//!
//! The next connection goes to the tenant that uses the fewest for its weight; between equals to the one that has used
//! connections for the least time for its weight since they began to compete (start-time fair queueing: Goyal, Vin, Cheng,
//! 1996); then to the one that has waited longest. Within a tenant, first come, first served.
//!
//! Use is counted in whole connections of the lightest weight: a tenant of three times that weight is equal to one without
//! connections as long as it uses less than three. Were it counted more finely, whoever is light would get none while the
//! heavy ones together can use all.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::tier::{Tier, Tiers};
use crate::TenantId;

/// How often the tenant whose turn it is may be passed over for one that the free connection is bound to: binding anew costs
/// a round trip. Only equals in the use of connections are preferred so, and each only as often before its own turn comes:
/// else the one that most connections are bound to would get more than its weight for as long as others wait.
const PASSES: u32 = 4;

/// For how many tenants there is always room.
const ROOM: usize = 256;

/// The tenants that use connections or wait for one.
#[derive(Debug)]
pub(super) struct Queue<W> {
    tiers: Tiers,
    lightest: u32,
    tenants: HashMap<TenantId, Tenant<W>>,
    /// Per tier, those that wait and may have one more.
    ready: [BTreeSet<Turn>; Tier::ALL.len()],
    waiting: u32,
    /// The used time for its weight of whoever was served last: where newcomers begin.
    clock: u64,
    serial: u64,
}

/// A tenant's place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// Whole connections of the lightest weight that are in use.
    level: u64,
    /// Time of use, for the weight.
    time: u64,
    /// Connections in use, for the weight.
    load: u64,
    serial: u64,
    tenant: TenantId,
}

#[derive(Debug)]
struct Tenant<W> {
    tier: Tier,
    in_use: u32,
    /// Nanoseconds of use, for the weight.
    time: u64,
    waiters: VecDeque<(u64, W)>,
    turn: Option<Turn>,
    /// How often it was passed over since it was served.
    passed: u32,
    /// How often another was passed over for it since its turn came.
    preferred: u32,
}

impl<W> Tenant<W> {
    fn is_idle(&self) -> bool {
        self.in_use == 0 && self.waiters.is_empty()
    }
}

impl<W> Queue<W> {
    pub(super) fn new(tiers: Tiers) -> Self {
        let (tenants, ready) = (HashMap::new(), std::array::from_fn(|_| BTreeSet::new()));
        let lightest = Tier::ALL.map(|tier| tiers[tier].weight).into_iter().min().unwrap_or(1);
        Self { tiers, lightest, tenants, ready, waiting: 0, clock: 0, serial: 0 }
    }

    pub(super) const fn waiting(&self) -> u32 {
        self.waiting
    }

    /// Connections that the tenant uses.
    pub(super) fn in_use_by(&self, tenant: TenantId) -> u32 {
        self.tenants.get(&tenant).map_or(0, |of| of.in_use)
    }

    /// All that use connections, and how many.
    pub(super) fn users(&self) -> impl Iterator<Item = (TenantId, u32)> {
        self.tenants.iter().filter(|(_, of)| of.in_use > 0).map(|(tenant, of)| (*tenant, of.in_use))
    }

    /// How many tenants are known: all that use connections or wait, and while somebody waits those that did lately.
    pub(super) fn known(&self) -> usize {
        self.tenants.len()
    }

    /// Whether anybody of this tenant's waits.
    pub(super) fn waits(&self, tenant: TenantId) -> bool {
        self.tenants.get(&tenant).is_some_and(|of| !of.waiters.is_empty())
    }

    /// Whether the tenant may use one more.
    pub(super) fn is_below_cap(&self, tenant: TenantId, tier: Tier) -> bool {
        self.in_use_by(tenant) < self.tiers[tier].max_connections
    }

    /// Notes that the tenant uses one more.
    pub(super) fn take(&mut self, tenant: TenantId, tier: Tier) {
        let start = self.change(tenant, tier, |of, clock| {
            if of.is_idle() {
                of.time = of.time.max(clock);
            }
            of.in_use += 1;
            of.time
        });
        self.clock = self.clock.max(start);
    }

    /// Notes that the tenant uses one less, after so long.
    pub(super) fn give(&mut self, tenant: TenantId, held: Duration) {
        let Some(tier) = self.tenants.get(&tenant).map(|of| of.tier) else { return };
        // As it would be for the lightest, so that great weights don't make nothing of a short time.
        let held = held.as_nanos().saturating_mul(self.lightest.into()) / u128::from(self.tiers[tier].weight);
        let held = u64::try_from(held).unwrap_or(u64::MAX);
        self.change(tenant, tier, |of, _| {
            of.in_use = of.in_use.saturating_sub(1);
            of.time = of.time.saturating_add(held);
        });
    }

    /// Puts somebody at the end of the tenant's queue, and says which place that is.
    pub(super) fn push(&mut self, tenant: TenantId, tier: Tier, waiter: W) -> u64 {
        self.serial += 1;
        self.waiting += 1;
        let serial = self.serial;
        self.change(tenant, tier, |of, clock| {
            if of.is_idle() {
                of.time = of.time.max(clock);
            }
            of.waiters.push_back((serial, waiter));
        });
        serial
    }

    /// Removes whoever has this place, unless it was served already.
    pub(super) fn leave(&mut self, tenant: TenantId, serial: u64) -> Option<W> {
        let tier = self.tenants.get(&tenant)?.tier;
        let waiter = self.change(tenant, tier, |of, _| {
            let place = of.waiters.binary_search_by_key(&serial, |(place, _)| *place).ok()?;
            of.waiters.remove(place)
        })?;
        self.left(tenant);
        Some(waiter.1)
    }

    /// The tenant whose turn it is, among those of tiers that `may` have a connection; rather `bound`, if its turn is as good.
    /// That it was preferred or passed over is counted, whether there is a connection for it or not.
    pub(super) fn next(&mut self, bound: Option<TenantId>, may: impl Fn(Tier) -> bool) -> Option<TenantId> {
        let first = |tier: Tier| self.ready[tier as usize].first().copied();
        let best = Tier::ALL.into_iter().filter(|tier| may(*tier)).filter_map(first).min()?;
        let preferred = bound.filter(|bound| *bound != best.tenant && self.may_pass(*bound, best, may));
        if let Some(preferred) = preferred {
            self.tenants.get_mut(&best.tenant)?.passed += 1;
            self.tenants.get_mut(&preferred)?.preferred += 1;
            return Some(preferred);
        }
        self.tenants.get_mut(&best.tenant)?.preferred = 0;
        Some(best.tenant)
    }

    /// Whether the tenant may be served before the one whose turn it is.
    fn may_pass(&self, tenant: TenantId, best: Turn, may: impl Fn(Tier) -> bool) -> bool {
        let Some((of, passed)) = self.tenants.get(&tenant).zip(self.tenants.get(&best.tenant)) else { return false };
        let is_equal = may(of.tier) && of.turn.is_some_and(|turn| turn.load <= best.load);
        is_equal && of.preferred < PASSES && passed.passed < PASSES
    }

    /// Who waits longest of this tenant's.
    pub(super) fn front(&self, tenant: TenantId) -> Option<&W> {
        self.tenants.get(&tenant)?.waiters.front().map(|(_, waiter)| waiter)
    }

    /// Takes whoever waits longest of this tenant's out of the queue, with the tenant's tier.
    pub(super) fn pop(&mut self, tenant: TenantId) -> Option<(Tier, W)> {
        let tier = self.tenants.get(&tenant)?.tier;
        let waiter = self.change(tenant, tier, |of, _| {
            of.passed = 0;
            of.waiters.pop_front()
        })?;
        self.left(tenant);
        Some((tier, waiter.1))
    }

    /// Takes the last of the longest queue out, to make room for one of `tenant`; `None` if its own is the longest.
    pub(super) fn displace(&mut self, tenant: TenantId, tier: Tier) -> Option<W> {
        let length = |waiters: u64, tier: Tier| (waiters << 32) / u64::from(self.tiers[tier].weight);
        let own = self.tenants.get(&tenant).map_or(0, |of| of.waiters.len()) as u64 + 1;
        let own = length(own, tier);
        let others = self.tenants.iter().filter(|(other, _)| **other != tenant);
        let (victim, of) = others.max_by_key(|(_, of)| length(of.waiters.len() as u64, of.tier))?;
        if length(of.waiters.len() as u64, of.tier) <= own {
            return None;
        }
        let victim = *victim;
        let serial = of.waiters.back()?.0;
        self.leave(victim, serial)
    }

    /// Takes everybody out of the queue.
    pub(super) fn clear(&mut self) -> Vec<W> {
        let waiting: Vec<TenantId> =
            self.tenants.iter().filter(|(_, of)| !of.waiters.is_empty()).map(|(tenant, _)| *tenant).collect();
        let mut cleared = Vec::new();
        for tenant in waiting {
            while let Some((_, waiter)) = self.pop(tenant) {
                cleared.push(waiter);
            }
        }
        cleared
    }

    /// Forgets the tenants whose time of use no longer counts: all idle ones once nobody waits, else those that the others have
    /// caught up with.
    pub(super) fn forget(&mut self) {
        let (clock, contended) = (self.clock, self.waiting > 0);
        self.tenants.retain(|_, of| !of.is_idle() || (contended && of.time > clock));
        // What many had at once is not kept for few.
        self.tenants.shrink_to(ROOM.max(2 * self.tenants.len()));
    }

    fn left(&mut self, tenant: TenantId) {
        self.waiting -= 1;
        if self.waiting == 0 && self.tenants.get(&tenant).is_some_and(Tenant::is_idle) {
            self.tenants.remove(&tenant);
        }
    }

    /// Changes what is known of a tenant, and its place in the order with it.
    fn change<R>(&mut self, tenant: TenantId, tier: Tier, change: impl FnOnce(&mut Tenant<W>, u64) -> R) -> R {
        let clock = self.clock;
        let new =
            || Tenant { tier, in_use: 0, time: clock, waiters: VecDeque::new(), turn: None, passed: 0, preferred: 0 };
        let of = self.tenants.entry(tenant).or_insert_with(new);
        if let Some(turn) = of.turn.take() {
            self.ready[of.tier as usize].remove(&turn);
        }
        of.tier = tier;
        let result = change(of, clock);
        let limits = self.tiers[tier];
        match of.waiters.front() {
            Some((serial, _)) if of.in_use < limits.max_connections => {
                let level = u64::from(of.in_use) * u64::from(self.lightest) / u64::from(limits.weight);
                let load = (u64::from(of.in_use) << 32) / u64::from(limits.weight);
                let turn = Turn { level, time: of.time, load, serial: *serial, tenant };
                of.turn = Some(turn);
                self.ready[tier as usize].insert(turn);
            }
            None if of.in_use == 0 && (self.waiting == 0 || of.time <= clock) => {
                self.tenants.remove(&tenant);
            }
            _ => {}
        }
        result
    }
}
