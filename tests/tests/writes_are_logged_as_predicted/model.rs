//! What rows there are, and what each write must leave in the log.

use std::collections::{BTreeMap, BTreeSet};

use super::program::{Op, Outside};

/// The rows of two organisations, by organisation and number.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    molecules: BTreeSet<(u8, u8)>,
    /// With the molecule that each refers to.
    jobs: BTreeMap<(u8, u8), Option<u8>>,
    /// With the job that each refers to.
    results: BTreeMap<(u8, u8), u8>,
}

/// A statement, and the entries that it leaves.
pub(super) type Predicted = (String, Vec<String>);

pub(super) fn id(number: u8) -> String {
    format!("00000000-0000-0000-0000-0000000000{number:02}")
}

fn list(ids: &BTreeSet<u8>) -> String {
    let all: Vec<String> = ids.iter().map(|number| format!("'{}'", id(*number))).collect();
    all.join(", ")
}

fn each(ids: &BTreeSet<u8>, row: impl Fn(u8) -> String) -> String {
    ids.iter().map(|number| row(*number)).collect::<Vec<_>>().join(", ")
}

fn entry(kind: &str, organization: u8, table: &str, touched: usize) -> Option<String> {
    (touched > 0).then(|| format!("{kind} {organization} public.{table} {touched}"))
}

impl Model {
    /// Does it, and says how; nothing where there is no row to write.
    pub(super) fn write(&mut self, of: u8, op: &Op) -> Option<Predicted> {
        let molecule = |number| format!("('{}', 'M-{number}', 'new', 'Small molecule')", id(number));
        let insert = "INSERT INTO molecules (id, external_ref, name, molecule_type) VALUES";
        match op {
            Op::Insert(ids) => {
                let new: BTreeSet<u8> = ids.iter().copied().filter(|id| !self.molecules.contains(&(of, *id))).collect();
                self.molecules.extend(new.iter().map(|id| (of, *id)));
                let said = entry("insert", of, "molecules", new.len())?;
                Some((format!("{insert} {}", each(&new, molecule)), vec![said]))
            }
            Op::Upsert { ids, nothing } => {
                let known = ids.iter().filter(|id| self.molecules.contains(&(of, **id))).count();
                self.molecules.extend(ids.iter().map(|id| (of, *id)));
                let action = if *nothing { "NOTHING" } else { "UPDATE SET name = excluded.name" };
                let updated = entry("update", of, "molecules", known).filter(|_| !nothing);
                let inserted = entry("insert", of, "molecules", ids.len() - known);
                let sql = format!("{insert} {} ON CONFLICT (id) DO {action}", each(ids, molecule));
                Some((sql, inserted.into_iter().chain(updated).collect()))
            }
            Op::Merge(ids) => {
                let known = ids.iter().filter(|id| self.molecules.contains(&(of, **id))).count();
                self.molecules.extend(ids.iter().map(|id| (of, *id)));
                let rows = each(ids, |number| format!("(CAST('{}' AS uuid), 'M-{number}')", id(number)));
                let sql = format!(
                    "MERGE INTO molecules AS m USING (VALUES {rows}) AS v (id, external_ref) ON m.id = v.id
                     WHEN MATCHED THEN UPDATE SET name = 'merged' WHEN NOT MATCHED THEN
                     INSERT (id, external_ref, name, molecule_type) VALUES (v.id, v.external_ref, 'new', 'Small molecule')"
                );
                let inserted = entry("insert", of, "molecules", ids.len() - known);
                Some((sql, inserted.into_iter().chain(entry("update", of, "molecules", known)).collect()))
            }
            Op::Update(ids) => {
                let known = ids.iter().filter(|id| self.molecules.contains(&(of, **id))).count();
                let sql = format!("UPDATE molecules SET name = 'changed' WHERE id IN ({})", list(ids));
                Some((sql, entry("update", of, "molecules", known).into_iter().collect()))
            }
            Op::Delete(ids) => {
                let before = self.molecules.len();
                self.molecules.retain(|(whose, id)| *whose != of || !ids.contains(id));
                let mut bereft = 0;
                for ((whose, _), molecule) in &mut self.jobs {
                    if *whose == of && molecule.is_some_and(|id| ids.contains(&id)) {
                        (*molecule, bereft) = (None, bereft + 1);
                    }
                }
                let gone = entry("delete", of, "molecules", before - self.molecules.len());
                let sql = format!("DELETE FROM molecules WHERE id IN ({})", list(ids));
                Some((sql, gone.into_iter().chain(entry("update", of, "docking_jobs", bereft)).collect()))
            }
            Op::InsertJobs { ids, molecule } => {
                let molecule = Some(*molecule).filter(|id| self.molecules.contains(&(of, *id)));
                let new: BTreeSet<u8> = ids.iter().copied().filter(|id| !self.jobs.contains_key(&(of, *id))).collect();
                self.jobs.extend(new.iter().map(|id| ((of, *id), molecule)));
                let refers = molecule.map_or_else(|| "NULL".to_owned(), |number| format!("'{}'", id(number)));
                let row = |number| format!("('{}', CAST({refers} AS uuid), 'CDK2', 'pending')", id(number));
                let rows = each(&new, row);
                let sql = format!("INSERT INTO docking_jobs (id, molecule_id, target_code, status) VALUES {rows}");
                Some((sql, vec![entry("insert", of, "docking_jobs", new.len())?]))
            }
            Op::DeleteJobs(ids) => {
                let (jobs, results) = (self.jobs.len(), self.results.len());
                self.jobs.retain(|(whose, id), _| *whose != of || !ids.contains(id));
                self.results.retain(|(whose, _), job| *whose != of || !ids.contains(job));
                let gone = entry("delete", of, "docking_jobs", jobs - self.jobs.len());
                let with_them = entry("delete", of, "job_results", results - self.results.len());
                let sql = format!("DELETE FROM docking_jobs WHERE id IN ({})", list(ids));
                Some((sql, gone.into_iter().chain(with_them).collect()))
            }
            Op::InsertResults { ids, job } => {
                self.jobs.get(&(of, *job))?;
                let new: BTreeSet<u8> =
                    ids.iter().copied().filter(|id| !self.results.contains_key(&(of, *id))).collect();
                self.results.extend(new.iter().map(|id| ((of, *id), *job)));
                let rows = each(&new, |number| format!("('{}', '{}', 1, 1, 1)", id(number), id(*job)));
                let columns = "(id, job_id, atoms, potential_energy, rms_derivative)";
                let said = entry("insert", of, "job_results", new.len())?;
                Some((format!("INSERT INTO job_results {columns} VALUES {rows}"), vec![said]))
            }
            Op::Both(ids) => {
                let results = self.results.len();
                self.results.retain(|(whose, _), job| *whose != of || !ids.contains(job));
                let gone = entry("delete", of, "job_results", results - self.results.len());
                let known = ids.iter().filter(|id| self.jobs.contains_key(&(of, **id))).count();
                let sql = format!(
                    "WITH gone AS (DELETE FROM job_results WHERE job_id IN ({0}) RETURNING id)
                     UPDATE docking_jobs SET status = 'failed' WHERE id IN ({0})",
                    list(ids)
                );
                Some((sql, gone.into_iter().chain(entry("update", of, "docking_jobs", known)).collect()))
            }
        }
    }

    /// The same of who is no application; the text is for a superuser.
    pub(super) fn outside(&mut self, of: u8, outside: Outside, roles: [&str; 2]) -> Predicted {
        let [admin, mover] = roles;
        let count = |whose: u8| self.molecules.iter().filter(|(owner, _)| *owner == whose).count();
        match outside {
            Outside::Across => {
                let sql = format!(
                    "SET ROLE {admin}; SET tenancy.reason = 'all'; UPDATE molecules SET name = 'any'; RESET tenancy.reason; RESET ROLE"
                );
                (
                    sql,
                    [1, 2].into_iter().filter_map(|whose| entry("update", whose, "molecules", count(whose))).collect(),
                )
            }
            Outside::Bound => {
                let sql = format!(
                    "SET tenancy.tenant_id = '{}'; UPDATE molecules SET name = 'any'; RESET tenancy.tenant_id",
                    id(of)
                );
                let said = |whose| {
                    let said = entry("update", whose, "molecules", count(whose))?;
                    Some(if whose == of { said } else { said + " ALARM" })
                };
                (sql, [1, 2].into_iter().filter_map(said).collect())
            }
            Outside::Truncate => {
                self.results.clear();
                ("TRUNCATE job_results".to_owned(), vec!["truncate - public.job_results -".to_owned()])
            }
            Outside::Moved => {
                self.results.retain(|(whose, _), _| *whose != of);
                let delete = format!("DELETE FROM job_results WHERE organization_id = '{}'", id(of));
                (format!("SET SESSION AUTHORIZATION {mover}; {delete}; RESET SESSION AUTHORIZATION"), Vec::new())
            }
        }
    }
}
