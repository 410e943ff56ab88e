-- Defaults that give the same row whenever and wherever they are taken, and enough of them for an INSERT of nothing.
ALTER TABLE molecules ALTER created_at SET DEFAULT '2026-01-01 00:00:00+00';
ALTER TABLE organizations ALTER created_at SET DEFAULT '2026-01-01 00:00:00+00';
ALTER TABLE users ALTER created_at SET DEFAULT '2026-01-01 00:00:00+00';
ALTER TABLE docking_jobs ALTER created_at SET DEFAULT '2026-01-01 00:00:00+00';
ALTER TABLE pipelines
  ALTER id SET DEFAULT '00000000-0000-0000-0000-000000000063',
  ALTER name SET DEFAULT 'default',
  ALTER definition SET DEFAULT '{}';
