import type { Logger } from 'pino';
import { loadSql } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';
import { EXIT, ExitError } from '../core/exit.js';
import { FailureError, failed } from '../core/failure.js';
import { history, type Outcome, type Promotion, record } from './promotions.js';

/**
 * Where the tables of a promotion stand, told by their uuids alone: a uuid stays with its table through every rename.
 *
 *   prepared   live is the old table (or there is none), the new one waits under the incoming name
 *   exchanged  live is the new table, the old one stands under the incoming name
 *   settled    live is the new table, the old one is kept under its backup name (or gone, as wanted)
 *   foreign    none of these: somebody else has moved the tables
 *
 * prepared → exchanged → settled, one statement each, the first of them the only one that readers can notice. Without an old
 * table a single rename leads from prepared to settled. Whoever is killed anywhere leaves one of these places behind.
 */
export type Place = 'prepared' | 'exchanged' | 'settled' | 'foreign';

/** In order; tests kill the process after each. */
export type SwitchStep = 'recorded' | 'exchanged' | 'checked' | 'settled' | 'noted';

export interface SwitchOptions {
  readonly log: Logger;
  readonly afterStep?: (step: SwitchStep, promotion: Promotion) => void | Promise<void>;
  /** Whether the table that has just gone live still holds what was verified; when not, the exchange is taken back. */
  readonly stillVerified?: (promotion: Promotion) => Promise<boolean>;
}

export async function placeOf(target: Target, promotion: Promotion): Promise<Place> {
  const { live, incoming, outgoing, newUuid, oldUuid } = promotion;
  const uuids = await uuidsOf(target, [live, incoming, ...(outgoing === null ? [] : [outgoing])]);
  const liveUuid = uuids.get(live) ?? null;
  const incomingUuid = uuids.get(incoming) ?? null;
  if (liveUuid === newUuid) return oldUuid !== null && incomingUuid === oldUuid ? 'exchanged' : 'settled';
  if (liveUuid === oldUuid && incomingUuid === newUuid) return 'prepared';
  return 'foreign';
}

export async function uuidsOf(target: Target, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await target.query<{ name: string; table_uuid: string }>(loadSql('promote/places'), {
    params: { database: target.database, names },
    purpose: 'looking up tables by their uuids',
  });
  return new Map(rows.map((row) => [row.name, row.table_uuid]));
}

/**
 * Records promotions that belong together, then carries them out one by one. Throws FailureError when the target fails; what is
 * open then is finished by `finishOpen`. Returns how each ended.
 */
export async function carryOut(
  target: Target,
  promotions: readonly Promotion[],
  options: SwitchOptions,
): Promise<Outcome[]> {
  await record(target, promotions, null);
  const outcomes: Outcome[] = [];
  for (const promotion of promotions) {
    await options.afterStep?.('recorded', promotion);
    outcomes.push(await finish(target, promotion, options));
  }
  return outcomes;
}

/** `carryOut` for promotions that must all be done. Throws ExitError(3) when somebody else has moved the tables meanwhile. */
export async function carryOutAll(
  target: Target,
  promotions: readonly Promotion[],
  options: SwitchOptions,
): Promise<void> {
  const outcomes = await carryOut(target, promotions, options);
  const failing = promotions.find((_, i) => outcomes[i] !== 'done');
  if (failing === undefined) return;
  throw new ExitError(
    EXIT.gateFailed,
    `${failing.action}: ${failing.live} and ${failing.incoming} were changed by somebody else meanwhile`,
    'find out what else writes to this database, then run the command again',
  );
}

/** From wherever the promotion stands to its end. */
async function finish(target: Target, promotion: Promotion, options: SwitchOptions): Promise<Outcome> {
  let place = await placeOf(target, promotion);
  if (place === 'prepared') {
    place = await advance(target, promotion, 'prepared', exchangeStatement(promotion));
    await options.afterStep?.('exchanged', promotion);
  }
  if (place === 'foreign') {
    options.log.warn(
      { promotion: promotion.id },
      `promotion ${promotion.id}: ${promotion.live} and ${promotion.incoming} are not the tables it was about; it is given up`,
    );
    return note(target, promotion, 'lost', options);
  }
  if (options.stillVerified !== undefined && !(await options.stillVerified(promotion))) {
    return takeBack(target, promotion, place, options);
  }
  await options.afterStep?.('checked', promotion);
  if (place === 'exchanged') {
    await advance(target, promotion, 'exchanged', settleStatement(promotion));
    await options.afterStep?.('settled', promotion);
  }
  return note(target, promotion, 'done', options);
}

/** Nothing was live before, or the old table is no longer at hand: then there is nothing to go back to. */
async function takeBack(target: Target, promotion: Promotion, place: Place, options: SwitchOptions): Promise<Outcome> {
  const { live, incoming, oldUuid } = promotion;
  if (place === 'settled' && oldUuid !== null) return note(target, promotion, 'done', options);
  const statement: Statement =
    oldUuid === null ? { file: 'promote/rename', names: { from: live, to: incoming } } : exchangeStatement(promotion);
  await advance(target, promotion, place, statement);
  return note(target, promotion, 'undone', options);
}

async function note(target: Target, promotion: Promotion, outcome: Outcome, options: SwitchOptions): Promise<Outcome> {
  await record(target, [promotion], outcome);
  await options.afterStep?.('noted', promotion);
  return outcome;
}

interface Statement {
  /** `sql/<file>.sql` */
  readonly file: string;
  readonly names: Readonly<Record<string, string>>;
}

function exchangeStatement({ live, incoming, oldUuid }: Promotion): Statement {
  return oldUuid === null
    ? { file: 'promote/rename', names: { from: incoming, to: live } }
    : { file: 'promote/exchange', names: { live, incoming } };
}

function settleStatement({ incoming, outgoing }: Promotion): Statement {
  return outgoing === null
    ? { file: 'promote/drop', names: { table: incoming } }
    : { file: 'promote/rename', names: { from: incoming, to: outgoing } };
}

/** Runs a statement that leads away from `from`. A lost answer is no failure where the tables show that it took effect. */
async function advance(target: Target, promotion: Promotion, from: Place, statement: Statement): Promise<Place> {
  let failure: unknown;
  try {
    await target.longCommand(loadSql(statement.file), {
      names: statement.names,
      purpose: `promotion ${promotion.id}`,
      // Sent again only when it is known not to have run: where the tables stand tells.
      repeatable: true,
      verifyDone: async () => (await placeOf(target, promotion)) !== from,
    });
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    failure = error;
  }
  const place = await placeOf(target, promotion);
  if (place !== from) return place;
  throw failure ?? failed('terminal', 'target_refused', `promotion ${promotion.id}: the tables did not change places`);
}

/**
 * Finishes or gives up what a killed process has left open. A promotion of fills that had not exchanged yet is abandoned: its
 * verdict may be void by now. One of P&L is carried on: its two tables belong together, and its gates had passed.
 */
export async function finishOpen(target: Target, options: SwitchOptions): Promise<void> {
  for (const promotion of await history(target)) {
    if (promotion.outcome !== null) continue;
    const place = await placeOf(target, promotion);
    if (place === 'prepared' && promotion.action !== 'rebuild-pnl') {
      options.log.info(
        { promotion: promotion.id },
        `promotion ${promotion.id} was cut short before the exchange: abandoned`,
      );
      await note(target, promotion, 'abandoned', options);
      continue;
    }
    const outcome = await finish(target, promotion, options);
    options.log.info(
      { promotion: promotion.id, outcome },
      `promotion ${promotion.id} was cut short (${place}): ${outcome}`,
    );
  }
}
