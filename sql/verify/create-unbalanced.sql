-- The table of `unbalanced.sql`: one row for each transaction and condition that does not conserve money or shares, with what
-- tells why. Scratch: made by a check or a rebuild, dropped at its end.
-- Parameters: unbalanced, the table to make.
-- By hand: clickhouse client --param_unbalanced=check_unbalanced --queries-file sql/verify/create-unbalanced.sql
CREATE OR REPLACE TABLE {unbalanced:Identifier}
(
    tx_hash FixedString(32),
    condition_id FixedString(32),
    fills UInt32,
    cash Int128 COMMENT 'micro-USDC over all fills, gross; what was paid counts negative',
    shares Array(Int128) COMMENT 'micro-shares by outcome, gross',
    volume Int128 COMMENT 'micro-USDC traded in these fills',
    legs Array(UInt32) COMMENT 'which outcomes were bought and sold: twice the place of the outcome, one more for a sale',
    exchange_fills UInt32 COMMENT 'fills whose counterparty is an exchange',
    exchange_sells UInt32,
    exchange_paid Int128 COMMENT 'micro-USDC of the purchases from an exchange',
    sold_position UInt16 COMMENT 'outcome sold to an exchange',
    dust Int128 COMMENT 'micro-shares that the rounding of the other fills may leave over'
)
ENGINE = MergeTree
ORDER BY (condition_id, tx_hash)
-- Rows lost in a power cut would read as transactions that balance.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
