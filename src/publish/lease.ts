import type { Logger } from 'pino';
import { dropScratch } from '../clickhouse/heavy.js';
import { loadSql, quoteString } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';
import { EXIT, ExitError, usageError } from '../core/exit.js';
import { FailureError } from '../core/failure.js';
import { pause } from '../core/pause.js';
import { isKnownDead, type LeaseHolder, parseHolder, printHolder, thisHolder } from './lease-holder.js';

/**
 * One owner of a target at a time, whatever machine, folder or user it comes from: promote, rollback, refresh, fresh,
 * rebuild-pnl and migrate hold the lease while they change which tables readers see.
 *
 * ClickHouse has no compare-and-set on rows. What it does one at a time is names: of many CREATE TABLE of one name exactly one
 * succeeds, and a RENAME or EXCHANGE of a name that is gone fails. Two mechanisms are built of that.
 *
 * **The lease** number n is the table `backfill_lease_<n>`. Who made the table of the highest number is the owner, and n its
 * fence. The owner renews by inserting a row every few seconds and ends with a row `released`. Number n + 1 may be made once n
 * was released, or was not renewed for the time to live: by the server's clock, by the watcher's own (a server's clock may go
 * back), or because its process is known to be dead. The highest table is never dropped, so numbers never come again: a slow
 * contender that makes a low number anew, after its table was swept, finds a higher one when it looks again, and is not the owner.
 *
 * **The fence.** A lease may be taken over while its owner only sleeps: renewal alone excludes nobody. So the owner makes every
 * exchange in three statements:
 *
 *   arm       RENAME the new table to `backfill_incoming_<n>_<uuid>`
 *   check     is n still the highest number?
 *   exchange  EXCHANGE `backfill_incoming_<n>_<uuid>` AND live
 *
 * and whoever takes lease m begins by renaming every `backfill_incoming_<other>_…` to its own number. Proof that an owner who
 * was taken over changes nothing afterwards: if its check succeeded, lease m did not exist yet, so m's renaming comes after the
 * arming and takes the name away. Then its exchange has either happened before that renaming, and the new owner reads the tables
 * after it; or it comes later and fails, because the table it names is gone. It cannot come between.
 *
 * What is not fenced is harmless when late: making the staging table anew (its owner is in its comment, promote compares
 * uuids and checksums) and dropping a backup whose name is never used again.
 */
export interface Lease {
  /** Higher than that of every owner before. */
  readonly fence: number;
  /** Throws ExitError(3) when somebody else has taken the lease over. */
  check(): Promise<void>;
  /** The name that a table must have for its exchange. */
  incomingName(uuid: string): string;
  release(): Promise<void>;
}

/** `backfill_incoming_…` of whatever number. */
export const isIncoming = (name: string): boolean => name.startsWith(INCOMING);

export interface LeaseOptions {
  /** The command, for whoever has to wait. */
  readonly what: string;
  readonly log: Logger;
  /** Ends the waiting for another owner. */
  readonly signal?: AbortSignal | undefined;
  /** How long an owner that is alive is waited for before it is refused. */
  readonly waitMs?: number;
  readonly timeToLiveMs?: number;
  readonly beatMs?: number;
}

/** Six renewals may fail before the lease is up. */
const TIME_TO_LIVE_MS = 30_000;
const BEAT_MS = 5_000;
const BEAT_TIMEOUT_MS = 10_000;
const POLLS_PER_BEAT = 5;
const MAX_FAILURES = 10;

const LEASE = 'backfill_lease_';
const INCOMING = 'backfill_incoming_';
const numbered = (fence: number): string => String(fence).padStart(10, '0');

/**
 * Takes the lease of the target's database, which must exist. Waits for a dead owner's lease to expire. Throws ExitError(1) when
 * another owner is alive, FailureError when the target fails.
 */
export async function takeLease(target: Target, options: LeaseOptions): Promise<Lease> {
  const holder = thisHolder(options.what);
  const fence = await win(target, holder, options);
  const lease = new HeldLease(target, fence, options);
  try {
    await lease.begin();
  } catch (error) {
    await lease.release();
    throw error;
  }
  return lease;
}

/** `given`, or a lease for the time of `work` alone. */
export async function withLease<T>(
  target: Target,
  given: Lease | undefined,
  options: LeaseOptions,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  if (given !== undefined) return work(given);
  const lease = await takeLease(target, options);
  try {
    return await work(lease);
  } finally {
    await lease.release();
  }
}

/** The highest lease. */
interface Head {
  readonly table: string;
  readonly fence: number;
  readonly comment: string;
  readonly beats: number;
  readonly ageMs: number;
  readonly released: boolean;
}

/** Makes the next number's table, once that is allowed. Returns the number. */
async function win(target: Target, holder: LeaseHolder, options: LeaseOptions): Promise<number> {
  const { waitMs = 0, timeToLiveMs = TIME_TO_LIVE_MS, beatMs = BEAT_MS, signal } = options;
  const mine = printHolder(holder);
  const beganMs = performance.now();
  let seen: { readonly state: string; readonly sinceMs: number } | null = null;
  let failures = 0;
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    const head = await readHead(target);
    // Also when the answer to our statement was lost.
    if (head?.comment === mine) return head.fence;
    const state = `${head?.table} ${head?.beats}`;
    const renewed = seen !== null && seen.state !== state;
    if (seen === null || renewed) seen = { state, sinceMs: performance.now() };
    const silentMs = Math.max(performance.now() - seen.sinceMs, head?.ageMs ?? 0);
    if (head === null || head.released || silentMs > timeToLiveMs || isDead(head)) {
      try {
        await create(target, (head?.fence ?? 0) + 1, mine);
      } catch (error) {
        if (!(error instanceof FailureError)) throw error;
        // Somebody was faster, or nothing is known of the statement: look again.
        if (!alreadyExists(error) && (error.failure.kind === 'terminal' || ++failures > MAX_FAILURES)) throw error;
      }
      continue;
    }
    if (renewed && performance.now() - beganMs >= waitMs) throw inUse(target, head, timeToLiveMs);
    if (!told) {
      told = true;
      options.log.info(
        `waiting for \`backfill ${parseHolder(head.comment)?.what ?? '?'}\`, or for its lease to expire`,
      );
    }
    await pause(Math.max(1, beatMs / POLLS_PER_BEAT), signal ?? NEVER);
  }
}

const NEVER = new AbortController().signal;

function isDead({ comment }: Head): boolean {
  const holder = parseHolder(comment);
  return holder !== null && isKnownDead(holder);
}

function inUse(target: Target, head: Head, timeToLiveMs: number): ExitError {
  const holder = parseHolder(head.comment);
  const by = holder === null ? 'somebody' : `\`backfill ${holder.what}\` of ${holder.who}, process ${holder.pid}`;
  return usageError(
    `the tables of the database ${target.database} are being changed by ${by}${holder === null ? '' : `, since ${holder.since}`}`,
    `wait until it has ended; should it die, its lease expires ${Math.ceil(timeToLiveMs / 1000)} s later`,
  );
}

async function create(target: Target, fence: number, comment: string): Promise<void> {
  const lease = LEASE + numbered(fence);
  await target.command(`${loadSql('lease/create')}\nCOMMENT ${quoteString(comment)}`, {
    names: { lease },
    purpose: `taking the lease ${lease}`,
    repeatable: false,
  });
}

/** TABLE_ALREADY_EXISTS */
const EXISTS_CODE = 57;
/** UNKNOWN_TABLE */
const UNKNOWN_CODE = 60;
const hasCode = (error: FailureError, code: number): boolean =>
  error.failure.message.includes(`ClickHouse error ${code}:`);
const alreadyExists = (error: FailureError): boolean => hasCode(error, EXISTS_CODE);

async function readNames(target: Target): Promise<{ table: string; fence: number; comment: string }[]> {
  const rows = await target.query<{ name: string; comment: string }>(loadSql('lease/names'), {
    params: { database: target.database },
    purpose: 'looking up the leases',
  });
  return rows.map(({ name, comment }) => ({ table: name, fence: Number(name.slice(LEASE.length)), comment }));
}

async function readHead(target: Target): Promise<Head | null> {
  for (;;) {
    const [top] = await readNames(target);
    if (top === undefined) return null;
    try {
      const [row] = await target.query<{ beats: string; age_ms: string; released: number | boolean }>(
        loadSql('lease/beats'),
        { names: { lease: top.table }, purpose: `looking at the lease ${top.table}` },
      );
      return {
        ...top,
        beats: Number(row?.beats ?? 0),
        ageMs: Number(row?.age_ms ?? 0),
        released: Boolean(Number(row?.released ?? 0)),
      };
    } catch (error) {
      // Swept by the owner of a higher number.
      if (!(error instanceof FailureError) || !hasCode(error, UNKNOWN_CODE)) throw error;
    }
  }
}

class HeldLease implements Lease {
  readonly #table: string;
  #beating: NodeJS.Timeout | undefined;
  #lastBeat: Promise<void> | undefined;

  constructor(
    private readonly target: Target,
    readonly fence: number,
    private readonly options: LeaseOptions,
  ) {
    this.#table = LEASE + numbered(fence);
  }

  /** Takes every waiting table over from earlier owners; from here on they can exchange nothing. */
  async begin(): Promise<void> {
    await this.#beat('held');
    this.#beating = setInterval(() => {
      this.#lastBeat ??= this.#beat('held')
        .catch((error: unknown) => this.options.log.warn({ error }, 'the lease of the target could not be renewed'))
        .finally(() => {
          this.#lastBeat = undefined;
        });
    }, this.options.beatMs ?? BEAT_MS);
    this.#beating.unref();
    const waiting = await this.target.query<{ name: string; table_uuid: string }>(loadSql('lease/incoming'), {
      params: { database: this.target.database },
      purpose: 'looking for tables that wait for an exchange',
    });
    for (const { name, table_uuid } of waiting) await this.#takeOver(name, this.incomingName(table_uuid));
    await this.check();
    await this.#sweep();
    await this.#probeExchange();
  }

  incomingName(uuid: string): string {
    return `${INCOMING}${numbered(this.fence)}_${uuid.replaceAll('-', '')}`;
  }

  async check(): Promise<void> {
    const [top] = await readNames(this.target);
    if (top?.fence === this.fence) return;
    const holder = top === undefined ? null : parseHolder(top.comment);
    throw new ExitError(
      EXIT.gateFailed,
      `the lease of the database ${this.target.database} was lost` +
        (holder === null ? '' : ` to \`backfill ${holder.what}\` of ${holder.who}, process ${holder.pid}`),
      'this process could not renew it in time; live is as the new owner left it: run the command again',
    );
  }

  async release(): Promise<void> {
    clearInterval(this.#beating);
    await this.#lastBeat;
    try {
      await this.#beat('released');
    } catch (error) {
      this.options.log.warn({ error }, 'the lease of the target could not be given back; it expires by itself');
    }
  }

  async #takeOver(name: string, own: string): Promise<void> {
    if (name === own) return;
    try {
      await this.target.command(loadSql('promote/rename'), { names: { from: name, to: own } });
    } catch (error) {
      // Its owner has just exchanged or put it back: the name is gone, which is all that matters.
      if (!(error instanceof FailureError) || !hasCode(error, UNKNOWN_CODE)) throw error;
    }
  }

  /**
   * On file systems without an atomic exchange of names (NFS, FUSE, some mounts of containers) EXCHANGE TABLES can lose a table:
   * found out on two throwaway tables. Throws ExitError(1).
   */
  async #probeExchange(): Promise<void> {
    const { target } = this;
    const [a, b] = ['a', 'b'].map((name) => `backfill_probe_${numbered(this.fence)}_${name}`) as [string, string];
    const uuids = async () => {
      const rows = await target.query<{ name: string; table_uuid: string }>(loadSql('promote/places'), {
        params: { database: target.database, names: [a, b], uuids: [] },
        purpose: 'looking whether tables can be exchanged',
      });
      return new Map(rows.map(({ name, table_uuid }) => [name, table_uuid]));
    };
    const purpose = 'probing the exchange of two tables';
    try {
      for (const probe of [a, b]) await target.command(loadSql('lease/probe'), { names: { probe }, purpose });
      const before = await uuids();
      const failure = await target
        .command(loadSql('promote/exchange'), { names: { incoming: a, live: b }, purpose })
        .then(
          () => null,
          (error: unknown) => error,
        );
      const after = await uuids();
      if (before.size === 2 && after.get(a) === before.get(b) && after.get(b) === before.get(a)) return;
      if (failure instanceof FailureError && failure.failure.kind !== 'terminal') throw failure;
      throw usageError(
        `tables of the database ${target.database} cannot be exchanged: ${failure instanceof Error ? failure.message : 'two throwaway tables did not change places'}`,
        'nothing was touched; put the data of ClickHouse on a local file system (ext4, xfs), whose renames are atomic',
      );
    } finally {
      await dropScratch({ target, log: this.options.log, maxMemoryMb: 0 }, [a, b]);
    }
  }

  /** Earlier leases, which count for nothing now. */
  async #sweep(): Promise<void> {
    for (const { table, fence } of await readNames(this.target)) {
      if (fence >= this.fence) continue;
      await this.target.command(loadSql('promote/drop'), { names: { table } });
    }
  }

  async #beat(state: 'held' | 'released'): Promise<void> {
    await this.target.insertRows(this.#table, [{ state }], {
      insertMode: 'sync',
      // Not repeated for as long as the rest of the work is: the next one comes in any case.
      signal: AbortSignal.timeout(BEAT_TIMEOUT_MS),
      purpose: `renewing the lease ${this.#table}`,
    });
  }
}
