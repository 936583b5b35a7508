import { formatMicros } from '../../report/format.js';
import type { BaselineRow } from './baseline.js';

/** A wallet's figures, all in micro-USDC. */
export interface WalletFigures {
  readonly fills: number;
  readonly volume: bigint;
  readonly openVolume: bigint;
  readonly ledger: bigint;
  readonly averageCost: bigint;
  readonly openCash: bigint;
  readonly markValue: bigint;
  readonly grossLedger: bigint;
  /** What the fills of others against this wallet would add, were they counted as its own. */
  readonly otherSide: bigint;
}

export interface Compared {
  readonly wallet: string;
  readonly measure: BaselineRow['measure'];
  readonly expectedMicros: bigint;
  readonly computedMicros: bigint;
  readonly differenceMicros: bigint;
  readonly fills: number;
  /** Of the volume, in parts per million, in markets that are not resolved. */
  readonly openPpm: number;
  readonly passed: boolean;
  /** Null for a wallet that passed; which known mistake would give the expected figure. */
  readonly cause: string | null;
}

const PPM = 1_000_000n;
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);

export function compare(row: BaselineRow, figures: WalletFigures | undefined, tolerance: number): Compared {
  const computed = figures === undefined ? 0n : row.measure === 'ledger' ? figures.ledger : figures.averageCost;
  const passed = figures !== undefined && meets(row, computed, tolerance);
  return {
    wallet: `0x${row.wallet}`,
    measure: row.measure,
    expectedMicros: row.expectedMicros,
    computedMicros: computed,
    differenceMicros: computed - row.expectedMicros,
    fills: figures?.fills ?? 0,
    openPpm: figures === undefined || figures.volume === 0n ? 0 : Number((figures.openVolume * PPM) / figures.volume),
    passed,
    cause: passed ? null : findCause(row, figures, computed, tolerance),
  };
}

function meets(row: BaselineRow, candidate: bigint, tolerance: number): boolean {
  const allowed = (magnitude(row.expectedMicros) * BigInt(Math.round(tolerance * 1e6))) / PPM;
  return magnitude(candidate - row.expectedMicros) <= (allowed > row.roundingMicros ? allowed : row.roundingMicros);
}

/** The first known mistake, of either side, whose figure is the expected one. */
function findCause(row: BaselineRow, figures: WalletFigures | undefined, computed: bigint, tolerance: number): string {
  if (figures === undefined) return 'coverage: none of its fills are here';
  const { ledger, averageCost, openCash, markValue, grossLedger, otherSide } = figures;
  const candidates: readonly (readonly [cause: string, figure: bigint])[] = [
    ['opposite sign', -computed],
    ['factor of 10^6: micro-units taken for dollars', computed * PPM],
    ['factor of 10^6: dollars taken for micro-units', computed / PPM],
    row.measure === 'ledger'
      ? ['the other measure: it is the average cost', averageCost]
      : ['the other measure: it is the ledger', ledger],
    ['fees: it is gross of them', grossLedger],
    ['unresolved counted as lost', ledger + openCash],
    ['unresolved counted at the last price', ledger + openCash + markValue],
    ['both sides counted: fills credited to the counterparty as well', ledger + otherSide],
    ['fills credited to the counterparty instead', otherSide],
  ];
  const fits = candidates.find(([, figure]) => figure !== computed && meets(row, figure, tolerance));
  if (fits !== undefined) return fits[0];
  const open = figures.volume === 0n ? 0n : (figures.openVolume * 100n) / figures.volume;
  return open > 0n
    ? `none fits; ${open} % of its volume is unresolved (cash ${formatMicros(openCash)}, mark ${formatMicros(markValue)})`
    : 'none fits; perhaps coverage: fills that are not here, or splits, merges and transfers that no fill shows';
}
