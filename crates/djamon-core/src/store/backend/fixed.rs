//! A question whose text never changes, which connections therefore keep prepared: what `sql_query` is given is read and
//! planned anew each time, which costs more than the answer.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

/// A question that is answered by columns of `Types`.
pub(in crate::store) struct Fixed<Types> {
    text: &'static str,
    types: PhantomData<Types>,
}

impl<Types> Fixed<Types> {
    /// The question of this text.
    pub const fn new(text: &'static str) -> Self {
        Fixed { text, types: PhantomData }
    }
}

/// Its text tells it from others.
impl<Types> QueryId for Fixed<Types> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Types> Query for Fixed<Types> {
    type SqlType = Types;
}

impl<Types, DB: Backend> QueryFragment<DB> for Fixed<Types> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.text);
        Ok(())
    }
}

impl<Types, Connection> RunQueryDsl<Connection> for Fixed<Types> {}
