/** What can go wrong at the source, one small entry a fault; `faults.ts` draws which one strikes. */
import { behindMessage, type Conditions, type Lane, prunedMessage, STATEMENT_TIMEOUT } from './execute.js';
import { errorsReply, type Reply, textReply, throttledReply } from './reply.js';

export interface FaultRule {
  readonly kind: FaultKind;
  /** The share of requests (or of rows, for faults of rows) that it strikes, 0 to 1. */
  readonly rate: number;
  /** Only requests from this one on, and before that one (counted from 0 over all requests of the server). */
  readonly fromRequest?: number;
  readonly untilRequest?: number;
  /** Strikes a body at most this many times: a retry then succeeds. */
  readonly maxPerBody?: number;
  /** Only requests whose body contains this text. */
  readonly matching?: string;
  /** Seconds in `Retry-After`; null: no header. */
  readonly retryAfterSeconds?: number | null;
  /** What the body of a 429 or 5xx looks like. */
  readonly body?: 'text' | 'html' | 'empty';
  /** How many blocks a stale head lies behind, or from where on a pruned history begins. */
  readonly blocks?: number;
  /** `down`: how long, and what a client then meets. */
  readonly forMs?: number;
  readonly how?: Outage;
  /** How many more fills a counter says than are served. */
  readonly excess?: number;
}

/** Connections refused, 503 without a body, or a reset for every request. */
export type Outage = 'refuse' | '503' | 'reset';

export interface FaultContext {
  readonly rule: FaultRule;
  readonly seed: number;
  readonly head: number;
  readonly deployment: string;
  /** The block that the request pins, where it does. */
  readonly pin: number | undefined;
}

export type Json = Record<string, unknown>;

/** Each fault acts at one or more of these points; undefined leaves the answer as it is. */
export interface Fault {
  /** Answers in place of the source. */
  readonly instead?: (context: FaultContext) => Reply | undefined;
  /** Changes what the source sees. */
  readonly conditions?: (context: FaultContext) => Partial<Conditions>;
  /** Changes the answer `{data}`. */
  readonly edit?: (answer: Json, lanes: readonly Lane[], context: FaultContext) => void;
  /** Changes one row; struck by row, not by request. */
  readonly row?: { readonly field: string; readonly edit: (row: Json, context: FaultContext) => void };
  /** Changes how the encoded answer leaves. */
  readonly sending?: (reply: Reply) => void;
}

const message = (text: string): Fault => ({ instead: () => errorsReply(text) });
const status = (code: number): Fault => ({ instead: ({ rule }) => textReply(code, rule.body ?? 'html') });
const leaves = (sending: Reply['sending']): Fault => ({
  sending: (reply) => {
    reply.sending = sending;
  },
});
const fillRow = (edit: (row: Json, context: FaultContext) => void): Fault => ({
  row: { field: 'orderFilledEvents', edit },
});

/** The rows of each page of fills. */
const pages = (edit: (rows: Json[], lane: Lane) => void): Fault => ({
  edit: (answer, lanes) => {
    const data = answer.data as Record<string, Json[]>;
    for (const lane of lanes) if (lane.field === 'orderFilledEvents') edit(data[lane.key] as Json[], lane);
  },
});

/** Appends a row; on a full page it takes the last one's place. */
function replaceLast(rows: Json[], first: number, row: Json): void {
  if (rows.length >= first) rows.pop();
  rows.push(row);
}

const firstLane = (lanes: readonly Lane[]): string | undefined => lanes[0]?.key;

export const FAULTS = {
  'statement-timeout': message(STATEMENT_TIMEOUT.padEnd(5_000, ', $7')),
  'query-timeout': message('Query timed out'),
  overloaded: message('service is overloaded and can not run the query right now. Please try again in a few minutes'),
  'database-down': message('Store error: database unavailable'),
  reorganized: message('the chain was reorganized while executing the query'),
  'indexing-error': message('indexing_error'),
  throttled: {
    instead: ({ rule }) =>
      throttledReply(rule.retryAfterSeconds === undefined ? 10 : rule.retryAfterSeconds, rule.body),
  },
  'http-500': status(500),
  'http-502': status(502),
  'http-503': status(503),
  'http-504': status(504),
  'reset-before': leaves('reset-before'),
  'reset-during': leaves('reset-during'),
  'reset-after': leaves('reset-after'),
  dribble: leaves('dribble'),
  silent: leaves('silent'),
  /** Ends early, as if it were whole: cut gzip where gzip was asked for, cut JSON otherwise. */
  truncated: {
    sending: (reply) => {
      reply.body = reply.body.subarray(0, Math.floor(reply.body.length * 0.7));
    },
  },
  /** The same, before it is encoded: whole gzip around half a text. */
  'truncated-json': {
    edit: (answer) => {
      answer[CUT_TEXT] = true;
    },
  },
  'missing-key': {
    edit: (answer, lanes) => {
      const key = firstLane(lanes);
      if (key !== undefined) delete (answer.data as Json)[key];
    },
  },
  'data-null': {
    edit: (answer) => {
      answer.data = null;
    },
  },
  'partial-data': {
    edit: (answer, lanes) => {
      const key = firstLane(lanes);
      if (key !== undefined) delete (answer.data as Json)[key];
      answer.errors = [{ message: 'Store error: database unavailable' }];
    },
  },
  'row-outside': pages((rows, { page }) => {
    const last = rows.at(-1);
    if (!last) return;
    const id = `0x${'0'.repeat(64)}_0x${'0'.repeat(64)}`;
    // Of no token that is asked for, and of no time: a question for all tokens of a time has both sides of any token in it.
    replaceLast(rows, page.first, { ...last, id, timestamp: '1', makerAssetId: '1', takerAssetId: '2' });
  }),
  'out-of-order': pages((rows) => {
    rows.reverse();
  }),
  'doubled-row': pages((rows, { page }) => {
    const last = rows.at(-1);
    if (last) replaceLast(rows, page.first, { ...(rows.length < page.first ? last : (rows.at(-2) ?? last)) });
  }),
  'extra-row': { conditions: () => ({ extraRows: 1 }) },
  'bad-hash': fillRow((row) => {
    row.id = `${String(row.id).slice(0, 40)}zz${String(row.id).slice(42)}`;
  }),
  'upper-hex': fillRow((row) => {
    for (const key of ['id', 'maker', 'taker', 'transactionHash', 'orderHash']) {
      if (typeof row[key] === 'string') row[key] = row[key].toUpperCase().replaceAll('0X', '0x');
    }
  }),
  'negative-amount': fillRow((row) => {
    row.makerAmountFilled = `-${row.makerAmountFilled}`;
  }),
  'overflow-amount': fillRow((row) => {
    row.takerAmountFilled = '1000000000000000000';
  }),
  'both-assets-zero': fillRow((row) => {
    row.makerAssetId = '0';
    row.takerAssetId = '0';
  }),
  'neither-asset-zero': fillRow((row) => {
    if (row.makerAssetId === '0') row.makerAssetId = '12345';
    else row.takerAssetId = '12345';
  }),
  'stale-head': { conditions: ({ rule, head }) => ({ head: head - (rule.blocks ?? 50) }) },
  behind: {
    instead: ({ rule, head, deployment, pin }) =>
      pin === undefined ? undefined : errorsReply(behindMessage(deployment, head - (rule.blocks ?? 50), pin)),
  },
  'pin-refused': {
    instead: ({ rule, head, deployment, pin }) =>
      pin === undefined
        ? undefined
        : errorsReply(prunedMessage(deployment, Math.max(pin, rule.blocks ?? head) + 1, pin)),
  },
  /** The whole server, once, from the rule's `fromRequest` on: the server sees to it. */
  down: {},
  'counters-exceed': {
    row: {
      field: 'orderbooks',
      edit: (row, { rule }) => {
        const excess = rule.excess ?? 1;
        for (const key of ['buysQuantity', 'tradesQuantity']) {
          if (row[key] !== undefined) row[key] = String(Number(row[key]) + excess);
        }
      },
    },
  },
  'bad-count': {
    row: {
      field: 'orderbooks',
      edit: (row) => {
        if (row.buysQuantity !== undefined) row.buysQuantity = 'many';
      },
    },
  },
} as const satisfies Record<string, Fault>;

export type FaultKind = keyof typeof FAULTS;

/** Marks an answer whose text is to be cut. */
export const CUT_TEXT = '__cut';
