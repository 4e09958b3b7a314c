//! The documents' `paginate`: links for a list in pages, whatever it lists.

use serde::Serialize;

/// How many rows a page has.
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
    /// The newest row that is counted: rows that arrive meanwhile move nothing.
    pub upto: Option<String>,
}

impl Paginator {
    /// The page `page` of `rows` rows, or `None` beyond the last.
    pub fn new(page: i64, rows: i64, upto: Option<impl ToString>) -> Option<Self> {
        let pages = rows.div_euclid(ROWS) + i64::from(rows.rem_euclid(ROWS) > 0);
        let pages = pages.max(1);
        (1..=pages).contains(&page).then(|| Paginator {
            page,
            pages,
            rows,
            upto: upto.map(|upto| upto.to_string()),
        })
    }

    /// How many rows stand before this page.
    pub fn offset(&self) -> i64 {
        (self.page - 1) * ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_may_be_short_and_none_follows_it() {
        let pages = |page, rows| Paginator::new(page, rows, Some(7)).map(|p| (p.pages, p.offset()));
        assert_eq!(pages(1, 0), Some((1, 0)));
        assert_eq!(pages(1, 25), Some((1, 0)));
        assert_eq!(pages(2, 26), Some((2, 25)));
        assert_eq!(pages(3, 26), None);
        assert_eq!(pages(0, 26), None);
    }
}
