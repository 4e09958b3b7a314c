//! A UUID column: `uuid` on PostgreSQL, sixteen bytes on SQLite; on both, key order is byte order.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{HasSqlType, SqlType};
use diesel::sqlite::{Sqlite, SqliteValue};

use super::connection::MultiBackend;
use crate::domain::ViewId;

/// The SQL type of a UUID column.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(name = "uuid"), sqlite_type(name = "Binary"))]
pub struct Guid;

impl HasSqlType<Guid> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        MultiBackend::lookup_sql_type::<Guid>(lookup)
    }
}

/// A UUID as a column's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Guid)]
pub struct GuidValue(uuid::Uuid);

impl From<ViewId> for GuidValue {
    fn from(id: ViewId) -> Self {
        GuidValue(id.0)
    }
}

impl From<GuidValue> for ViewId {
    fn from(value: GuidValue) -> Self {
        ViewId(value.0)
    }
}

impl ToSql<Guid, Pg> for GuidValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<diesel::sql_types::Uuid, Pg>::to_sql(&self.0, &mut out.reborrow())
    }
}

impl ToSql<Guid, Sqlite> for GuidValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl ToSql<Guid, MultiBackend> for GuidValue {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((Guid, self));
        Ok(IsNull::No)
    }
}

impl FromSql<Guid, Pg> for GuidValue {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        <uuid::Uuid as FromSql<diesel::sql_types::Uuid, Pg>>::from_sql(bytes).map(GuidValue)
    }
}

impl FromSql<Guid, Sqlite> for GuidValue {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(GuidValue(uuid::Uuid::from_slice(value.read_blob())?))
    }
}

impl FromSql<Guid, MultiBackend> for GuidValue {
    fn from_sql(bytes: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        bytes.from_sql::<GuidValue, Guid>()
    }
}
