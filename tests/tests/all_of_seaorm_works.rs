//! SeaORM's own features work unchanged on a tenant's connection, on entities whose models know nothing of tenants; and
//! what one tenant does with them, the other doesn't see.

use futures_util::TryStreamExt;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ConnectionTrait, DbBackend, DerivePartialModel, FromQueryResult, IntoActiveModel, JoinType, LoaderTrait,
    QueryOrder, QuerySelect, Statement, TransactionError, TransactionSession, TransactionTrait, raw_sql,
};
use tenant_core::TenantConnection;

use crate::support::laboratory::compound::Phase;
use crate::support::laboratory::{Laboratory, compound, compound_tag, note, sheet, tag};
use crate::support::texts;

/// One compound with everything that hangs on it, made as one nested model.
async fn aspirin(db: &TenantConnection) -> compound::ModelEx {
    compound::ActiveModel::builder()
        .set_name("aspirin")
        .set_phase(Phase::Trial)
        .set_sheet(sheet::ActiveModel::builder().set_text("a sheet"))
        .add_note(note::ActiveModel::builder().set_text("first"))
        .add_note(note::ActiveModel::builder().set_text("second"))
        .add_tag(tag::ActiveModel::builder().set_label("analgesic"))
        .add_tag(tag::ActiveModel::builder().set_label("old"))
        .insert(db)
        .await
        .expect("a nested insert")
}

/// The same for both tenants, and a compound without anything for the first.
async fn filled() -> (Laboratory, compound::ModelEx) {
    let laboratory = Laboratory::new().await;
    let mine = aspirin(&laboratory.first).await;
    aspirin(&laboratory.second).await;
    let bare = compound::ActiveModel { name: Set("bare".to_owned()), phase: Set(Phase::Idea), ..Default::default() };
    bare.insert(&laboratory.first).await.expect("an insert");
    (laboratory, mine)
}

/// Every row of the second tenant, to the letter.
async fn others(laboratory: &Laboratory) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["compounds", "sheets", "notes", "tags", "compound_tags"] {
        let sql = format!(
            "SELECT '{table} ' || to_jsonb(t)::text FROM {table} t
             WHERE organization_id = '00000000-0000-0000-0000-000000000002' ORDER BY 1"
        );
        rows.extend(texts(&laboratory.admin, &sql).await);
    }
    assert_eq!(rows.len(), 8);
    rows
}

#[tokio::test]
async fn nested_models_are_inserted_loaded_and_saved() {
    let (laboratory, mine) = filled().await;
    let before = others(&laboratory).await;
    let db = &laboratory.first;
    assert_eq!((mine.notes.len(), mine.tags.len()), (2, 2));
    let mut loaded = compound::Entity::load()
        .filter_by_name("aspirin")
        .with(sheet::Entity)
        .with(note::Entity)
        .with(tag::Entity)
        .one(db)
        .await
        .expect("an answer")
        .expect("it is there")
        .into_active_model();
    loaded.name = Set("acetylsalicylic acid".to_owned());
    loaded.notes.push(note::ActiveModel::builder().set_text("third"));
    let saved = loaded.save(db).await.expect("saved");
    assert_eq!(saved.name.clone().unwrap(), "acetylsalicylic acid");
    assert_eq!(note::Entity::find().count(db).await.expect("a count"), 3);
    assert_eq!(others(&laboratory).await, before);
}

#[tokio::test]
async fn a_replaced_has_many_lets_go_of_its_own_children() {
    let (laboratory, mine) = filled().await;
    let before = others(&laboratory).await;
    let db = &laboratory.first;
    let mut mine = mine.into_active_model();
    mine.notes.replace_all([note::ActiveModel::builder().set_text("only")]);
    mine.tags.replace_all([] as [tag::ActiveModelEx; 0]);
    mine.save(db).await.expect("saved");
    let attached =
        note::Entity::find().filter(note::COLUMN.compound_id.is_not_null()).all(db).await.expect("an answer");
    assert_eq!(attached.len(), 1);
    assert_eq!(note::Entity::find().count(db).await.expect("a count"), 3, "the others are kept, without a compound");
    assert_eq!(compound_tag::Entity::find().count(db).await.expect("a count"), 0);
    assert_eq!(others(&laboratory).await, before);
}

#[tokio::test]
async fn a_nested_delete_takes_ones_own_along() {
    let (laboratory, mine) = filled().await;
    let before = others(&laboratory).await;
    mine.into_active_model().delete(&laboratory.first).await.expect("deleted");
    assert_eq!(sheet::Entity::find().count(&laboratory.first).await.expect("a count"), 0);
    assert_eq!(others(&laboratory).await, before);
}

#[tokio::test]
async fn hooks_run_on_the_tenants_connection() {
    let (laboratory, _) = filled().await;
    let notes = note::Entity::find().order_by_asc(note::COLUMN.id).all(&laboratory.second).await.expect("an answer");
    let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["first #1", "second #2"], "the hook counted its own tenant's notes");
}

#[tokio::test]
async fn related_rows_are_found_and_loaded() {
    let (laboratory, _) = filled().await;
    let db = &laboratory.first;
    let with_notes =
        compound::Entity::find().find_with_related(note::Entity).order_by_asc(compound::COLUMN.id).all(db).await;
    let counts: Vec<usize> = with_notes.expect("an answer").iter().map(|(_, notes)| notes.len()).collect();
    assert_eq!(counts, [2, 0]);
    let with_tags =
        compound::Entity::find().find_with_related(tag::Entity).order_by_asc(compound::COLUMN.id).all(db).await;
    let counts: Vec<usize> = with_tags.expect("an answer").iter().map(|(_, tags)| tags.len()).collect();
    assert_eq!(counts, [2, 0]);
    let with_sheet = compound::Entity::find().find_also_related(sheet::Entity).all(db).await.expect("an answer");
    assert_eq!(with_sheet.iter().filter(|(_, sheet)| sheet.is_some()).count(), 1);

    let compounds = compound::Entity::find().order_by_asc(compound::COLUMN.id).all(db).await.expect("an answer");
    let sheets = compounds.load_one(sheet::Entity, db).await.expect("loaded");
    let notes = compounds.load_many(note::Entity, db).await.expect("loaded");
    let tags = compounds.load_many_to_many(tag::Entity, compound_tag::Entity, db).await.expect("loaded");
    assert_eq!((sheets[0].is_some(), notes[0].len(), tags[0].len()), (true, 2, 2));
    assert_eq!((sheets[1].is_some(), notes[1].len(), tags[1].len()), (false, 0, 0));
    let of_one = compounds[0].find_related(note::Entity).all(db).await.expect("an answer");
    assert_eq!(of_one.len(), 2);
}

/// From a note to the tags of its compound.
struct NoteToTag;

impl Linked for NoteToTag {
    type FromEntity = note::Entity;
    type ToEntity = tag::Entity;

    fn link(&self) -> Vec<RelationDef> {
        vec![
            note::Relation::Compound.def(),
            compound_tag::Relation::Compound.def().rev(),
            compound_tag::Relation::Tag.def(),
        ]
    }
}

#[tokio::test]
async fn linked_rows_are_found() {
    let (laboratory, _) = filled().await;
    let db = &laboratory.first;
    let pairs = note::Entity::find().find_also_linked(NoteToTag).all(db).await.expect("an answer");
    assert_eq!(pairs.len(), 4, "two notes of a compound with two tags");
    assert!(pairs.iter().all(|(_, tag)| tag.is_some()));
    let groups = note::Entity::find().find_with_linked(NoteToTag).all(db).await.expect("an answer");
    assert_eq!(groups.iter().map(|(_, tags)| tags.len()).collect::<Vec<_>>(), [2, 2]);
    let note = note::Entity::find().one(db).await.expect("an answer").expect("a note");
    assert_eq!(note.find_linked(NoteToTag).all(db).await.expect("an answer").len(), 2);
}

#[derive(Debug, PartialEq, DerivePartialModel)]
#[sea_orm(entity = "compound::Entity")]
struct NameAndPhase {
    name: String,
    phase: Phase,
}

#[derive(Debug, PartialEq, FromQueryResult)]
struct Notes {
    name: String,
    notes: i64,
}

#[tokio::test]
async fn parts_pages_and_cursors() {
    let (laboratory, _) = filled().await;
    let db = &laboratory.first;
    let find = || compound::Entity::find().order_by_asc(compound::COLUMN.id);
    let partial = find().into_partial_model::<NameAndPhase>().all(db).await.expect("an answer");
    assert_eq!(partial[1], NameAndPhase { name: "bare".to_owned(), phase: Phase::Idea });
    let grouped = compound::Entity::find()
        .join(JoinType::LeftJoin, compound::Relation::Note.def())
        .select_only()
        .column(compound::Column::Name)
        .column_as(note::Column::Id.count(), "notes")
        .group_by(compound::Column::Id)
        .order_by_asc(compound::Column::Name)
        .into_model::<Notes>()
        .all(db)
        .await
        .expect("a group by the key alone, as SeaORM knows it");
    assert_eq!(grouped[0], Notes { name: "aspirin".to_owned(), notes: 2 });
    assert_eq!(grouped[1].notes, 0);
    let tuples: Vec<(String, Phase)> = find()
        .select_only()
        .columns([compound::Column::Name, compound::Column::Phase])
        .into_tuple()
        .all(db)
        .await
        .expect("an answer");
    assert_eq!(tuples.len(), 2);
    let json = find().into_json().all(db).await.expect("an answer");
    assert_eq!(json[0]["name"], "aspirin");

    let pages = find().paginate(db, 1);
    let counted = pages.num_items_and_pages().await.expect("counted");
    assert_eq!((counted.number_of_items, counted.number_of_pages), (2, 2));
    assert_eq!(pages.fetch_page(1).await.expect("a page")[0].name, "bare");
    let first = find().one(db).await.expect("an answer").expect("a compound");
    let mut cursor = compound::Entity::find().cursor_by(compound::Column::Id);
    let after = cursor.after(first.id).first(10).all(db).await.expect("an answer");
    assert_eq!(after.iter().map(|compound| compound.name.as_str()).collect::<Vec<_>>(), ["bare"]);
}

#[tokio::test]
async fn many_rows_are_written_at_once() {
    let (laboratory, _) = filled().await;
    let before = others(&laboratory).await;
    let db = &laboratory.first;
    let named = |name: &str| compound::ActiveModel {
        name: Set(name.to_owned()),
        phase: Set(Phase::Idea),
        ..Default::default()
    };
    let made = compound::Entity::insert_many([named("a"), named("b")]).exec_with_returning(db).await;
    assert_eq!(made.expect("made").len(), 2);
    let keys = compound::Entity::insert_many([named("c"), named("d")]).exec_with_returning_keys(db).await;
    assert_eq!(keys.expect("made").len(), 2);
    let upsert = OnConflict::column(compound::Column::Name).update_column(compound::Column::Phase).to_owned();
    let trial = compound::ActiveModel { phase: Set(Phase::Trial), ..named("a") };
    compound::Entity::insert(trial).on_conflict(upsert).exec(db).await.expect("upserted");
    let a = compound::Entity::find().filter(compound::COLUMN.name.eq("a")).all(db).await.expect("an answer");
    assert_eq!(a.iter().map(|compound| compound.phase).collect::<Vec<_>>(), [Phase::Trial]);
    let changed = compound::Entity::update_many()
        .col_expr(compound::Column::Phase, Expr::value("trial"))
        .filter(compound::COLUMN.phase.eq(Phase::Idea))
        .exec_with_returning(db)
        .await
        .expect("updated");
    assert_eq!(changed.len(), 4, "bare, b, c, d");
    let gone = compound::Entity::delete_many()
        .filter(compound::COLUMN.name.is_in(["a", "b", "c", "d"]))
        .exec_with_returning(db)
        .await
        .expect("deleted");
    assert_eq!(gone.len(), 4);
    assert_eq!(others(&laboratory).await, before);
}

#[tokio::test]
async fn single_rows_are_saved_updated_and_deleted() {
    let (laboratory, mine) = filled().await;
    let before = others(&laboratory).await;
    let db = &laboratory.first;
    let renamed =
        compound::ActiveModel { id: Unchanged(mine.id), name: Set("renamed".to_owned()), ..Default::default() };
    assert_eq!(renamed.update(db).await.expect("updated").name, "renamed");
    let saved = compound::ActiveModel { name: Set("new".to_owned()), phase: Set(Phase::Idea), ..Default::default() };
    let saved = saved.save(db).await.expect("saved");
    let found = compound::Entity::find_by_id(saved.id.clone().unwrap()).one(db).await.expect("an answer");
    assert_eq!(found.expect("there").delete(db).await.expect("deleted").rows_affected, 1);
    let missing = compound::ActiveModel { id: Unchanged(9_999), name: Set("x".to_owned()), ..Default::default() };
    assert!(matches!(missing.update(db).await, Err(DbErr::RecordNotUpdated)));
    assert_eq!(others(&laboratory).await, before);
}

#[tokio::test]
async fn raw_statements_are_scoped_too() {
    let (laboratory, _) = filled().await;
    let db = &laboratory.first;
    let names = ["aspirin", "bare"];
    let rows = db
        .query_all_raw(raw_sql!(Postgres, "SELECT name FROM compounds WHERE name IN ({..names}) ORDER BY name"))
        .await
        .expect("an answer");
    assert_eq!(rows.len(), 2);
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT c.name, count(n.id) AS notes FROM compounds c LEFT JOIN notes n ON n.compound_id = c.id
         WHERE c.name = $1 GROUP BY c.name",
        ["aspirin".into()],
    );
    let notes = Notes::find_by_statement(statement.clone()).one(db).await.expect("an answer").expect("a row");
    assert_eq!(notes, Notes { name: "aspirin".to_owned(), notes: 2 });
    let model =
        compound::Entity::find().from_raw_sql(raw_sql!(Postgres, "SELECT * FROM compounds WHERE name = 'bare'"));
    assert_eq!(model.one(db).await.expect("an answer").expect("a row").phase, Phase::Idea);
}

#[tokio::test]
async fn streams_and_transactions() {
    let (laboratory, _) = filled().await;
    let before = others(&laboratory).await;
    let db = &laboratory.first;
    let streamed: Vec<compound::Model> =
        compound::Entity::find().stream(db).await.expect("a stream").try_collect().await.expect("rows");
    assert_eq!(streamed.len(), 2);
    let transaction = db.begin().await.expect("a transaction");
    {
        let mut rows = note::Entity::find().stream(&transaction).await.expect("a stream");
        assert!(rows.try_next().await.expect("a row").is_some());
        assert!(rows.try_next().await.expect("a row").is_some());
        assert!(rows.try_next().await.expect("the end").is_none());
    }
    note::Entity::delete_many().exec(&transaction).await.expect("deleted");
    transaction.rollback().await.expect("rolled back");
    let failure = db
        .transaction(|transaction| {
            Box::pin(async move {
                note::Entity::delete_many().exec(transaction).await?;
                let nested = transaction
                    .transaction(|nested| {
                        Box::pin(async move {
                            tag::Entity::delete_many().exec(nested).await?;
                            Err::<(), DbErr>(DbErr::Custom("inner".to_owned()))
                        })
                    })
                    .await;
                assert!(matches!(nested, Err(TransactionError::Transaction(DbErr::Custom(_)))));
                assert_eq!(tag::Entity::find().count(transaction).await?, 2, "the savepoint was rolled back");
                Err::<(), DbErr>(DbErr::Custom("outer".to_owned()))
            })
        })
        .await;
    assert!(matches!(failure, Err(TransactionError::Transaction(DbErr::Custom(_)))));
    assert_eq!(note::Entity::find().count(db).await.expect("a count"), 2);
    assert_eq!(others(&laboratory).await, before);
}

#[tokio::test]
async fn statements_of_all_tenants_are_rewritten_once() {
    let laboratory = Laboratory::new().await;
    for db in [&laboratory.first, &laboratory.second, &laboratory.first] {
        compound::Entity::find_by_id(1).one(db).await.expect("an answer");
    }
    let statistics = laboratory.tenants.rewrite_statistics();
    assert_eq!((statistics.hits, statistics.misses, statistics.entries), (2, 1, 1));
}
