/**
 * Matches of every kind and generation as the contracts emit them, drawn from a seed: for tests of decoders and proofs. Plain
 * and slow, with BigInt, and apart from both the loader's code and the simulated chain.
 */
import { EXCHANGES, type Exchange, type ExchangeName, TOPICS } from '../../../src/sources/chain/exchanges.js';
import type { LogText } from '../../../src/sources/chain/logs.js';

export interface FillMeant {
  readonly exchange: ExchangeName;
  readonly orderHash: string;
  readonly maker: string;
  readonly taker: string;
  readonly side: 'BUY' | 'SELL';
  readonly token: bigint;
  readonly makerAmount: bigint;
  readonly takerAmount: bigint;
  readonly fee: bigint;
}

export type MatchKind = 'complementary' | 'conditional' | 'mixed';

export interface MadeMatch {
  readonly exchange: Exchange;
  readonly kind: MatchKind;
  readonly fills: readonly FillMeant[];
  readonly refund: bigint;
  readonly logs: readonly MadeLog[];
}

export interface MadeLog extends LogText {
  readonly event: 'fill' | 'aggressor' | 'fee' | 'matched' | 'direct';
}

const word = (value: bigint): string => value.toString(16).padStart(64, '0');
const addressWord = (address: string): string => `0x${address.slice(2).padStart(64, '0')}`;

export function exchangeNamed(name: ExchangeName): Exchange {
  const found = EXCHANGES.find((exchange) => exchange.name === name);
  if (found === undefined) throw new Error(`no exchange ${name}`);
  return found;
}

export class MatchMaker {
  logIndex = 0;
  transactionIndex = 0;

  constructor(readonly random: () => number) {}

  hex(digits: number): string {
    let text = '';
    while (text.length < digits)
      text += Math.floor(this.random() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0');
    return `0x${text.slice(0, digits)}`;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** The next transaction of the block, with a gap of logs of others. */
  nextTransaction(): string {
    this.transactionIndex += 1 + this.below(3);
    this.logIndex += this.below(5);
    return this.hex(64);
  }

  tokens({ generation }: Exchange): [bigint, bigint] {
    if (generation < 3) return [BigInt(this.hex(64)) | 1n, BigInt(this.hex(64)) | 1n];
    const condition = `0x0${1 + this.below(3)}${this.hex(32).slice(2)}0002${'0'.repeat(16)}${this.hex(8).slice(2)}`;
    return [BigInt(`${condition}00`), BigInt(`${condition}01`)];
  }

  /** A match with one to four resting orders, at least one of them of the kind; amounts of 0 happen with `dust`. */
  match(exchange: Exchange, transactionHash: string, kind: MatchKind, dust = false): MadeMatch {
    const [token, other] = this.tokens(exchange);
    const side = this.below(2) === 0 ? 'BUY' : 'SELL';
    const opposite = side === 'BUY' ? 'SELL' : 'BUY';
    const aggressor = this.hex(40);
    const resting = 1 + this.below(3) + (kind === 'mixed' ? 1 : 0);
    const fills: FillMeant[] = [];
    let [received, given] = [0n, 0n];
    for (let i = 0; i < resting; i++) {
      const isOther = kind === 'conditional' || (kind === 'mixed' && (i === 0 || (i > 1 && this.below(2) === 0)));
      const shares = BigInt(1 + this.below(dust ? 3 : 5_000_000_000));
      const usdc = dust && this.below(2) === 0 ? 0n : (shares * BigInt(1 + this.below(998))) / 1000n;
      const legSide = isOther ? side : opposite;
      const [makerAmount, takerAmount] = legSide === 'BUY' ? [usdc, shares] : [shares, usdc];
      fills.push(this.#fill(exchange, legSide, isOther ? other : token, makerAmount, takerAmount, aggressor, false));
      if (side === 'BUY') {
        received += shares;
        given += isOther ? shares - usdc : usdc;
      } else {
        received += isOther ? shares - usdc : usdc;
        given += shares;
      }
    }
    const mayRefund = exchange.generation === 1 || (exchange.generation === 2 && kind !== 'complementary');
    const refund = mayRefund && this.below(3) === 0 ? BigInt(1 + this.below(1_000_000)) : 0n;
    fills.push(this.#fill(exchange, side, token, given + refund, received, exchange.address, true, aggressor));
    return { exchange, kind, fills, refund, logs: this.#emit(exchange, transactionHash, fills) };
  }

  /** V1: the operator fills an order by himself. */
  direct(exchange: Exchange, transactionHash: string): MadeLog {
    const shares = BigInt(1 + this.below(1_000_000));
    const [token] = this.tokens(exchange);
    const fill = this.#fill(exchange, 'BUY', token, shares / 2n, shares, this.hex(40), true);
    return this.#log(
      exchange,
      transactionHash,
      'direct',
      this.#fillTopics(exchange, fill),
      this.#fillData(exchange, fill),
    );
  }

  #fill(
    { name, generation }: Exchange,
    side: 'BUY' | 'SELL',
    token: bigint,
    makerAmount: bigint,
    takerAmount: bigint,
    taker: string,
    pays: boolean,
    maker = this.hex(40),
  ): FillMeant {
    const base = generation === 1 ? takerAmount : side === 'BUY' ? makerAmount : takerAmount;
    const fee = pays || this.below(4) === 0 ? base / BigInt(20 + this.below(5)) : 0n;
    return { exchange: name, orderHash: this.hex(64), maker, taker, side, token, makerAmount, takerAmount, fee };
  }

  #emit(exchange: Exchange, transactionHash: string, fills: readonly FillMeant[]): MadeLog[] {
    const logs: MadeLog[] = [];
    for (const [i, fill] of fills.entries()) {
      const isLast = i === fills.length - 1;
      const feeAfter = exchange.generation === 3 && !isLast;
      const emitFee = () => {
        if (fill.fee > 0n) logs.push(this.#fee(exchange, transactionHash, fill));
      };
      if (!feeAfter) emitFee();
      this.logIndex += this.below(3);
      logs.push(
        this.#log(
          exchange,
          transactionHash,
          isLast ? 'aggressor' : 'fill',
          this.#fillTopics(exchange, fill),
          this.#fillData(exchange, fill),
        ),
      );
      if (feeAfter) emitFee();
    }
    const aggressor = fills[fills.length - 1] as FillMeant;
    const topics = [TOPICS[exchange.generation].ordersMatched, aggressor.orderHash, addressWord(aggressor.maker)];
    logs.push(this.#log(exchange, transactionHash, 'matched', topics, this.#fillData(exchange, aggressor).slice(0, 4)));
    return logs;
  }

  #fee(exchange: Exchange, transactionHash: string, fill: FillMeant): MadeLog {
    const asset = fill.side === 'BUY' ? fill.token : 0n;
    const data = exchange.generation === 1 ? [asset, fill.fee] : [fill.fee];
    const topics = [TOPICS[exchange.generation].feeCharged, addressWord(this.hex(40))];
    return this.#log(exchange, transactionHash, 'fee', topics, data);
  }

  #fillTopics({ generation }: Exchange, { orderHash, maker, taker }: FillMeant): string[] {
    return [TOPICS[generation].orderFilled, orderHash, addressWord(maker), addressWord(taker)];
  }

  #fillData({ generation }: Exchange, fill: FillMeant): bigint[] {
    const { side, token, makerAmount, takerAmount, fee } = fill;
    if (generation > 1)
      return [side === 'BUY' ? 0n : 1n, token, makerAmount, takerAmount, fee, BigInt(this.hex(64)), 0n];
    return [...(side === 'BUY' ? [0n, token] : [token, 0n]), makerAmount, takerAmount, fee];
  }

  #log(
    { address }: Exchange,
    transactionHash: string,
    event: MadeLog['event'],
    topics: string[],
    data: readonly bigint[],
  ): MadeLog {
    const { transactionIndex } = this;
    const logIndex = this.logIndex++;
    return {
      event,
      address,
      topics,
      data: `0x${data.map(word).join('')}`,
      transactionHash,
      transactionIndex,
      logIndex,
    };
  }
}

/** A block of matches: several transactions, some with two matches, of the exchanges named. */
export function makeBlock(maker: MatchMaker, exchanges: readonly Exchange[], matches: number): MadeMatch[] {
  const made: MadeMatch[] = [];
  let transactionHash = maker.nextTransaction();
  for (let i = 0; i < matches; i++) {
    if (maker.below(3) > 0) transactionHash = maker.nextTransaction();
    const exchange = exchanges[maker.below(exchanges.length)] as Exchange;
    const kind = (['complementary', 'conditional', 'mixed'] as const)[maker.below(3)] as MatchKind;
    made.push(maker.match(exchange, transactionHash, kind, maker.below(10) === 0));
  }
  return made;
}

/** A log as JSON writes it for a transport, without what only tests know. */
export function plainLog({ address, topics, data, transactionHash, transactionIndex, logIndex }: LogText): LogText {
  return { address, topics, data, transactionHash, transactionIndex, logIndex };
}
