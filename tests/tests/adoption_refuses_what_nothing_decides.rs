//! What can't be adopted is said before anything is changed, all at once, by table and with what helps.

use tenant_core::{Registry, Table, TenantId};
use tenant_migration::{Adoption, RoleNames, TenantMigrator};
use uuid::Uuid;

use crate::adoption::{OldShop, entity};
use crate::support::{connect_as, empty_database, execute, texts};

const CATALOG: &str = include_str!("catalog.sql");

/// What is said, where nothing may have been changed.
async fn refusal(shop: &OldShop, adoption: &Adoption) -> String {
    let before = texts(&shop.db, CATALOG).await;
    let refused = shop.migrator().adopt(&shop.db, adoption).await.expect_err("it can't be").to_string();
    assert_eq!(texts(&shop.db, CATALOG).await, before, "nothing was changed: {refused}");
    refused
}

#[tokio::test]
async fn everything_that_stands_in_the_way_is_said_at_once() {
    let shop = OldShop::open("refused").await;
    execute(&shop.db, "CREATE TABLE notes (order_id int REFERENCES orders)").await;
    execute(&shop.db, "ALTER TABLE order_lines ADD COLUMN organization_id text").await;
    let said = refusal(&shop, &Adoption::new().assign("invoices", "id").via("orders", ["number"])).await;
    for expected in [
        "`invoices` is no scoped table",
        "table public.customers are: give --assign public.customers=EXPRESSION, or --tenant",
        "the columns (number) of table public.orders are no relation",
        "`organization_id` of table public.order_lines is text",
        "notes_order_id_fkey of table public.notes refers to a key of public.orders",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert_eq!(said.matches("notes_order_id_fkey").count(), 1, "{said}");
}

entity!(hen, "hens", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub egg_id: Uuid,
}, {
    #[sea_orm(belongs_to = "super::egg::Entity", from = "Column::EggId", to = "super::egg::Column::Id")]
    Egg,
});
entity!(egg, "eggs", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub hen_id: Uuid,
    pub other_id: Uuid,
}, {
    #[sea_orm(belongs_to = "super::hen::Entity", from = "Column::HenId", to = "super::hen::Column::Id")]
    Hen,
    #[sea_orm(belongs_to = "super::hen::Entity", from = "Column::OtherId", to = "super::hen::Column::Id")]
    Other,
});

#[tokio::test]
async fn tables_that_take_their_tenants_from_each_other_are_named_and_several_ways_are_listed() {
    let (db, _database) = empty_database().await;
    execute(
        &db,
        "CREATE TABLE hens (id uuid PRIMARY KEY, egg_id uuid NOT NULL);
        CREATE TABLE eggs (id uuid PRIMARY KEY, hen_id uuid NOT NULL, other_id uuid NOT NULL)",
    )
    .await;
    let registry = Registry::builder().table(Table::scoped::<hen::Entity>()).table(Table::scoped::<egg::Entity>());
    let migrator = TenantMigrator::builder(&registry.build().expect("consistent"))
        .roles(RoleNames::with_prefix("adopt_circle").expect("valid names"))
        .build()
        .expect("a plan can be made");
    let said = migrator.adopt(&db, &Adoption::new()).await.expect_err("two ways").to_string();
    assert!(said.contains("or --via public.eggs=hen_id, or --via public.eggs=other_id"), "{said}");
    let said = migrator.adopt(&db, &Adoption::new().via("eggs", ["hen_id"])).await.expect_err("a circle").to_string();
    assert!(said.contains("take their tenants from each other: eggs, hens"), "{said}");
    assert!(!said.contains("has no tenant column"), "it is to get one: {said}");
}

#[tokio::test]
async fn rows_that_no_rule_gives_a_tenant_are_named() {
    let shop = OldShop::open("null").await;
    let expression = "CASE WHEN id > 3 THEN company_id END";
    let said = refusal(&shop, &Adoption::new().assign("customers", expression)).await;
    assert!(said.contains("3 rows of table public.customers have no tenant by the expression CASE"), "{said}");
    assert!(said.contains("the first: 1; 2; 3"), "{said}");
    assert!(said.contains("rows of table public.orders have no tenant by the row of customers"), "{said}");
}

#[tokio::test]
async fn an_expression_that_does_not_work_is_named() {
    let shop = OldShop::open("parse").await;
    for (expression, reason) in [
        ("company_id +", "syntax error"),
        ("no_such_column", "no_such_column"),
        ("email", "invalid input syntax for type uuid"),
        ("id", "cannot cast type integer to uuid"),
        ("company_id)) ; DROP TABLE orders; --", "syntax error"),
        ("(SELECT id FROM companies)", "more than one row"),
        ("$1", "requires 1"),
    ] {
        let said = refusal(&shop, &Adoption::new().assign("customers", expression)).await;
        assert!(said.contains("what is said of table public.customers doesn't work"), "{expression}: {said}");
        assert!(said.contains(reason), "{expression}: {said}");
    }
}

#[tokio::test]
async fn a_table_of_which_two_things_are_said_is_named() {
    let shop = OldShop::open("twice").await;
    let adoption = || OldShop::adoption().assign("orders", "NULL");
    for adoption in [
        adoption().assign("orders", "NULL"),
        adoption().assign("public.orders", "NULL"),
        adoption().via("orders", ["customer_id"]),
    ] {
        let said = refusal(&shop, &adoption).await;
        assert!(said.contains("more than one thing is said of table public.orders"), "{said}");
    }
}

#[tokio::test]
async fn what_rests_on_a_primary_key_is_named_before_old_programs_are_shut_out() {
    let shop = OldShop::open("rests").await;
    execute(
        &shop.db,
        "CREATE VIEW totals AS SELECT o.id, o.number, count(*) FROM orders o JOIN order_lines l ON l.order_id = o.id GROUP BY o.id;
        CREATE FUNCTION numbers() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT number FROM orders GROUP BY id; END;
        CREATE VIEW harmless AS SELECT id, number FROM orders GROUP BY id, number",
    )
    .await;
    let said = refusal(&shop, &OldShop::adoption()).await;
    for by in ["view totals", "function numbers()"] {
        assert!(said.contains(&format!("{by} rests on the primary key orders_pkey of table public.orders")), "{said}");
    }
    assert!(!said.contains("harmless"), "{said}");
    execute(&shop.db, "DROP VIEW totals, harmless; DROP FUNCTION numbers()").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.is_adopted().await;
}

#[tokio::test]
async fn a_table_that_inherits_is_named() {
    let shop = OldShop::open("inherits").await;
    execute(&shop.db, "CREATE TABLE old_orders () INHERITS (orders)").await;
    let said = refusal(&shop, &OldShop::adoption()).await;
    assert!(said.contains("table old_orders inherits from \"public\".\"orders\""), "{said}");
    execute(&shop.db, "ALTER TABLE old_orders NO INHERIT orders").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
}

#[tokio::test]
async fn a_trigger_that_changes_rows_after_they_are_given_their_tenant_is_named() {
    let shop = OldShop::open("later").await;
    let trigger = "CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.company_id := '00000000-0000-0000-0000-000000000002'; RETURN NEW; END $$;
        CREATE TRIGGER zzz BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION move();
        CREATE TRIGGER zzzz AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION move()";
    execute(&shop.db, trigger).await;
    let said = refusal(&shop, &OldShop::adoption()).await;
    let repair = "ALTER TRIGGER \"zzz\" ON \"public\".\"customers\" RENAME TO ";
    assert!(said.contains(&format!("run {repair}")), "{said}");
    assert!(!said.contains("zzzz"), "this one changes nothing: {said}");
    execute(&shop.db, &format!("{repair} moves")).await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let insert = "INSERT INTO customers (company_id, email) VALUES ('00000000-0000-0000-0000-000000000001', 'moved')";
    execute(&connect_as(&shop.old_role, &shop.database).await, insert).await;
    execute(&shop.db, "ALTER TRIGGER moves ON customers RENAME TO zzz").await;
    let said = refusal(&shop, &OldShop::adoption().enforce()).await;
    assert!(said.contains(&format!("run {repair}")), "while it is observed too: {said}");
    execute(&shop.db, &format!("{repair} moves")).await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.is_adopted().await;
    execute(&shop.db, "ALTER TRIGGER moves ON customers RENAME TO zzz").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("nothing is filled any more");
}

#[tokio::test]
async fn a_policy_that_would_keep_the_row_from_which_a_tenant_is_taken_is_named() {
    let shop = OldShop::open("restricts").await;
    let policies = "ALTER TABLE customers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY open ON customers USING (true);
        CREATE POLICY of_company ON customers AS RESTRICTIVE FOR SELECT
            USING (company_id = CAST(nullif(current_setting('shop.company', true), '') AS uuid));
        CREATE POLICY no_deletes ON customers AS RESTRICTIVE FOR DELETE USING (false)";
    execute(&shop.db, policies).await;
    let said = refusal(&shop, &OldShop::adoption()).await;
    let repair = "ALTER POLICY \"of_company\" ON \"public\".\"customers\" TO ";
    assert!(said.contains(repair), "{said}");
    assert!(!said.contains("no_deletes"), "{said}");
    execute(&shop.db, &format!("{repair} {}", shop.old_role)).await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let old = connect_as(&shop.old_role, &shop.database).await;
    assert_eq!(texts(&old, "SELECT CAST(count(*) AS text) FROM customers").await, ["0"], "the policy goes on to hold");
    execute(&old, "INSERT INTO orders (customer_id, number) SELECT 5, 'late'").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    let unfilled =
        "SELECT number FROM orders o JOIN customers c ON c.id = customer_id WHERE o.organization_id <> c.company_id";
    assert_eq!(texts(&shop.db, unfilled).await, [""; 0]);
}

#[tokio::test]
async fn a_replica_identity_that_goes_with_an_old_key_is_named() {
    let shop = OldShop::open("identity").await;
    let identities =
        "ALTER TABLE customers ALTER COLUMN email SET NOT NULL, REPLICA IDENTITY USING INDEX customers_email_key;
        ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_number_key;
        ALTER TABLE order_lines REPLICA IDENTITY USING INDEX order_lines_pkey;
        ALTER TABLE companies ADD COLUMN code int NOT NULL DEFAULT 0;
        UPDATE companies SET code = CAST(right(CAST(id AS text), 1) AS int);
        CREATE UNIQUE INDEX companies_code ON companies (code);
        ALTER TABLE companies REPLICA IDENTITY USING INDEX companies_code;
        CREATE PUBLICATION lines FOR TABLE customers, orders, order_lines, companies";
    execute(&shop.db, identities).await;
    let said = refusal(&shop, &OldShop::adoption()).await;
    for (table, index) in
        [("customers", "customers_email_key"), ("orders", "orders_number_key"), ("order_lines", "order_lines_pkey")]
    {
        assert!(said.contains(&format!("the replica identity of table {table} is the index {index}")), "{said}");
        let repair = format!("ALTER TABLE {table} REPLICA IDENTITY DEFAULT");
        assert!(said.contains(&repair), "{said}");
        execute(&shop.db, &repair).await;
    }
    assert!(!said.contains("companies_code"), "nothing takes the place of this one: {said}");
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    execute(&shop.db, "UPDATE order_lines SET text = 'observed'; DELETE FROM orders WHERE id = 7").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    execute(&shop.db, "UPDATE order_lines SET text = 'published'; UPDATE companies SET name = 'published'").await;
}

#[tokio::test]
async fn a_role_that_makes_roles_but_not_all_of_these_is_told_so() {
    let shop = OldShop::open("makes").await;
    let role = "DO $$ BEGIN CREATE ROLE adopt_makes_operator LOGIN CREATEROLE; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT adopt_makes_old TO adopt_makes_operator";
    execute(&shop.db, role).await;
    let operator = connect_as("adopt_makes_operator", &shop.database).await;
    let said = shop.migrator().adopt(&operator, &OldShop::adoption()).await.expect_err("no superuser").to_string();
    assert!(said.contains("adopt_makes_mover; `adopt_makes_operator` may not create them"), "{said}");
    assert!(said.contains("once as a superuser"), "{said}");
    let made = "SELECT rolname::text FROM pg_roles WHERE rolname IN ('adopt_makes_owner', 'adopt_makes_mover')";
    assert_eq!(texts(&shop.db, made).await, [""; 0], "nothing was done");
}

#[tokio::test]
async fn a_row_that_refers_to_another_tenant_s_is_named() {
    let shop = OldShop::open("across").await;
    let other = "CASE WHEN id = 7 THEN CAST('00000000-0000-0000-0000-000000000009' AS uuid) ELSE (SELECT company_id
                 FROM customers c WHERE c.id = orders.customer_id) END";
    let said = refusal(&shop, &OldShop::adoption().assign("orders", other)).await;
    assert!(
        said.contains("1 rows of table public.orders belong to another tenant than the row of public.customers"),
        "{said}"
    );
    assert!(said.contains("(customer_id) refers to, the first: 7"), "{said}");
}

#[tokio::test]
async fn a_role_without_the_rights_is_told_which_it_needs() {
    let shop = OldShop::open("rights").await;
    let old = connect_as(&shop.old_role, &shop.database).await;
    let said = shop.migrator().adopt(&old, &OldShop::adoption()).await.expect_err("no rights").to_string();
    assert!(said.contains("missing roles: adopt_rights_owner"), "{said}");

    // The expression's own table, which the owner role may not read, is found before a trigger would fail on it.
    execute(
        &shop.db,
        "CREATE TABLE staff (id int, company uuid); INSERT INTO staff SELECT id, company_id FROM customers",
    )
    .await;
    let adoption = Adoption::new().assign("customers", "(SELECT company FROM staff WHERE staff.id = customers.id)");
    let said = shop.migrator().adopt(&shop.db, &adoption).await.expect_err("no rights").to_string();
    assert!(said.contains("doesn't work as adopt_rights_owner: permission denied for table staff"), "{said}");
    execute(&shop.db, "GRANT SELECT ON staff TO adopt_rights_owner").await;
    shop.migrator().adopt(&shop.db, &adoption.enforce()).await.expect("with the right");
    shop.is_adopted().await;
}

#[tokio::test]
async fn a_role_that_cannot_give_the_tables_away_is_told_so() {
    let shop = OldShop::open("foreign").await;
    let said = shop.migrator().up(&shop.db, None).await.expect_err("somebody else's tables").to_string();
    assert!(said.contains("belongs to `adopt_foreign_old`"), "{said}");
    // The roles and the schema are made now.
    let migrating = connect_as("adopt_foreign_migrator", &shop.database).await;
    let said = shop.migrator().adopt(&migrating, &OldShop::adoption()).await.expect_err("no rights").to_string();
    for table in ["companies", "customers", "orders", "order_lines"] {
        let expected =
            format!("table public.{table} belongs to `adopt_foreign_old`, and `adopt_foreign_migrator` can't give it");
        assert!(said.contains(&expected), "{said}");
    }
}

#[tokio::test]
async fn a_database_of_one_organisation_is_its_tenant_s() {
    let shop = OldShop::open("single").await;
    execute(
        &shop.db,
        "DELETE FROM companies WHERE id <> '00000000-0000-0000-0000-000000000001';
        DELETE FROM customers WHERE company_id <> '00000000-0000-0000-0000-000000000001'",
    )
    .await;
    let tenant = TenantId::new(Uuid::from_u128(1));
    shop.migrator().adopt(&shop.db, &Adoption::new().tenant(tenant).enforce()).await.expect("to the end");
    shop.is_adopted().await;
}

#[tokio::test]
async fn what_the_owner_noted_runs_with_the_owners_rights_alone() {
    let shop = OldShop::open("noted").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let planted = "ALTER ROLE adopt_noted_owner CREATEROLE";
    execute(&shop.db, &format!("INSERT INTO tenancy.known VALUES ('lent', '{planted}', '', '')")).await;
    let refused =
        shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect_err("not the owner's right");
    let said = refused.to_string();
    assert!(said.contains(planted) && said.contains("permission denied"), "{said}");
    let role = "SELECT rolcreaterole::text FROM pg_roles WHERE rolname = 'adopt_noted_owner'";
    assert_eq!(texts(&shop.db, role).await, ["false"]);
}
