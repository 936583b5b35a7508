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
    const head = matches.txWord(0) >>> 0;
    const nearBound = this.#comparesText || head === this.#lowHead || head === this.#highHead;
    if (!nearBound && (head < this.#lowHead || head > this.#highHead)) return 0;
    matches.amounts();
    matches.identities();
    for (let i = matches.double ? 1 : 0; i < matches.legs; i++) {
      if (((wanted >>> (matches.lane[i] as number)) & 1) === 0) continue;
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

function orderBefore(matches: Matches, a: number, b: number): boolean {
  for (let k = 0; k < 8; k++) {
    const x = matches.orderWord(a, k) >>> 0;
    const y = matches.orderWord(b, k) >>> 0;
    if (x !== y) return x < y;
  }
  return false;
}

export function transactionHash(matches: Matches): string {
  let text = '0x';
  for (let k = 0; k < 8; k++) text += hex32(matches.txWord(k));
  return text;
}

export function orderHash(matches: Matches, leg: number): string {
  let text = '0x';
  for (let k = 0; k < 8; k++) text += hex32(matches.orderWord(leg, k));
  return text;
}

function fillId(matches: Matches, leg: number): string {
  return `${transactionHash(matches)}_${orderHash(matches, leg)}`;
}

export function address(matches: Matches, wallet: number): string {
  let text = '0x';
  for (let k = 0; k < 5; k++) text += hex32(matches.walletWord(wallet, k));
  return text;
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
    transactionHash: transactionHash(matches),
    timestamp: String(matches.time()),
    orderHash: orderHash(matches, leg),
    maker: address(matches, matches.owner[leg] as number),
    taker: address(matches, matches.counterparty[leg] as number),
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
          this.#transaction(out);
          out.underscore();
          this.#order(leg, out);
          break;
        case 1:
          this.#transaction(out);
          break;
        case 2:
          out.digits(matches.time());
          break;
        case 3:
          this.#order(leg, out);
          break;
        case 4:
          this.#address(matches.owner[leg] as number, out);
          break;
        case 5:
          this.#address(matches.counterparty[leg] as number, out);
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

  #transaction(out: JsonWriter): void {
    out.hexPrefix();
    for (let k = 0; k < 8; k++) out.hex(this.matches.txWord(k));
  }

  #order(leg: number, out: JsonWriter): void {
    out.hexPrefix();
    for (let k = 0; k < 8; k++) out.hex(this.matches.orderWord(leg, k));
  }

  #address(wallet: number, out: JsonWriter): void {
    out.hexPrefix();
    for (let k = 0; k < 5; k++) out.hex(this.matches.walletWord(wallet, k));
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
