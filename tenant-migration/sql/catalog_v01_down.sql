-- Without CASCADE: what somebody else has made on it fails this instead of being removed.
DROP TABLE IF EXISTS tenancy_catalog.organizations;
DROP TABLE IF EXISTS tenancy_catalog.placements;
DROP FUNCTION IF EXISTS tenancy_catalog.before_organization(), tenancy_catalog.before_placement(),
  tenancy_catalog.tell_of_organizations(), tenancy_catalog.tell_of_placements(), tenancy_catalog.refuse_truncate();
DROP SCHEMA IF EXISTS tenancy_catalog;
