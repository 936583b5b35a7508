import { writeHex, writeMicros, writePrefixedHex, writeSeconds } from '../../clickhouse/row-binary.js';
import type { FillBatch } from './fill-batch.js';
import { FIELD, type FillSource, FillTexts } from './subgraph/fill-texts.js';
import { FILL } from './table.js';

/** The field that could not be decoded. */
export type RejectReason =
  | 'id'
  | 'timestamp'
  | 'maker'
  | 'taker'
  | 'asset_both_zero'
  | 'asset_neither_zero'
  | 'token'
  | 'shares'
  | 'usdc'
  | 'fee';

const ID_CHARS = 133;
const BUY = 1;
const SELL = 2;
/** The subgraph does not say which exchange it was, nor the block and the log. */
const EXCHANGE_V1 = 1;
const BLOCK_UNKNOWN = 0;
const LOG_UNKNOWN = -1;
const ZERO = 0x30;
const X = 0x78;
const UNDERSCORE = 0x5f;

const { id: ID, timestamp: TIMESTAMP, maker: MAKER, taker: TAKER, fee: FEE } = FIELD;
const { makerAssetId: MAKER_ASSET, takerAssetId: TAKER_ASSET } = FIELD;
const { makerAmountFilled: MAKER_AMOUNT, takerAmountFilled: TAKER_AMOUNT } = FIELD;

/**
 * Appends a row of a page, or says why it cannot be and leaves the batch as it was: no value is invented.
 *
 * The wallet is the event's maker, read from that event's own assets: `makerAssetId == "0"` is a BUY of takerAmountFilled shares
 * for makerAmountFilled micro-USDC, anything else a SELL of makerAmountFilled shares for takerAmountFilled.
 */
export function encodeFillAt(rows: FillTexts, row: number, batch: FillBatch): null | RejectReason {
  const out = batch.ensureRoom();
  const at = batch.nextByte;
  const text = rows.bytes;
  const id = rows.start(row, ID);
  if (
    rows.end(row, ID) - id !== ID_CHARS ||
    text[id] !== ZERO ||
    text[id + 1] !== X ||
    text[id + 66] !== UNDERSCORE ||
    text[id + 67] !== ZERO ||
    text[id + 68] !== X ||
    !writeHex(out, at + FILL.txHash, text, id + 2, 32) ||
    !writeHex(out, at + FILL.orderHash, text, id + 69, 32)
  ) {
    return 'id';
  }
  if (!writeSeconds(out, at + FILL.blockTime, text, rows.start(row, TIMESTAMP), rows.end(row, TIMESTAMP)))
    return 'timestamp';
  if (!writePrefixedHex(out, at + FILL.wallet, text, rows.start(row, MAKER), rows.end(row, MAKER), 20)) return 'maker';
  if (!writePrefixedHex(out, at + FILL.counterparty, text, rows.start(row, TAKER), rows.end(row, TAKER), 20))
    return 'taker';

  const isBuy = isZero(rows, row, MAKER_ASSET);
  if (isBuy === isZero(rows, row, TAKER_ASSET)) return isBuy ? 'asset_both_zero' : 'asset_neither_zero';
  const asset = isBuy ? TAKER_ASSET : MAKER_ASSET;
  const token = batch.tokens.encode(rows.asset(row, asset));
  if (token === undefined) return 'token';
  out.set(token, at + FILL.tokenId);
  out[at + FILL.side] = isBuy ? BUY : SELL;

  const [shares, usdc] = isBuy ? [TAKER_AMOUNT, MAKER_AMOUNT] : [MAKER_AMOUNT, TAKER_AMOUNT];
  if (!writeMicros(out, at + FILL.shares, text, rows.start(row, shares), rows.end(row, shares))) return 'shares';
  if (!writeMicros(out, at + FILL.usdc, text, rows.start(row, usdc), rows.end(row, usdc))) return 'usdc';
  if (!writeMicros(out, at + FILL.fee, text, rows.start(row, FEE), rows.end(row, FEE))) return 'fee';
  out[at + FILL.exchange] = EXCHANGE_V1;
  out.fill(BLOCK_UNKNOWN, at + FILL.blockNumber, at + FILL.blockNumber + 4);
  out.fill(LOG_UNKNOWN, at + FILL.logIndex, at + FILL.logIndex + 4);
  batch.commit();
  return null;
}

/** One fill by itself. */
export function encodeFill(fill: FillSource, batch: FillBatch): null | RejectReason {
  return encodeFillAt(FillTexts.of([fill]), 0, batch);
}

function isZero(rows: FillTexts, row: number, field: number): boolean {
  const start = rows.start(row, field);
  return rows.end(row, field) - start === 1 && rows.bytes[start] === ZERO;
}
