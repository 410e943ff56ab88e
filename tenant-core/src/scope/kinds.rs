//! The kinds of node that expressions are made of. What is not listed is refused.

use super::syntax::Kind;

/// Kinds that mean no more than their parts.
pub(super) const fn is_transparent(kind: Kind) -> bool {
    is_special_form(kind)
        || matches!(
            kind,
            Kind::PAREN_EXPR
                | Kind::TUPLE_EXPR
                | Kind::BIN_EXPR
                | Kind::PREFIX_EXPR
                | Kind::POSTFIX_EXPR
                | Kind::BETWEEN_EXPR
                | Kind::CASE_EXPR
                | Kind::WHEN_CLAUSE_LIST
                | Kind::WHEN_CLAUSE
                | Kind::ELSE_CLAUSE
                | Kind::ARRAY_EXPR
                | Kind::INDEX_EXPR
                | Kind::SLICE_EXPR
                | Kind::ARG_LIST
                | Kind::ARG
                | Kind::SUBSTRING_FROM_FOR
                | Kind::SUBSTRING_FOR_FROM
                | Kind::SUBSTRING_SIMILAR_ESCAPE
                | Kind::SUBSTRING_EXPRS
                | Kind::OVERLAY_PLACING
                | Kind::OVERLAY_EXPRS
                | Kind::TRIM_FROM
                | Kind::TRIM_EXPR_FROM
                | Kind::TRIM_EXPRS
                | Kind::FILTER_CLAUSE
                | Kind::WITHIN_CLAUSE
                | Kind::OVER_CLAUSE
                | Kind::OVER_WINDOW_SPEC
                | Kind::WINDOW_DEF
                | Kind::WINDOW_SPEC
                | Kind::PARTITION_BY_CLAUSE
                | Kind::FRAME_CLAUSE
                | Kind::FRAME_BETWEEN
                | Kind::EXPR_PRECEDING
                | Kind::EXPR_FOLLOWING
                | Kind::FRAME_EXCLUDE
                | Kind::ORDER_BY_CLAUSE
                | Kind::SORT_BY_LIST
                | Kind::SORT_BY
                | Kind::SORT_USING
                | Kind::DISTINCT_CLAUSE
                | Kind::DISTINCT_ON
                | Kind::TARGET_LIST
                | Kind::TARGET
                | Kind::GROUP_BY_LIST
                | Kind::GROUPING_EXPR
                | Kind::GROUPING_ROLLUP
                | Kind::GROUPING_CUBE
                | Kind::GROUPING_SETS
                | Kind::SET_EXPR
                | Kind::SET_EXPR_LIST
                | Kind::INDEX_ACCESSOR
                | Kind::SLICE_ACCESSOR
        )
}

/// Calls with a grammar of their own.
pub(super) const fn is_special_form(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::EXISTS_FN
            | Kind::ANY_FN
            | Kind::SOME_FN
            | Kind::ALL_FN
            | Kind::EXTRACT_FN
            | Kind::SUBSTRING_FN
            | Kind::POSITION_FN
            | Kind::OVERLAY_FN
            | Kind::TRIM_FN
    )
}

/// Kinds that hold tokens only.
pub(super) const fn is_leaf(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::NAME_REF
            | Kind::CUSTOM_OP
            | Kind::IS_NOT
            | Kind::IS_DISTINCT_FROM
            | Kind::IS_NOT_DISTINCT_FROM
            | Kind::IS_NORMALIZED
            | Kind::IS_NOT_NORMALIZED
            | Kind::IS_JSON
            | Kind::IS_JSON_ARRAY
            | Kind::IS_JSON_OBJECT
            | Kind::IS_JSON_SCALAR
            | Kind::IS_JSON_VALUE
            | Kind::IS_NOT_JSON
            | Kind::IS_NOT_JSON_ARRAY
            | Kind::IS_NOT_JSON_OBJECT
            | Kind::IS_NOT_JSON_SCALAR
            | Kind::IS_NOT_JSON_VALUE
            | Kind::NOT_IN
            | Kind::NOT_LIKE
            | Kind::NOT_ILIKE
            | Kind::SIMILAR_TO
            | Kind::NOT_SIMILAR_TO
            | Kind::AT_TIME_ZONE
            | Kind::AT_LOCAL
            | Kind::SYMMETRIC
            | Kind::ASYMMETRIC
            | Kind::EXTRACT_FIELD_NAME
            | Kind::TRIM_BOTH
            | Kind::TRIM_LEADING
            | Kind::TRIM_TRAILING
            | Kind::ALL
            | Kind::DISTINCT
            | Kind::WINDOW
            | Kind::WINDOW_REF
            | Kind::FRAME_RANGE
            | Kind::FRAME_ROWS
            | Kind::FRAME_GROUPS
            | Kind::UNBOUNDED_PRECEDING
            | Kind::UNBOUNDED_FOLLOWING
            | Kind::CURRENT_ROW
            | Kind::GROUP
            | Kind::TIES
            | Kind::NO_OTHERS
            | Kind::SORT_ASC
            | Kind::SORT_DESC
            | Kind::NULLS_FIRST
            | Kind::NULLS_LAST
            | Kind::FETCH_ONLY
            | Kind::WITH_TIES
    )
}
