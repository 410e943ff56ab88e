//! An entry's hash is the same whoever works it out: PostgreSQL when it is written, the verifier from its columns.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::sealing::Scene;
use crate::support::execute;

/// Texts that JSON prints in its own way.
const TEXTS: [&str; 12] = [
    "",
    "a",
    "\"quoted\" and \\ back",
    "{\"json\": [1, null]}",
    "a,b",
    "{}",
    "NULL",
    "tab\there, line\nthere, return\r, feed\u{c}, bell\u{7}, back\u{8}",
    "\u{1}\u{1f}\u{7f}\u{80}\u{9f}",
    "ü ß 分子 🧪 \u{200b}\u{2028}\u{feff}",
    "/ <script> & 'single'",
    "\u{10ffff}\u{e000}",
];

const TIMES: [&str; 7] = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.000001Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z",
    "2026-06-15T12:34:56.789012+05:30",
    "9999-12-31T23:59:59.999999Z",
    "2262-04-11T23:47:16.854776Z",
];

#[tokio::test]
async fn odd_values_give_the_same_hash() {
    let scene = Scene::new().await;
    // A log of all times.
    execute(
        &scene.admin,
        "CREATE TABLE tenancy.early PARTITION OF tenancy.access_log FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
         CREATE TABLE tenancy.late PARTITION OF tenancy.access_log FOR VALUES FROM ('2200-01-01') TO (MAXVALUE)",
    )
    .await;
    let this_month = |time: &str| if time.starts_with("2026") { None } else { Some(time.to_owned()) };
    let mut written = 0;
    for (index, text) in TEXTS.iter().enumerate() {
        for (number, other) in [(i64::MIN, None), (-1, Some(*text)), (i64::MAX, Some(TEXTS[(index + 5) % TEXTS.len()]))]
        {
            let sql = "SELECT tenancy.write_entry(coalesce($1::timestamptz, clock_timestamp()),
                         '00000000-0000-0000-0000-00000000000a',
                         CASE WHEN $2 < 0 THEN 'ABCDEFAB-0000-0000-0000-00000000000f'::uuid END,
                         CASE WHEN $2 > 0 THEN gen_random_uuid() END, $3, 'read',
                         CASE WHEN $3 IS NULL THEN '{}' ELSE ARRAY[$3, NULL, $4] END, $2, $3, -$5, $4, convert_to($4, 'UTF8'))";
            let values = [
                this_month(TIMES[written % TIMES.len()]).into(),
                number.into(),
                other.map(str::to_owned).into(),
                (*text).into(),
                (written as i64).into(),
            ];
            let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
            scene.admin.execute_raw(statement).await.unwrap_or_else(|error| panic!("{text:?}: {error}"));
            written += 1;
        }
    }
    // Arrays that count from elsewhere are printed as others are.
    let sql = "SELECT tenancy.write_entry(clock_timestamp(), NULL, NULL, NULL, NULL, 'read', odd::text[], NULL, NULL, NULL, NULL, NULL)
        FROM unnest(ARRAY['[3:4]={a,b}', '[0:0]={NULL}']) AS odd";
    execute(&scene.admin, sql).await;
    assert_eq!(scene.seal().await.seal.expect("one").entries(), written as i64 + 2);
    let checked = *scene.verify().await.checked();
    assert_eq!(checked.entries, written as u64 + 2);
    let report = scene.verify().await;
    // A commitment to values that were never there is what these have, and nothing else.
    let odd = report.findings().iter().find(|finding| finding.kind.name() != "values-removed");
    assert!(odd.is_none(), "{report}");
}
