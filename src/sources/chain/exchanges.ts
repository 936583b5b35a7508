/**
 * Polymarket's exchanges on Polygon, as data. Which decoder reads a log follows from its address and its first topic, never
 * from its block: the second generation was tested for weeks below the last block of the first.
 *
 * A new exchange is a line here and a value of the table's enum.
 */
export type ExchangeName = 'v1_ctf' | 'v1_neg_risk' | 'v2_ctf' | 'v2_neg_risk' | 'v2_neg_risk_b' | 'v3';
export type Generation = 1 | 2 | 3;

export interface Exchange {
  readonly name: ExchangeName;
  readonly generation: Generation;
  /** Lower-case hex with 0x. */
  readonly address: string;
  /** No log of it stands in an earlier block. */
  readonly firstBlock: number;
  /** No log of it stands in a later block; null while it trades. */
  readonly lastBlock: number | null;
  /** Value of the `exchange` column of `clob_fills`. */
  readonly enumValue: number;
}

/** Where the two contracts that were deployed with V2's main exchange are looked for from; V3's first block is not known. */
const V2_FIRST_BLOCK = 84_902_320;
const V1_LAST_BLOCK = 86_126_998;

/** Value 1 of the enum, `v1`, is for rows of the subgraph, which does not say which of the two it was. */
export const EXCHANGES: readonly Exchange[] = [
  {
    name: 'v1_ctf',
    generation: 1,
    address: '0x4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e',
    firstBlock: 33_605_403,
    lastBlock: V1_LAST_BLOCK,
    enumValue: 2,
  },
  {
    name: 'v1_neg_risk',
    generation: 1,
    address: '0xc5d563a36ae78145c45a50134d48a1215220f80a',
    firstBlock: 50_505_492,
    lastBlock: V1_LAST_BLOCK,
    enumValue: 3,
  },
  {
    name: 'v2_ctf',
    generation: 2,
    address: '0xe111180000d2663c0091e4f400237545b87b996b',
    firstBlock: 84_902_353,
    lastBlock: null,
    enumValue: 4,
  },
  {
    name: 'v2_neg_risk',
    generation: 2,
    address: '0xe2222d279d744050d28e00520010520000310f59',
    firstBlock: V2_FIRST_BLOCK,
    lastBlock: null,
    enumValue: 5,
  },
  {
    name: 'v2_neg_risk_b', // the first neg-risk deployment, replaced within days
    generation: 2,
    address: '0xe2222d002000ba0053cef3375333610f64600036',
    firstBlock: V2_FIRST_BLOCK,
    lastBlock: null,
    enumValue: 6,
  },
  {
    name: 'v3',
    generation: 3,
    address: '0xe3333700ca9d93003f00f0f71f8515005f6c00aa',
    firstBlock: V2_FIRST_BLOCK,
    lastBlock: null,
    enumValue: 7,
  },
];

export interface ExchangeTopics {
  readonly orderFilled: string;
  readonly ordersMatched: string;
  readonly feeCharged: string;
}

const V1_TOPICS: ExchangeTopics = {
  orderFilled: '0xd0a08e8c493f9c94f29311604c9de1b4e8c8d4c06bd0c789af57f2d65bfec0f6',
  ordersMatched: '0x63bf4d16b7fa898ef4c4b2b6d90fd201e9c56313b65638af6088d149d2ce956c',
  feeCharged: '0xacffcc86834d0f1a64b0d5a675798deed6ff0bcfc2231edd3480e7288dba7ff4',
};
const V2_TOPICS: ExchangeTopics = {
  orderFilled: '0xd543adfd945773f1a62f74f0ee55a5e3b9b1a28262980ba90b1a89f2ea84d8ee',
  ordersMatched: '0x174b3811690657c217184f89418266767c87e4805d09680c39fc9c031c0cab7c',
  feeCharged: '0x55bb3cade9d43b798a4fe5ffdd05024b2d7870df53920673bfc7e68047cd0ab1',
};

/** V3 kept V2's events. */
export const TOPICS: Readonly<Record<Generation, ExchangeTopics>> = { 1: V1_TOPICS, 2: V2_TOPICS, 3: V2_TOPICS };

/** What a stranger is recognised by: these topics from an address that is not in `EXCHANGES`. */
export const ORDER_FILLED_TOPICS: readonly string[] = [V1_TOPICS.orderFilled, V2_TOPICS.orderFilled];

/** A filter of both transports: logs of any of these addresses with any of these first topics. No address means every one. */
export interface LogFilter {
  readonly addresses?: readonly string[];
  readonly topic0: readonly string[];
}

/** Fills and what proves them, of the exchanges named: one filter for each set of topics. */
export function filtersOf(exchanges: readonly Exchange[]): LogFilter[] {
  const filters: LogFilter[] = [];
  for (const topics of [V1_TOPICS, V2_TOPICS]) {
    const addresses = exchanges.filter(({ generation }) => TOPICS[generation] === topics).map(({ address }) => address);
    if (addresses.length > 0) {
      filters.push({ addresses, topic0: [topics.orderFilled, topics.ordersMatched, topics.feeCharged] });
    }
  }
  return filters;
}

/** Finds strangers: known topics, whoever emits them. */
export const STRANGER_FILTER: LogFilter = { topic0: ORDER_FILLED_TOPICS };

/**
 * The exchanges of `--exchanges`: generations (`v1`, `v2`, `v3`) or names, in the order of the table, each once.
 * Throws RangeError naming the word that is neither.
 */
export function selectExchanges(words: readonly string[]): Exchange[] {
  for (const word of words) {
    if (!EXCHANGES.some((exchange) => isNamed(exchange, word))) {
      const names = EXCHANGES.map(({ name }) => name).filter((name) => name !== 'v3');
      throw new RangeError(`"${word}" is no exchange: use v1, v2, v3, ${names.join(', ')}`);
    }
  }
  if (words.length === 0) throw new RangeError('no exchange is named: use v1, v2, v3 or names of exchanges');
  return EXCHANGES.filter((exchange) => words.some((word) => isNamed(exchange, word)));
}

export const DEFAULT_EXCHANGES: readonly string[] = ['v2', 'v3'];

function isNamed({ name, generation }: Exchange, word: string): boolean {
  return word === name || word === `v${generation}`;
}

/** The lowest first block and, when all of them have ended, the highest last one. */
export function blocksOf(exchanges: readonly Exchange[]): { readonly from: number; readonly to: number | null } {
  const lasts = exchanges.map(({ lastBlock }) => lastBlock);
  return {
    from: Math.min(...exchanges.map(({ firstBlock }) => firstBlock)),
    to: lasts.some((last) => last === null) ? null : Math.max(...(lasts as number[])),
  };
}

/** Contracts that hold or move money in trades and are no traders, lower-case hex with 0x: left out of leaderboards. */
export const NO_TRADERS: readonly string[] = [
  ...EXCHANGES.map(({ address }) => address),
  '0x4d97dcd97ec945f40cf65f87097ace5ea0476045', // conditional tokens
  '0xd91e80cf2e7be2e162c6513ced06f1dd0da35296', // neg-risk adapter
  '0x3a3bd7bb9528e159577f7c2e685cc81a765002e2', // wrapped collateral
  '0x2791bca1f2de4661ed88a30c99a7a9449aa84174', // USDC.e
  '0xc011a7e12a19f7b1f670d46f03b03f3342e82dfb', // pUSD
  '0xe3f18acc55091e2c48d883fc8c8413319d4ab7b0', // V1 fee modules: they pay refunds
  '0xb768891e3130f6df18214ac804d4db76c2c37730',
  '0x115f48dc2a731aa16251c6d6e1befc42f92accc9', // V2 fee receiver
  '0xada100874d00e3331d00f2007a9c336a65009718', // collateral adapters, old
  '0xada200001000ef00d07553cee7006808f895c6f1',
  '0xada100db00ca00073811820692005400218fce1f', // collateral adapters, now
  '0xada2005600dec949baf300f4c6120000bdb6eaab',
  '0x006f54f7f9a22e0000cc2ab60031000000ae9fef', // V3 position manager
  '0x12121212006e4cd160d18e3f00711da5c3372600', // V3 router
  '0x1000008dd9001b968442c1000017eae6e0da00ba', // V3 modules: binary, neg risk, combos
  '0x200000900045e3b6259600682756002200028933',
  '0x30000034706c7d8e12009dab006be20000c031a8',
  '0xa1200000d0002264c9a1698e001292d00e1b00af', // V3 auto redeemer
];
