/** A page of fills: which legs of a stream's matches belong to it, and their bytes. */
import type { FillPage } from '../execute.js';
import { hex32 } from '../hash.js';
import { type JsonWriter, toWords, type Words } from '../json-writer.js';
import type { Bound, Selection } from '../selection.js';
import { type Fill, timeOfBlock } from '../universe.js';
import { TOKEN_WORDS } from './markets.js';
import { MAX_LEGS, type Matches } from './matches.js';
import type { MatchStream } from './streams.js';

/** More than any row can need: 11 columns, two ids of 133 bytes. */
const ROW_ROOM = 1400;

/** A bound whose first eight hex digits decide about most matches without making text. */
const PLAIN_BOUND = /^0x([0-9a-f]{8}|[0-9a-f]{0,7}$)/;

/** Those digits as a number; a shorter bound stands before all that it begins. */
export function headOf(bound: Bound | undefined, otherwise: number): number {
  const digits = bound && PLAIN_BOUND.exec(bound.text)?.[1];
  return digits === undefined ? otherwise : Number.parseInt(digits.padEnd(8, '0'), 16);
}

export class LegPicker {
  readonly picked = new Uint8Array(MAX_LEGS);
  count = 0;
  readonly #lowHead: number;
  readonly #highHead: number;
  readonly #comparesText: boolean;

  constructor(
    readonly matches: Matches,
    readonly selection: Selection,
    readonly block: number,
    readonly descending: boolean,
  ) {
    // What stands before or behind every id (such as "", or "z") bounds nothing.
    const idLow = selection.idLow && selection.idLow.text > '0x' ? selection.idLow : undefined;
    const idHigh = selection.idHigh && selection.idHigh.text < '0xg' ? selection.idHigh : undefined;
    this.#comparesText = [idLow, idHigh].some((bound) => bound && !PLAIN_BOUND.test(bound.text));
    this.#lowHead = headOf(idLow, -1);
    this.#highHead = headOf(idHigh, 0x1_0000_0000);
  }

  /** Picks the wanted legs of the loaded match in the order of their ids; how many. */
  pick(wanted: number): number {
    const { matches, selection } = this;
    this.count = 0;
    if (matches.block > this.block) return 0;
    const time = timeOfBlock(matches.block);
    if (time < selection.timeLow || time > selection.timeHigh) return 0;
    const head = matches.firstWord();
    const nearBound = this.#comparesText || head === this.#lowHead || head === this.#highHead;
    if (!nearBound && (head < this.#lowHead || head > this.#highHead)) return 0;
    matches.amounts();
    for (let i = matches.double ? 1 : 0; i < matches.legs; i++) {
      if (((wanted >>> (matches.lane[i] as number)) & 1) === 0) continue;
      matches.identify(i);
      if (nearBound && !this.#within(fillId(matches, i))) continue;
      this.#insert(i);
    }
    return this.count;
  }

  #insert(leg: number): void {
    const { matches, picked } = this;
    let at = this.count++;
    while (at > 0 && orderBefore(matches, leg, picked[at - 1] as number) !== this.descending) {
      picked[at] = picked[at - 1] as number;
      at--;
    }
    picked[at] = leg;
  }

  #within(id: string): boolean {
    const { idLow, idHigh } = this.selection;
    if (idLow && !(id > idLow.text || (idLow.inclusive && id === idLow.text))) return false;
    return !idHigh || id < idHigh.text || (idHigh.inclusive && id === idHigh.text);
  }
}

/** By the first 64 bits of the order hashes. */
function orderBefore({ orderA, orderB }: Matches, a: number, b: number): boolean {
  const first = ((orderA[a] as number) >>> 0) - ((orderA[b] as number) >>> 0);
  return first !== 0 ? first < 0 : (orderB[a] as number) >>> 0 < (orderB[b] as number) >>> 0;
}

function hexOf(words: Int32Array, count: number): string {
  let text = '0x';
  for (let k = 0; k < count; k++) text += hex32(words[k] as number);
  return text;
}

function fillId(matches: Matches, leg: number): string {
  return `${hexOf(matches.transactionWords(), 8)}_${hexOf(matches.orderWords(leg), 8)}`;
}

/** The leg as an object: the long way, for enumeration. */
export function fillOf(matches: Matches, leg: number): Fill {
  const lane = matches.lane[leg] as number;
  const token = matches.markets.tokens[matches.market * 2 + (lane >> 1)] as string;
  const buy = (lane & 1) === 0;
  const shares = String(matches.shares[leg]);
  const cash = String(matches.cash[leg]);
  return {
    id: fillId(matches, leg),
    transactionHash: hexOf(matches.transactionWords(), 8),
    timestamp: String(matches.time()),
    orderHash: hexOf(matches.orderWords(leg), 8),
    maker: hexOf(matches.walletWords(matches.owner[leg] as number), 5),
    taker: hexOf(matches.walletWords(matches.counterparty[leg] as number), 5),
    makerAssetId: buy ? '0' : token,
    takerAssetId: buy ? token : '0',
    makerAmountFilled: buy ? cash : shares,
    takerAmountFilled: buy ? shares : cash,
    fee: String(matches.fee[leg]),
  };
}

const OPCODES = [
  'id',
  'transactionHash',
  'timestamp',
  'orderHash',
  'maker',
  'taker',
  'makerAssetId',
  'takerAssetId',
  'makerAmountFilled',
  'takerAmountFilled',
  'fee',
];

/** Writes legs as rows of the columns asked for: constant text between table-driven values. */
export class FillWriter {
  readonly #before: Words[] = [];
  readonly #ops: number[] = [];
  readonly #after: Words;

  constructor(
    readonly matches: Matches,
    columns: FillPage['columns'],
  ) {
    let text = '{';
    let first = true;
    for (const [key, column] of columns) {
      text += `${first ? '' : ','}${JSON.stringify(key)}:"`;
      first = false;
      if (column === '__typename') {
        text += 'OrderFilledEvent"';
        continue;
      }
      this.#before.push(toWords(text));
      this.#ops.push(OPCODES.indexOf(column));
      text = '"';
    }
    this.#after = toWords(`${text}}`);
  }

  write(leg: number, separated: boolean, out: JsonWriter): void {
    out.room(ROW_ROOM);
    if (separated) out.comma();
    const { matches } = this;
    const lane = matches.lane[leg] as number;
    const buy = (lane & 1) === 0;
    const ops = this.#ops;
    for (let i = 0; i < ops.length; i++) {
      out.words(this.#before[i] as Words);
      switch (ops[i]) {
        case 0:
          out.hexes(matches.transactionWords(), 8);
          out.underscore();
          out.hexes(matches.orderWords(leg), 8);
          break;
        case 1:
          out.hexes(matches.transactionWords(), 8);
          break;
        case 2:
          out.digits(matches.time());
          break;
        case 3:
          out.hexes(matches.orderWords(leg), 8);
          break;
        case 4:
          out.hexes(matches.walletWords(matches.owner[leg] as number), 5);
          break;
        case 5:
          out.hexes(matches.walletWords(matches.counterparty[leg] as number), 5);
          break;
        case 6:
          this.#asset(!buy, lane, out);
          break;
        case 7:
          this.#asset(buy, lane, out);
          break;
        case 8:
          out.digits((buy ? matches.cash[leg] : matches.shares[leg]) as number);
          break;
        case 9:
          out.digits((buy ? matches.shares[leg] : matches.cash[leg]) as number);
          break;
        case 10:
          out.digits(matches.fee[leg] as number);
          break;
      }
    }
    out.words(this.#after);
  }

  #asset(isToken: boolean, lane: number, out: JsonWriter): void {
    if (!isToken) {
      out.digits(0);
      return;
    }
    const { markets, market } = this.matches;
    const token = market * 2 + (lane >> 1);
    out.wordsOf(markets.tokenWords, token * TOKEN_WORDS, (markets.tokens[token] as string).length);
  }
}

/** Writes up to `first` rows after `skip` of them; how many. */
export function writePage(
  stream: MatchStream,
  picker: LegPicker,
  writer: FillWriter,
  page: FillPage,
  out: JsonWriter,
): number {
  let skip = page.skip;
  let rows = 0;
  while (rows < page.first && stream.next()) {
    const count = picker.pick(stream.wanted);
    for (let i = 0; i < count && rows < page.first; i++) {
      if (skip > 0) {
        skip--;
        continue;
      }
      writer.write(picker.picked[i] as number, rows > 0, out);
      rows++;
    }
  }
  return rows;
}
