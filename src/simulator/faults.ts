/**
 * Faults on demand. Whether one strikes is drawn from the seed, the rule and *what is asked* (the request's body and
 * how often it was asked before), never from the order or time of requests: a seed replays. Faults of rows are drawn
 * from the row, so that a malformed row stays malformed however often it is read.
 */
import type { Lane } from './execute.js';
import {
  CUT_TEXT,
  FAULTS,
  type Fault,
  type FaultContext,
  type FaultKind,
  type FaultRule,
  type Json,
} from './fault-table.js';
import { draw } from './hash.js';

/** Bodies asked before are remembered by hash; beyond this many the oldest are forgotten. */
const MAX_BODIES = 1_000_000;

/** What strikes one request. */
export interface Strike {
  readonly kind: FaultKind | undefined;
  readonly fault: Fault | undefined;
  readonly context: FaultContext | undefined;
  /** Row faults that are switched on: they strike rows. */
  readonly rows: readonly { readonly fault: Fault; readonly context: FaultContext; readonly salt: number }[];
}

export class Faults {
  #rules: readonly FaultRule[] = [];
  readonly #asked = new Map<string, number>();
  #outages: FaultRule[] = [];
  #requests = 0;

  constructor(
    readonly seed: number,
    rules: readonly FaultRule[],
  ) {
    this.set(rules);
  }

  set(rules: readonly FaultRule[]): void {
    for (const { kind } of rules) if (!(kind in FAULTS)) throw new Error(`unknown fault "${kind}"`);
    this.#rules = rules.filter(({ kind }) => kind !== 'down');
    this.#outages = rules.filter(({ kind }) => kind === 'down');
  }

  get active(): boolean {
    return this.#rules.length + this.#outages.length > 0;
  }

  /** The outage that begins with the next request, if one does: each begins once. */
  outage(): FaultRule | undefined {
    const rule = this.#outages.find(({ fromRequest = 0 }) => fromRequest <= this.#requests);
    if (rule) this.#outages.splice(this.#outages.indexOf(rule), 1);
    return rule;
  }

  /** Draws for a request: at most one fault of the request, any number of faults of rows. */
  strike(body: string, about: Omit<FaultContext, 'rule' | 'seed'>): Strike {
    const request = this.#requests++;
    const attempt = this.#asked.get(body) ?? 0;
    if (this.#asked.size >= MAX_BODIES) this.#asked.clear();
    this.#asked.set(body, attempt + 1);
    const rows: { fault: Fault; context: FaultContext; salt: number }[] = [];
    let struck: { kind: FaultKind; fault: Fault; context: FaultContext } | undefined;
    for (const [salt, rule] of this.#rules.entries()) {
      if (request < (rule.fromRequest ?? 0) || request >= (rule.untilRequest ?? Number.POSITIVE_INFINITY)) continue;
      if (rule.matching !== undefined && !body.includes(rule.matching)) continue;
      const fault: Fault = FAULTS[rule.kind];
      const context: FaultContext = { rule, seed: this.seed, ...about };
      if (fault.row) {
        rows.push({ fault, context, salt });
      } else if (!struck && attempt < (rule.maxPerBody ?? Number.POSITIVE_INFINITY)) {
        if (draw(this.seed + attempt, body, salt) < rule.rate) struck = { kind: rule.kind, fault, context };
      }
    }
    return { kind: struck?.kind, fault: struck?.fault, context: struck?.context, rows };
  }
}

/** The answer's bytes after the strike's edits; the same bytes where it edits nothing. */
export function edited(body: Buffer, lanes: readonly Lane[], strike: Strike, onRow: (kind: FaultKind) => void): Buffer {
  const { fault, context, rows } = strike;
  if (!fault?.edit && rows.length === 0) return body;
  const answer = JSON.parse(body.toString('utf8')) as Json;
  for (const { fault: ofRow, context: rowContext, salt } of rows) {
    for (const lane of lanes) {
      if (lane.field !== ofRow.row?.field) continue;
      for (const row of (answer.data as Record<string, Json[]>)[lane.key] as Json[]) {
        const name = String(row.id ?? `${row.transactionHash}_${row.orderHash}`);
        if (draw(rowContext.seed, name, salt) >= rowContext.rule.rate) continue;
        ofRow.row.edit(row, rowContext);
        onRow(rowContext.rule.kind);
      }
    }
  }
  if (fault?.edit && context) fault.edit(answer, lanes, context);
  const cut = answer[CUT_TEXT] === true;
  delete answer[CUT_TEXT];
  const text = JSON.stringify(answer);
  return Buffer.from(cut ? text.slice(0, Math.floor(text.length * 0.7)) : text);
}
