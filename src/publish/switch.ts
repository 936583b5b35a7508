import type { Logger } from 'pino';
import { loadSql } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';
import { EXIT, ExitError } from '../core/exit.js';
import { FailureError, failed } from '../core/failure.js';
import { isIncoming, type Lease } from './lease.js';
import { history, type Outcome, type Promotion, record } from './promotions.js';

/**
 * Where the tables of a promotion stand, told by their uuids alone: a uuid stays with its table through every rename.
 *
 *   prepared   live is the old table (or there is none), the new one waits: under the name it was made with, or armed
 *   exchanged  live is the new table, the old one stands where the new one was
 *   settled    live is the new table, the old one is kept under its backup name (or gone, as wanted)
 *   foreign    none of these: somebody else has moved the tables
 *
 * prepared → exchanged → settled. Before the exchange, the only step that readers can notice, the new table is armed: renamed to
 * the name that only the holder of the lease may use (`lease.ts`). Without an old table a rename takes the place of the exchange
 * and leads to settled. Whoever is killed anywhere leaves one of these places behind.
 */
export type Place = 'prepared' | 'exchanged' | 'settled' | 'foreign';

/** In order; tests kill the process after each. */
export type SwitchStep = 'recorded' | 'armed' | 'exchanged' | 'checked' | 'settled' | 'noted';

export interface SwitchOptions {
  readonly lease: Lease;
  readonly log: Logger;
  readonly afterStep?: (step: SwitchStep, promotion: Promotion) => void | Promise<void>;
  /** Whether the table that has just gone live still holds what was verified; when not, the exchange is taken back. */
  readonly stillVerified?: (promotion: Promotion) => Promise<boolean>;
}

interface Standing {
  readonly place: Place;
  /** Names under which the two tables stand now; null: nowhere. */
  readonly newAt: string | null;
  readonly oldAt: string | null;
}

async function look(target: Target, { live, incoming, outgoing, newUuid, oldUuid }: Promotion): Promise<Standing> {
  const rows = await readPlaces(target, [live], oldUuid === null ? [newUuid] : [newUuid, oldUuid]);
  const liveUuid = rows.find(({ name }) => name === live)?.table_uuid ?? null;
  const nameOf = (uuid: string | null) => rows.find((row) => row.table_uuid === uuid)?.name ?? null;
  const newAt = nameOf(newUuid);
  const oldAt = oldUuid === null ? null : nameOf(oldUuid);
  const waits = (name: string | null): boolean => name !== null && (name === incoming || isIncoming(name));
  const place = (): Place => {
    if (liveUuid === newUuid) return oldAt !== outgoing && waits(oldAt) ? 'exchanged' : 'settled';
    return liveUuid === oldUuid && waits(newAt) ? 'prepared' : 'foreign';
  };
  return { place: place(), newAt, oldAt };
}

interface PlaceRow {
  readonly name: string;
  readonly table_uuid: string;
}

function readPlaces(target: Target, names: readonly string[], uuids: readonly string[]): Promise<PlaceRow[]> {
  return target.query<PlaceRow>(loadSql('promote/places'), {
    params: { database: target.database, names, uuids },
    purpose: 'looking up tables by their uuids',
  });
}

/** Of the tables that stand under these names. */
export async function uuidsOf(target: Target, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await readPlaces(target, names, []);
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
  let { place } = await look(target, promotion);
  if (place === 'prepared') {
    place = await exchange(target, promotion, promotion.newUuid, options);
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
    await settle(target, promotion);
    await options.afterStep?.('settled', promotion);
  }
  return note(target, promotion, 'done', options);
}

/** Puts the table of this uuid in the place of live: arm, check, exchange. The proof is in `lease.ts`. */
async function exchange(target: Target, promotion: Promotion, uuid: string, options: SwitchOptions): Promise<Place> {
  const { lease } = options;
  const { live } = promotion;
  const before = await look(target, promotion);
  const armed = lease.incomingName(uuid);
  const standsAt = uuid === promotion.newUuid ? before.newAt : before.oldAt;
  if (standsAt !== null && standsAt !== armed) {
    await advance(target, promotion, { file: 'promote/rename', names: { from: standsAt, to: armed } }, (now) =>
      [now.newAt, now.oldAt].includes(armed),
    );
  }
  await lease.check();
  await options.afterStep?.('armed', promotion);
  const statement: Statement =
    promotion.oldUuid === null
      ? { file: 'promote/rename', names: { from: armed, to: live } }
      : { file: 'promote/exchange', names: { live, incoming: armed } };
  const after = await advance(target, promotion, statement, (now) => now.place !== before.place);
  return after.place;
}

/** Nothing was live before, or the old table is no longer at hand: then there is nothing to go back to. */
async function takeBack(target: Target, promotion: Promotion, place: Place, options: SwitchOptions): Promise<Outcome> {
  const { live, incoming, oldUuid } = promotion;
  if (place === 'settled' && oldUuid !== null) return note(target, promotion, 'done', options);
  if (oldUuid === null) {
    await options.lease.check();
    const away: Statement = { file: 'promote/rename', names: { from: live, to: incoming } };
    await advance(target, promotion, away, (now) => now.place !== place);
  } else {
    await exchange(target, promotion, oldUuid, options);
    await putBack(target, promotion, options);
  }
  return note(target, promotion, 'undone', options);
}

/** The new table of a promotion that did not come about gets the name back under which it was made. */
async function putBack(target: Target, promotion: Promotion, options: SwitchOptions): Promise<void> {
  const { newAt } = await look(target, promotion);
  const { incoming } = promotion;
  if (newAt === null || !isIncoming(newAt)) return;
  if ((await uuidsOf(target, [incoming])).has(incoming)) {
    options.log.warn(`${incoming} was made anew meanwhile; the table of promotion ${promotion.id} stays as ${newAt}`);
    return;
  }
  await advance(
    target,
    promotion,
    { file: 'promote/rename', names: { from: newAt, to: incoming } },
    (now) => now.newAt === incoming,
  );
}

/** Puts the old table under its backup's name, or drops it. */
async function settle(target: Target, promotion: Promotion): Promise<void> {
  const { oldAt } = await look(target, promotion);
  if (oldAt === null) return;
  const { outgoing } = promotion;
  const statement: Statement =
    outgoing === null
      ? { file: 'promote/drop', names: { table: oldAt } }
      : { file: 'promote/rename', names: { from: oldAt, to: outgoing } };
  await advance(target, promotion, statement, (now) => now.place !== 'exchanged');
}

async function note(target: Target, promotion: Promotion, outcome: Outcome, options: SwitchOptions): Promise<Outcome> {
  // Who was taken over has nothing to say any more: the new owner has finished this promotion and noted its end.
  await options.lease.check();
  await record(target, [promotion], outcome);
  await options.afterStep?.('noted', promotion);
  return outcome;
}

interface Statement {
  /** `sql/<file>.sql` */
  readonly file: string;
  readonly names: Readonly<Record<string, string>>;
}

/** Runs a statement that moves a table. A lost answer is no failure where the tables show that it took effect. */
async function advance(
  target: Target,
  promotion: Promotion,
  statement: Statement,
  tookEffect: (now: Standing) => boolean,
): Promise<Standing> {
  let failure: unknown;
  try {
    await target.longCommand(loadSql(statement.file), {
      names: statement.names,
      purpose: `promotion ${promotion.id}`,
      // Sent again only when it is known not to have run: where the tables stand tells.
      repeatable: true,
      verifyDone: async () => tookEffect(await look(target, promotion)),
    });
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    failure = error;
  }
  const now = await look(target, promotion);
  if (tookEffect(now)) return now;
  throw failure ?? failed('terminal', 'target_refused', `promotion ${promotion.id}: the tables did not change places`);
}

/**
 * Finishes or gives up what a killed process has left open. A promotion of fills that had not exchanged yet is abandoned: its
 * verdict may be void by now. One of P&L is carried on: its tables belong together, and its gates had passed.
 */
export async function finishOpen(target: Target, options: SwitchOptions): Promise<void> {
  for (const promotion of await history(target)) {
    if (promotion.outcome !== null) continue;
    const { place } = await look(target, promotion);
    if (place === 'prepared' && promotion.action !== 'rebuild-pnl') {
      options.log.info(
        { promotion: promotion.id },
        `promotion ${promotion.id} was cut short before the exchange: abandoned`,
      );
      await putBack(target, promotion, options);
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
