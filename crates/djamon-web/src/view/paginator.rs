//! The documents' `paginate`: links for a list in pages, whatever it lists.

use serde::Serialize;

/// How many rows a page of a long list has, unless the list says otherwise.
pub const ROWS: i64 = 25;

/// Where a page stands among its neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paginator {
    /// The page shown, from 1.
    pub page: i64,
    /// How many there are, at least 1.
    pub pages: i64,
    /// How many rows there are on all pages.
    pub rows: i64,
    /// How many of them a page has.
    pub per_page: i64,
    /// What stands before `page=` in the links to the other pages: the list's own question, ending in `&`.
    pub query: String,
    /// What stands behind it: the newest row that is counted, so that rows that arrive meanwhile move nothing.
    pub upto: Option<String>,
}

impl Paginator {
    /// The page `page` of `rows` rows, `per_page` on each; `None` beyond the last.
    pub fn new(page: i64, rows: i64, per_page: i64) -> Option<Self> {
        let pages = rows.div_euclid(per_page) + i64::from(rows.rem_euclid(per_page) > 0);
        let pages = pages.max(1);
        let (query, upto) = (String::new(), None);
        (1..=pages).contains(&page).then_some(Paginator { page, pages, rows, per_page, query, upto })
    }

    /// The same for a list that is asked this question.
    #[must_use]
    pub fn asking(self, query: String) -> Self {
        Paginator { query, ..self }
    }

    /// The same for a list that is counted up to this row.
    #[must_use]
    pub fn upto(self, upto: Option<impl ToString>) -> Self {
        Paginator { upto: upto.map(|upto| upto.to_string()), ..self }
    }

    /// How many rows stand before this page.
    pub fn offset(&self) -> i64 {
        (self.page - 1) * self.per_page
    }

    /// Those of all `rows` that stand on this page.
    pub fn cut<T>(&self, rows: Vec<T>) -> Vec<T> {
        let count = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        rows.into_iter().skip(count(self.offset())).take(count(self.per_page)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_may_be_short_and_none_follows_it() {
        let pages = |page, rows| Paginator::new(page, rows, ROWS).map(|p| (p.pages, p.offset()));
        assert_eq!(pages(1, 0), Some((1, 0)));
        assert_eq!(pages(1, 25), Some((1, 0)));
        assert_eq!(pages(2, 26), Some((2, 25)));
        assert_eq!(pages(3, 26), None);
        assert_eq!(pages(0, 26), None);
    }

    #[test]
    fn every_row_stands_on_one_page() {
        let rows: Vec<i64> = (0..7).collect();
        let cut = |page| Paginator::new(page, 7, 3).unwrap().cut(rows.clone());
        assert_eq!([cut(1), cut(2), cut(3)].concat(), rows);
        assert_eq!(cut(3), [6]);
    }
}
