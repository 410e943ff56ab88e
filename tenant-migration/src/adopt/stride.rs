//! Over how many pages of a table one batch looks.

/// Rows that fit on a page, about: the first batch goes by it, later ones by what was found.
const ROWS_A_PAGE: i64 = 100;

/// Where in a table the next batch looks for rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stride {
    /// How many rows a batch has.
    wanted: i64,
    pub(super) page: i64,
    pages: i64,
}

impl Stride {
    pub(super) fn new(wanted: i64) -> Self {
        Self { wanted, page: 0, pages: (wanted / ROWS_A_PAGE).max(1) }
    }

    /// The first page after those that are looked at.
    pub(super) const fn end(self) -> i64 {
        self.page + self.pages
    }

    /// What is next, when so many rows were filled.
    pub(super) fn next(self, filled: i64) -> Self {
        let Self { wanted, page, pages } = self;
        match filled {
            0 => Self { page: self.end(), pages: pages * 2, ..self },
            // There may be more on these pages; and what it filled lies in the way of the next, which looks less far.
            _ if filled >= wanted => Self { page, pages: (pages / 2).max(1), ..self },
            _ => Self { page: self.end(), pages: (pages.saturating_mul(wanted) / filled).clamp(1, pages * 2), ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stride;

    #[test]
    fn each_page_is_read_few_times_wherever_an_earlier_run_ended() {
        const PAGES: i64 = 100_000;
        const ROWS: i64 = 60;
        for filled_before in [0, PAGES / 2, PAGES - 1] {
            let (mut read, mut filled_to) = (0, filled_before * ROWS);
            let mut stride = Stride::new(5_000);
            while stride.page < PAGES {
                let end = stride.end().min(PAGES) * ROWS;
                let found = (end - filled_to).clamp(0, 5_000);
                let stopped = if found < 5_000 { end } else { filled_to + found };
                read += (stopped - stride.page * ROWS) / ROWS;
                filled_to = filled_to.max(stopped);
                stride = stride.next(found);
            }
            assert_eq!(filled_to, PAGES * ROWS, "all are filled");
            assert!(read < 4 * PAGES, "{read} pages read after {filled_before} were filled");
        }
    }
}
