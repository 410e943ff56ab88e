-- The sample as SeaORM sees it: keys, unique constraints and references without the tenant column. Constraints have the
-- names of the migrated sample, so that ON CONFLICT ON CONSTRAINT means the same.
CREATE TABLE molecules (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  external_ref text NOT NULL,
  name text NOT NULL,
  molecule_type text NOT NULL,
  first_approval integer,
  smiles text,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT molecules_pkey PRIMARY KEY (id),
  CONSTRAINT molecules_external_ref_key UNIQUE (external_ref)
);
CREATE TABLE organizations (
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT organizations_pkey PRIMARY KEY (id)
);
CREATE TABLE targets (
  code text NOT NULL,
  name text NOT NULL,
  CONSTRAINT targets_pkey PRIMARY KEY (code)
);
CREATE TABLE users (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  email text NOT NULL,
  name text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
);
CREATE TABLE memberships (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('owner', 'scientist', 'viewer')),
  CONSTRAINT memberships_pkey PRIMARY KEY (id),
  CONSTRAINT memberships_user_id_role_key UNIQUE (user_id, role),
  CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE pipelines (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  name text NOT NULL,
  definition jsonb NOT NULL,
  created_by uuid,
  CONSTRAINT pipelines_pkey PRIMARY KEY (id),
  CONSTRAINT pipelines_name_key UNIQUE (name),
  CONSTRAINT pipelines_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL
);
CREATE TABLE docking_jobs (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  molecule_id uuid,
  pipeline_id uuid,
  target_code text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'running', 'succeeded', 'failed')),
  created_at timestamp with time zone NOT NULL,
  finished_at timestamp with time zone,
  CONSTRAINT docking_jobs_pkey PRIMARY KEY (id),
  CONSTRAINT docking_jobs_molecule_id_fkey FOREIGN KEY (molecule_id) REFERENCES molecules (id) ON DELETE SET NULL,
  CONSTRAINT docking_jobs_pipeline_id_fkey FOREIGN KEY (pipeline_id) REFERENCES pipelines (id) ON DELETE SET NULL,
  CONSTRAINT docking_jobs_target_code_fkey FOREIGN KEY (target_code) REFERENCES targets (code)
);
CREATE TABLE job_results (
  id uuid NOT NULL,
  organization_id uuid NOT NULL,
  job_id uuid NOT NULL,
  atoms integer NOT NULL,
  potential_energy double precision NOT NULL,
  rms_derivative double precision NOT NULL,
  CONSTRAINT job_results_pkey PRIMARY KEY (id),
  CONSTRAINT job_results_job_id_fkey FOREIGN KEY (job_id) REFERENCES docking_jobs (id) ON DELETE CASCADE
);
