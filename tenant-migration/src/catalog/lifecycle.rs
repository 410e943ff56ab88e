//! Which status may follow which.

use tenant_core::OrganizationStatus::{self, Active, Archived, Moving, Provisioning, Suspended};

/// From which status an organisation may come to which. Of any other way there is none; the database refuses it.
///
/// What works is not archived at once: that is final, and to suspend it first is not. One that is moving ends its move first.
pub const TRANSITIONS: [(OrganizationStatus, OrganizationStatus); 9] = [
    (Provisioning, Active),
    (Provisioning, Archived),
    (Active, Suspended),
    (Active, Moving),
    (Suspended, Active),
    (Suspended, Moving),
    (Suspended, Archived),
    (Moving, Active),
    (Moving, Suspended),
];
