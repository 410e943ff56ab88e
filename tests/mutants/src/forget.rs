
impl Walk<'_> {
    /// Reads a part of the statement by all rules, and then leaves it as it came.
    pub(super) fn forget<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ScopeError>) -> Result<T, ScopeError> {
        let edits = std::mem::take(&mut self.edits);
        let result = read(self);
        self.edits = edits;
        result
    }
}
