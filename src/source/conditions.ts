/** Conditions of the P&L subgraph: which tokens a market has, in outcome order, and what they paid. */
import { z } from 'zod';
import { cutMessage, failed } from '../failure.js';
import type { SourceClient } from './client.js';
import { HEX_KEYS } from './key-spaces.js';
import { type ListOptions, type ListRow, type ListSpec, readLists } from './lists.js';

export interface Condition {
  /** `0x` and 64 hex digits, lower case. */
  readonly id: string;
  /** Token ids in outcome order. */
  readonly positionIds: readonly string[];
  /** Per outcome; empty while unresolved. */
  readonly payoutNumerators: readonly string[];
  /** "0" while unresolved. */
  readonly payoutDenominator: string;
}

const CONDITIONS: ListSpec = {
  entity: 'conditions',
  fields: 'positionIds payoutNumerators payoutDenominator',
  keys: HEX_KEYS,
};

const WHOLE = /^(0|[1-9]\d{0,77})$/;
const integer = z.string().regex(WHOLE, 'no whole number').refine(isUInt256, 'beyond 2^256');
const conditionSchema = z.object({
  id: z.string().regex(/^0x[0-9a-fA-F]{64}$/, 'not 0x and 64 hex digits'),
  positionIds: z.array(integer).max(256),
  payoutNumerators: z.array(integer).nullish(),
  payoutDenominator: integer.nullish(),
});

/** A condition that was malformed however often it was asked for. Its texts are cut and printable. */
export interface MalformedCondition {
  readonly id: string;
  /** `positionIds.0` */
  readonly field: string;
  readonly reason: string;
}

export interface ConditionsRead {
  /** Ascending by id. */
  readonly conditions: readonly Condition[];
  /** Set aside: nothing of them is in `conditions`. Ascending by id. */
  readonly malformed: readonly MalformedCondition[];
}

/** A passing fault can look like a malformed row: it is believed when the same id is malformed so often in a row. */
const ASKED_TIMES = 3;
/** More than these and more than one in a hundred, or all, are no stray rows: the source answers wrongly as a whole. */
const MAX_MALFORMED = 100;

/** Every condition; malformed ones are set aside. Throws FailureError. */
export async function readConditions(client: SourceClient, options: ListOptions): Promise<ConditionsRead> {
  const conditions: Condition[] = [];
  const malformed: MalformedCondition[] = [];
  const timesMalformed = new Map<string, number>();
  const take = (rows: readonly ListRow[]) => {
    const page: Condition[] = [];
    const aside: MalformedCondition[] = [];
    let askAgain: MalformedCondition | undefined;
    for (const row of rows) {
      const decoded = toCondition(row);
      if ('reason' in decoded) {
        const times = (timesMalformed.get(row.id) ?? 0) + 1;
        timesMalformed.set(row.id, times);
        if (times < ASKED_TIMES) askAgain ??= decoded;
        else aside.push(decoded);
      } else {
        timesMalformed.delete(row.id);
        page.push(decoded);
      }
    }
    if (askAgain !== undefined) throw failed('transient', 'bad_page', describeMalformed(askAgain));
    return () => {
      conditions.push(...page);
      malformed.push(...aside);
    };
  };
  await readLists(client, [CONDITIONS], [take], options);
  const first = malformed[0];
  const most = conditions.length === 0 ? 0 : Math.max(MAX_MALFORMED, conditions.length / 100);
  if (first !== undefined && malformed.length > most) {
    const share = `${malformed.length} of ${malformed.length + conditions.length} conditions cannot be decoded`;
    throw failed('transient', 'bad_page', `${share}, as ${describeMalformed(first)}`);
  }
  return { conditions: conditions.sort(byId), malformed: malformed.sort(byId) };
}

/** A whole number below 2^256, written without leading zeros: what a token id is. */
export function isUInt256(text: string): boolean {
  return WHOLE.test(text) && BigInt(text) < 1n << 256n;
}

export function describeMalformed({ id, field, reason }: MalformedCondition): string {
  return `condition ${id}, ${field}: ${reason}`;
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function toCondition(row: ListRow): Condition | MalformedCondition {
  const parsed = conditionSchema.safeParse(row);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { id: printable(row.id), field: issue?.path.join('.') ?? '', reason: printable(issue?.message ?? '') };
  }
  const { id, positionIds, payoutNumerators, payoutDenominator } = parsed.data;
  return {
    id: id.toLowerCase(),
    positionIds,
    payoutNumerators: payoutNumerators ?? [],
    payoutDenominator: payoutDenominator ?? '0',
  };
}

const MAX_TEXT_CHARS = 100;

function printable(text: string): string {
  return cutMessage(text.replace(/\p{C}/gu, '?'), MAX_TEXT_CHARS);
}
