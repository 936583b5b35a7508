/** What goes wrong on demand. A fault is drawn from what is asked and how often it was asked, never from the order of requests. */
import { draw } from '../../hash.js';
import type { Answer, Asked, HostName } from './host.js';

export const VENUE_FAULTS = [
  /** 500, 502 or 503, by the draw. */
  '5xx',
  /** 429 that no limit explains, without Retry-After. */
  'throttled',
  /** The connection is reset before the answer. */
  'reset',
  /** The body ends in the middle, the connection with it. */
  'cut-body',
  /** 200 with a whole but shorter JSON text that does not parse. */
  'cut-json',
  /** 200 with a page of HTML. */
  'html',
  /** No answer until the client gives up. */
  'hang',
  /** The answer takes `ms`. */
  'slow',
  /** 503 to everything of the host for `ms`, once. */
  'down',
  /** Connections of the host are reset for `ms`, once. */
  'gone',
  /** Opinion's HTTP 200 with errno ≠ 0. */
  'errno',
  /** An empty list with 200 and the marker of the end. */
  'empty-list',
  /** The cursor of the answer is the one that was sent. */
  'cursor-loop',
  /** The first page again, whatever page or cursor was asked for. */
  'first-page',
  /** The total is off by `by`. */
  'wrong-total',
  /** Rows are left out of listings: each row by its own draw. */
  'missing-row',
  /** Each row of a listing may come twice. */
  'doubled-row',
  /** Half a page, though it is not the last. */
  'short-page',
  /** Whole numbers are written as `5.0`. */
  'decimal-point',
  /** Listing bodies are broken in one field: a text where a number belongs. */
  'wrong-type',
  /** A market is inserted before the page is cut (Limitless). */
  'insert',
] as const;
export type FaultKind = (typeof VENUE_FAULTS)[number];

export interface FaultRule {
  readonly kind: FaultKind;
  readonly host?: HostName;
  /** Part of the path and query that must occur. */
  readonly matching?: string;
  /** 0 to 1; a row's share for the kinds that strike rows. Default 1. */
  readonly rate?: number;
  readonly ms?: number;
  readonly by?: number;
  /** How often the same request may be struck; default: without end. */
  readonly times?: number;
  /** The host's requests of this number (from 0) up to, and not including, the other. */
  readonly fromRequest?: number;
  readonly untilRequest?: number;
}

export interface Strike {
  readonly rule: FaultRule;
  readonly share: number;
}

const MAX_REMEMBERED = 200_000;

export class Faults {
  #rules: readonly FaultRule[];
  readonly #attempts = new Map<string, number>();
  readonly #requests = new Map<HostName, number>();
  readonly #begun = new Set<FaultRule>();

  constructor(
    readonly seed: number,
    rules: readonly FaultRule[],
  ) {
    this.#rules = rules;
  }

  set(rules: readonly FaultRule[]): void {
    this.#rules = rules;
    this.#begun.clear();
    this.#requests.clear();
    this.#attempts.clear();
  }

  /** Every rule that strikes this request. */
  strikes(host: HostName, asked: Asked): Strike[] {
    if (this.#rules.length === 0) return [];
    const request = this.#requests.get(host) ?? 0;
    this.#requests.set(host, request + 1);
    const text = `${host} ${asked.method} ${asked.path}${asked.search} ${asked.body}`;
    const attempt = this.#attempts.get(text) ?? 0;
    if (this.#attempts.size > MAX_REMEMBERED) this.#attempts.clear();
    this.#attempts.set(text, attempt + 1);
    return this.#rules.flatMap((rule, salt) => {
      if (rule.host !== undefined && rule.host !== host) return [];
      if (rule.matching !== undefined && !`${asked.path}${asked.search}`.includes(rule.matching)) return [];
      if (request < (rule.fromRequest ?? 0) || request >= (rule.untilRequest ?? Number.POSITIVE_INFINITY)) return [];
      if (attempt >= (rule.times ?? Number.POSITIVE_INFINITY)) return [];
      if (rule.kind === 'down' || rule.kind === 'gone') {
        if (this.#begun.has(rule)) return [];
        this.#begun.add(rule);
        return [{ rule, share: 0 }];
      }
      const share = draw(this.seed + attempt, text, salt);
      return ROWS.has(rule.kind) || share < (rule.rate ?? 1) ? [{ rule, share }] : [];
    });
  }
}

const ROWS: ReadonlySet<FaultKind> = new Set(['missing-row', 'doubled-row', 'wrong-type']);

type Json = Record<string, unknown>;

/** The list of records in a listing's answer, wherever the venue puts it. */
function recordsOf(body: unknown): Json[] | undefined {
  if (Array.isArray(body)) return body as Json[];
  const { markets, events, data, trades, series, result } = body as Json;
  const list = markets ?? events ?? data ?? trades ?? series ?? (result as Json | null | undefined)?.list;
  return Array.isArray(list) ? (list as Json[]) : undefined;
}

function nameOf(record: Json): string {
  return String(
    record.id ?? record.ticker ?? record.marketId ?? record.trade_id ?? record.slug ?? record.transaction_hash,
  );
}

/** The query with which the first page would be asked for. */
export function firstPage(asked: Asked): Asked {
  const query = new URLSearchParams(asked.query);
  for (const name of ['after_cursor', 'cursor', 'page', 'offset']) query.delete(name);
  return { ...asked, query, search: `?${query}` };
}

/** An answer in place of the true one. */
export function instead({ rule, share }: Strike): Answer | undefined {
  switch (rule.kind) {
    case '5xx': {
      const status = [500, 502, 503][Math.floor(share * 3_000) % 3] as number;
      return { status, headers: { 'content-type': 'text/html' }, body: `<html><body>${status}</body></html>` };
    }
    case 'throttled':
      return { status: 429, body: '{"error":"too many requests"}' };
    case 'html':
      return {
        status: 200,
        headers: { 'content-type': 'text/html; charset=UTF-8' },
        body: '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>',
      };
    case 'errno':
      return { status: 200, body: '{"errmsg":"system error","errno":10001,"result":null}' };
    default:
      return undefined;
  }
}

/** The true answer, spoiled. Only answers with 200 are touched. */
export function spoiled(answer: Answer, { rule }: Strike, asked: Asked, seed: number): Answer {
  if (answer.status !== 200) return answer;
  if (rule.kind === 'decimal-point') {
    return { ...answer, body: answer.body.replace(/([:,[])(-?\d+)(?=[,}\]])/g, '$1$2.0') };
  }
  if (rule.kind === 'cut-json') return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length * 0.6)) };
  const edit = EDITS[rule.kind];
  if (!edit) return answer;
  const body = JSON.parse(answer.body) as unknown;
  const records = recordsOf(body);
  if (records) edit({ body: body as Json, records, rule, asked, seed });
  return { ...answer, body: JSON.stringify(body) };
}

interface Edit {
  readonly body: Json;
  readonly records: Json[];
  readonly rule: FaultRule;
  readonly asked: Asked;
  readonly seed: number;
}

const EDITS: { readonly [kind in FaultKind]?: (edit: Edit) => void } = {
  'empty-list': ({ body, records }) => {
    records.length = 0;
    if ('cursor' in body) body.cursor = '';
    if ('next_cursor' in body) body.next_cursor = null;
  },
  'cursor-loop': ({ body, asked }) => {
    const sent = asked.query.get('after_cursor') ?? asked.query.get('cursor');
    if (!sent) return;
    if ('cursor' in body) body.cursor = sent;
    else if (typeof body.pagination === 'object') (body.pagination as Json).next_cursor = sent;
    else body.next_cursor = sent;
  },
  'wrong-total': ({ body, rule }) => {
    const { by = 1 } = rule;
    const result = body.result as Json | undefined;
    if (typeof body.totalMarketsCount === 'number') body.totalMarketsCount += by;
    if (typeof result?.total === 'number') result.total += by;
  },
  'missing-row': ({ records, rule, seed }) => {
    const kept = records.filter((record) => draw(seed, nameOf(record), 1) >= (rule.rate ?? 1));
    records.splice(0, records.length, ...kept);
  },
  'doubled-row': ({ records, rule, seed }) => {
    const doubled = records.flatMap((record) =>
      draw(seed, nameOf(record), 2) < (rule.rate ?? 1) ? [record, record] : [record],
    );
    records.splice(0, records.length, ...doubled);
  },
  'short-page': ({ records }) => {
    records.splice(Math.ceil(records.length / 2));
  },
  'wrong-type': ({ records, rule, seed }) => {
    for (const record of records) {
      if (draw(seed, nameOf(record), 3) >= (rule.rate ?? 1)) continue;
      for (const field of ['volume', 'volume_fp', 'volumeNum']) if (field in record) record[field] = 'a lot';
    }
  },
};
