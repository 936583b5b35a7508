import type { FillBatch } from './fill-batch.js';
import { writeHex, writeMicros, writePrefixedHex, writeSeconds } from './row-binary.js';

/** An OrderFilled event as the source serves it, all strings. */
export interface FillRow {
  /** `0x<64 hex transaction hash>_0x<64 hex order hash>`, lower case. */
  readonly id: string;
  readonly timestamp: string;
  readonly maker: string;
  readonly taker: string;
  readonly makerAssetId: string;
  readonly takerAssetId: string;
  readonly makerAmountFilled: string;
  readonly takerAmountFilled: string;
  readonly fee: string;
}

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

/**
 * Appends the row, or says why it cannot be and leaves the batch as it was: no value is invented.
 *
 * The wallet is the event's maker, read from that event's own assets: `makerAssetId == "0"` is a BUY of takerAmountFilled shares
 * for makerAmountFilled micro-USDC, anything else a SELL of makerAmountFilled shares for takerAmountFilled.
 */
export function encodeFill(row: FillRow, batch: FillBatch): null | RejectReason {
  const out = batch.ensureRoom();
  const at = batch.nextByte;
  const { id } = row;
  if (
    id.length !== ID_CHARS ||
    id.charCodeAt(0) !== 0x30 ||
    id.charCodeAt(1) !== 0x78 ||
    id.charCodeAt(66) !== 0x5f ||
    id.charCodeAt(67) !== 0x30 ||
    id.charCodeAt(68) !== 0x78 ||
    !writeHex(out, at, id, 2, 32) ||
    !writeHex(out, at + 32, id, 69, 32)
  ) {
    return 'id';
  }
  if (!writeSeconds(out, at + 64, row.timestamp)) return 'timestamp';
  if (!writePrefixedHex(out, at + 68, row.maker, 20)) return 'maker';
  if (!writePrefixedHex(out, at + 88, row.taker, 20)) return 'taker';

  const isBuy = row.makerAssetId === '0';
  const takerGivesCash = row.takerAssetId === '0';
  if (isBuy === takerGivesCash) return isBuy ? 'asset_both_zero' : 'asset_neither_zero';
  const token = batch.tokens.encode(isBuy ? row.takerAssetId : row.makerAssetId);
  if (token === undefined) return 'token';
  out.set(token, at + 108);
  out[at + 140] = isBuy ? BUY : SELL;

  if (!writeMicros(out, at + 141, isBuy ? row.takerAmountFilled : row.makerAmountFilled)) return 'shares';
  if (!writeMicros(out, at + 149, isBuy ? row.makerAmountFilled : row.takerAmountFilled)) return 'usdc';
  if (!writeMicros(out, at + 157, row.fee)) return 'fee';
  batch.commit();
  return null;
}
