/** Conditions of the P&L subgraph: which tokens a market has, in outcome order, and what they paid. */
import { z } from 'zod';
import type { SourceClient } from '../../sources/subgraph/client.js';
import { HEX_KEYS } from '../../sources/subgraph/key-spaces.js';
import { type ListOptions, type ListRow, type ListSpec, readLists } from '../../sources/subgraph/lists.js';
import { byId, type Malformed, MalformedRows, malformed } from '../../sources/subgraph/malformed.js';

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

export interface ConditionsRead {
  /** Ascending by id. */
  readonly conditions: readonly Condition[];
  /** Set aside: nothing of them is in `conditions`. Ascending by id. */
  readonly malformed: readonly Malformed[];
}

/** Every condition; malformed ones are set aside. Throws FailureError. */
export async function readConditions(client: SourceClient, options: ListOptions): Promise<ConditionsRead> {
  const conditions: Condition[] = [];
  const odd = new MalformedRows('condition');
  const take = (rows: readonly ListRow[]) => {
    const { decoded, keep } = odd.sift(rows, toCondition);
    return () => {
      conditions.push(...decoded);
      keep();
    };
  };
  await readLists(client, [CONDITIONS], [take], options);
  return { conditions: conditions.sort(byId), malformed: odd.all(conditions.length) };
}

/** A whole number below 2^256, written without leading zeros: what a token id is. */
export function isUInt256(text: string): boolean {
  return WHOLE.test(text) && BigInt(text) < 1n << 256n;
}

function toCondition(row: ListRow): Condition | Malformed {
  const parsed = conditionSchema.safeParse(row);
  if (!parsed.success) return malformed(row, parsed.error);
  const { id, positionIds, payoutNumerators, payoutDenominator } = parsed.data;
  return {
    id: id.toLowerCase(),
    positionIds,
    payoutNumerators: payoutNumerators ?? [],
    payoutDenominator: payoutDenominator ?? '0',
  };
}
