//! Whose a row is follows from what is said of its table, whatever the old tables do to their rows, and stays so.

use tenant_core::TenantId;
use tenant_migration::Adoption;
use uuid::Uuid;

use crate::adoption::OldShop;
use crate::support::{connect_as, execute, texts};

const TENANTS: &str = "SELECT concat_ws(' ', email, right(CAST(organization_id AS text), 1)) FROM customers
    WHERE email LIKE 'late%' ORDER BY email";

/// Two customers that programs of the second and the third tenant wrote, naming them, though another is said of the table.
async fn write_late_customers(shop: &OldShop) {
    let write = "ALTER TABLE customers DISABLE TRIGGER unchanged;
        INSERT INTO customers (company_id, email, organization_id) VALUES
            ('00000000-0000-0000-0000-000000000001', 'late 2', '00000000-0000-0000-0000-000000000002'),
            ('00000000-0000-0000-0000-000000000001', 'late 3', '00000000-0000-0000-0000-000000000003')";
    execute(&shop.db, write).await;
}

#[tokio::test]
async fn an_old_program_s_update_moves_no_row_to_the_tenant_that_is_said_of_all() {
    let shop = OldShop::open("constant").await;
    let adoption = Adoption::new().tenant(TenantId::new(Uuid::from_u128(1)));
    shop.migrator().adopt(&shop.db, &adoption).await.expect("to observing");
    write_late_customers(&shop).await;
    let old = connect_as(&shop.old_role, &shop.database).await;
    execute(&old, "UPDATE customers SET email = email || '!' WHERE email LIKE 'late%'").await;
    assert_eq!(texts(&shop.db, TENANTS).await, ["late 2! 2", "late 3! 3"]);
}

#[tokio::test]
async fn an_old_program_s_update_moves_a_row_only_when_the_expression_says_another_tenant_than_before() {
    let shop = OldShop::open("moves").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    write_late_customers(&shop).await;
    let old = connect_as(&shop.old_role, &shop.database).await;
    execute(&old, "UPDATE customers SET email = email || '!' WHERE email LIKE 'late%'").await;
    assert_eq!(texts(&shop.db, TENANTS).await, ["late 2! 2", "late 3! 3"]);
    let moved = "UPDATE customers SET company_id = '00000000-0000-0000-0000-000000000003' WHERE email LIKE 'late 2%'";
    execute(&old, moved).await;
    assert_eq!(texts(&shop.db, TENANTS).await, ["late 2! 3", "late 3! 3"]);
}

#[tokio::test]
async fn new_rows_take_their_tenant_from_a_generated_column() {
    let shop = OldShop::open("generated").await;
    let column = "ALTER TABLE customers ADD COLUMN company_text text GENERATED ALWAYS AS (lower(CAST(company_id AS text))) STORED;
        DROP TRIGGER unchanged ON customers";
    execute(&shop.db, column).await;
    let adoption = Adoption::new().assign("customers", "company_text");
    shop.migrator().adopt(&shop.db, &adoption).await.expect("to observing");
    let old = connect_as(&shop.old_role, &shop.database).await;
    execute(
        &old,
        "INSERT INTO customers (company_id, email) VALUES
            ('00000000-0000-0000-0000-000000000002', 'late a'), ('00000000-0000-0000-0000-000000000002', 'late b');
        UPDATE customers SET company_id = '00000000-0000-0000-0000-000000000003' WHERE email = 'late b'",
    )
    .await;
    assert_eq!(texts(&shop.db, TENANTS).await, ["late a 2", "late b 3"]);
    shop.migrator().adopt(&shop.db, &adoption.enforce()).await.expect("to the end");
    shop.is_adopted().await;
}

#[tokio::test]
async fn row_level_security_of_the_application_s_own_keeps_no_row_from_its_tenant() {
    let shop = OldShop::open("forced").await;
    let forced = "SELECT CAST(relforcerowsecurity AS text) FROM pg_class WHERE oid = 'customers'::regclass";
    let own = "ALTER TABLE customers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON customers USING (company_id = CAST(nullif(current_setting('shop.company', true), '') AS uuid))";
    execute(&shop.db, own).await;
    let migrator = shop.migrator();
    migrator.adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let old = connect_as(&shop.old_role, &shop.database).await;
    assert_eq!(texts(&old, "SELECT CAST(count(*) AS text) FROM customers").await, ["0"], "the policy goes on to hold");
    execute(&old, "INSERT INTO orders (customer_id, number) SELECT 5, 'late'").await;
    migrator.adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    let unfilled = "SELECT CAST(count(*) AS text) FROM customers WHERE organization_id <> company_id";
    assert_eq!(texts(&shop.db, unfilled).await, ["0"]);
    assert_eq!(texts(&shop.db, forced).await, ["true"]);
    migrator.down(&shop.db, Some(2)).await.expect("down");
    assert_eq!(texts(&shop.db, forced).await, ["true"], "as it was");
}
