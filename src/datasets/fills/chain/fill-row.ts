/**
 * A fill of the chain as a row of `clob_fills` in RowBinary, straight from the hex digits of its log.
 */
import { addressIn, isAddressTopic } from '../../../sources/chain/event-values.js';
import { type ExchangeEvents, malformedLog, SIDE, UNFIT } from '../../../sources/chain/exchange-events.js';
import { EXCHANGES } from '../../../sources/chain/exchanges.js';
import { areZeros, WORD_DIGITS, writeBytes, writeWordReversed } from '../../../sources/chain/hex.js';
import { LOG } from '../../../sources/chain/logs.js';
import { FILL } from '../table.js';

/** The value that does not fit the table. */
export type ChainRejectReason = 'side' | 'asset_both_zero' | 'asset_neither_zero' | 'token' | 'shares' | 'usdc' | 'fee';

const BUY = 1;
const SELL = 2;
const ENUM_VALUES = EXCHANGES.map(({ enumValue }) => enumValue);

/**
 * Writes fill `i` of a block at `at`, or says why it can be no row: no value is invented. Wallet and side are those of the
 * order's owner in every generation. Throws FailureError `bad_response` for what is not hex.
 */
export function writeFillRow(
  out: Uint8Array,
  at: number,
  events: ExchangeEvents,
  i: number,
  blockNumber: number,
  blockTime: number,
): null | ChainRejectReason {
  const { logs } = events;
  const { text } = logs;
  const isBuy = events.side[i] === SIDE.buy;
  const unfit = events.unfit[i] as number;
  if (unfit !== 0) return reasonOf(unfit, isBuy, text, events.token[i] as number);
  const token = events.token[i] as number;
  const log = events.log[i] as number;
  const maker = logs.topic(log, 2);
  const taker = logs.topic(log, 3);
  const isHex =
    writeBytes(out, at + FILL.txHash, text, logs.get(log, LOG.transactionHash), 32) &&
    writeBytes(out, at + FILL.orderHash, text, logs.topic(log, 1), 32) &&
    writeBytes(out, at + FILL.wallet, text, addressIn(maker), 20) &&
    writeBytes(out, at + FILL.counterparty, text, addressIn(taker), 20) &&
    writeWordReversed(out, at + FILL.tokenId, text, token) &&
    isAddressTopic(logs, maker) &&
    isAddressTopic(logs, taker);
  if (!isHex) throw malformedLog(logs, log);
  if (areZeros(text, token, WORD_DIGITS)) return 'token';

  writeUInt32(out, at + FILL.blockTime, blockTime);
  out[at + FILL.side] = isBuy ? BUY : SELL;
  // Who buys gives collateral and takes shares.
  const given = isBuy ? FILL.usdc : FILL.shares;
  const taken = isBuy ? FILL.shares : FILL.usdc;
  writeUInt64(out, at + given, events.makerHigh[i] as number, events.makerLow[i] as number);
  writeUInt64(out, at + taken, events.takerHigh[i] as number, events.takerLow[i] as number);
  writeUInt64(out, at + FILL.fee, events.feeHigh[i] as number, events.feeLow[i] as number);
  out[at + FILL.exchange] = ENUM_VALUES[events.exchange[i] as number] as number;
  writeUInt32(out, at + FILL.blockNumber, blockNumber);
  writeUInt32(out, at + FILL.logIndex, logs.get(log, LOG.logIndex));
  return null;
}

function reasonOf(unfit: number, isBuy: boolean, text: DataView, token: number): ChainRejectReason {
  if (unfit & UNFIT.side) return 'side';
  if (unfit & UNFIT.assets) return areZeros(text, token, WORD_DIGITS) ? 'asset_both_zero' : 'asset_neither_zero';
  if (unfit & UNFIT.makerAmount) return isBuy ? 'usdc' : 'shares';
  if (unfit & UNFIT.takerAmount) return isBuy ? 'shares' : 'usdc';
  return 'fee';
}

function writeUInt64(out: Uint8Array, at: number, high: number, low: number): void {
  writeUInt32(out, at, low);
  writeUInt32(out, at + 4, high);
}

function writeUInt32(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}
