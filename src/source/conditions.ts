/** Conditions of the P&L subgraph: which tokens a market has, in outcome order, and what they paid. */
import { z } from 'zod';
import { failed } from '../failure.js';
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

const integer = z.string().regex(/^\d{1,78}$/);
const conditionSchema = z.object({
  id: z.string(),
  positionIds: z.array(integer),
  payoutNumerators: z.array(integer).nullish(),
  payoutDenominator: integer.nullish(),
});

/** Every condition, ascending by id. Throws FailureError. */
export async function readConditions(client: SourceClient, options: ListOptions): Promise<Condition[]> {
  const conditions: Condition[] = [];
  const take = (rows: readonly ListRow[]) => {
    const page = rows.map(toCondition);
    return () => conditions.push(...page);
  };
  await readLists(client, [CONDITIONS], [take], options);
  return conditions.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function toCondition(row: ListRow): Condition {
  const parsed = conditionSchema.safeParse(row);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw failed('transient', 'bad_page', `condition ${row.id}, ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { id, positionIds, payoutNumerators, payoutDenominator } = parsed.data;
  return {
    id: id.toLowerCase(),
    positionIds,
    payoutNumerators: payoutNumerators ?? [],
    payoutDenominator: payoutDenominator ?? '0',
  };
}
