/**
 * What happens in a seed: universe, options, faults of the source and of the target, and who is killed when. Pure: the
 * same seed is the same scenario.
 */

import type { CostModel } from '../../src/simulator/cost.js';
import type { FaultKind, FaultRule } from '../../src/simulator/fault-table.js';
import type { ThrottleOptions } from '../../src/simulator/throttle.js';
import { type ProxyRule, REFUSALS } from '../support/tcp-proxy.js';
import type { Phase } from './phases.js';
import { drawPlace, drawSecond, type Place, type SecondMachine } from './places.js';
import { Random } from './random.js';
import { drawStop, type Stop } from './stops.js';

export interface Scenario {
  readonly seed: number;
  readonly universe: UniverseDraw;
  /** `fills` and then `verify`, or `run`: everything up to P&L. */
  readonly job: 'fills' | 'run';
  readonly options: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly token: string;
  readonly source: SourceDraw;
  readonly target: TargetDraw;
  /** One a sitting, in this order; after the last the program is left alone. */
  readonly kills: readonly Kill[];
  /** In this order, each as soon as a sitting comes so far: in promote and in P&L. */
  readonly lateKills: readonly Kill[];
  /** Ends a sitting until a person acts: then it is taken away. */
  readonly stop: Stop | undefined;
  /** Sittings that end with 75 are allowed: something stays away for longer than `--give-up-after`. */
  readonly mayGiveUp: boolean;
  readonly place: Place;
  readonly second: SecondMachine | undefined;
}

export interface UniverseDraw {
  readonly seed: number;
  readonly markets: number;
  readonly fills: number;
  /** Served from a list of events in which some are malformed, instead of being computed. */
  readonly malformedEvents: number;
  readonly feeFactor: number;
  readonly doubleFillRate: number;
}

export interface SourceDraw {
  readonly faultSeed: number;
  readonly faults: readonly FaultRule[];
  readonly throttle: ThrottleOptions | undefined;
  readonly cost: CostModel | undefined;
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** The head moves by `blocks` with the question `at`, and back after a while: questions at the pin fail meanwhile. */
  readonly headMoves: { readonly at: number; readonly backAfterMs: number; readonly blocks: number } | undefined;
  /** Row faults that make chunks fail for good: they are taken away after the program has named them. */
  readonly poison: boolean;
}

export type Engine =
  /** One server for many seeds, a database each, through the proxy. */
  | 'shared'
  /** A server of the seed's own, through the proxy; killed and started again by the harness. */
  | 'own'
  /** No URL is given: the program starts and restarts its server itself. */
  | 'embedded';

export interface TargetDraw {
  readonly engine: Engine;
  readonly faultSeed: number;
  readonly rules: readonly ProxyRule[];
  /** SIGKILL to the server; `own` comes back after `backAfterMs`. */
  readonly serverKills: readonly { readonly when: Moment; readonly backAfterMs: number }[];
  /** Connections refused for a time. */
  readonly outages: readonly { readonly when: Moment; readonly forMs: number }[];
}

/** By what happens, not by the clock, wherever possible. Counted from the start of the sitting. */
export type Moment =
  /** The source is asked for its n-th page. */
  | { readonly on: 'page'; readonly nth: number }
  /** The n-th insert of fills comes to the proxy, or has been applied and not yet acknowledged. */
  | { readonly on: 'insert' | 'applied'; readonly nth: number }
  /** The n-th statement that is no insert of fills: tables, bookkeeping, checks, promotion, P&L. */
  | { readonly on: 'statement' | 'statement-applied'; readonly nth: number }
  /** The n-th statement from the promotion's first on, or from P&L's. */
  | { readonly on: Phase | `${Phase}-applied`; readonly nth: number }
  | { readonly on: 'time'; readonly ms: number };

export type Signal = 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGHUP';

export interface Kill {
  readonly when: Moment;
  readonly signals: readonly { readonly signal: Signal; readonly afterMs: number }[];
}

/** The other seeds stop after `verify`: their rows are judged in staging. */
const JOB_RUN_SHARE = 0.65;
/** Of the whole jobs, those that a signal, or the death of a server of their own, meets in promote or P&L. */
const LATE_SHARE = 0.35;
const STOP_SHARE = 0.05;
/** Statements of the promotion itself; of P&L, of which the last few drop what it no longer needs. */
const PROMOTE_STATEMENTS = 10;
const PNL_STATEMENTS = 60;

export function drawScenario(seed: number): Scenario {
  const random = new Random(seed);
  const universe = drawUniverse(random);
  const job = random.chance(JOB_RUN_SHARE) ? 'run' : 'fills';
  const engine: Engine = random.chance(0.82) ? 'shared' : random.chance(0.5) ? 'own' : 'embedded';
  const partition = random.chance(0.25) ? 'time' : 'markets';
  const source = drawSource(random, universe);
  const target = drawTarget(random, engine, universe, job);
  const mayGiveUp = random.chance(0.06);
  const options = {
    ...drawOptions(random, universe),
    partition,
    'request-timeout': '900ms',
    'insert-timeout': '2500ms',
    'retry-base': '5ms',
    'give-up-after': mayGiveUp ? '1s' : '40s',
    'log-level': random.pick(['info', 'info', 'debug', 'warn']),
  };
  const outage: FaultRule[] = mayGiveUp
    ? [
        {
          kind: 'down',
          rate: 1,
          fromRequest: random.int(0, 30),
          forMs: random.int(2_000, 3_500),
          how: random.pick(['refuse', '503', 'reset']),
        },
      ]
    : [];
  const drawn: Omit<Scenario, 'place' | 'second'> = {
    seed,
    universe,
    job,
    options,
    environment: random.chance(0.15) ? { BACKFILL_CLOCK_JUMPS: String(random.int(1, 2 ** 30)) } : {},
    token: `tok-${random.hex(24)}`,
    source: { ...source, faults: [...source.faults, ...outage] },
    target,
    kills: drawKills(random, engine, universe, job),
    lateKills:
      job === 'run' && engine !== 'embedded' && random.chance(LATE_SHARE)
        ? Array.from({ length: random.pick([1, 1, 2]) }, () => ({
            when: lateMoment(random),
            signals: drawSignals(random),
          }))
        : [],
    stop: random.chance(STOP_SHARE)
      ? drawStop(random, {
          inserts: Math.ceil(universe.fills / 1_500),
          statements: job === 'run' ? 170 : 90,
          sourceOnly: engine === 'embedded',
        })
      : undefined,
    mayGiveUp,
  };
  // Drawn last: what came before stays what it was for every seed.
  const place = drawPlace(random);
  const second = engine === 'embedded' || drawn.stop !== undefined ? undefined : drawSecond(random, job);
  return { ...drawn, place, second };
}

function drawUniverse(random: Random): UniverseDraw {
  const fills = random.logInt(500, 8_000);
  const recorded = random.chance(0.2);
  return {
    seed: random.int(1, 2 ** 31),
    markets: random.int(20, 300),
    fills: recorded ? Math.min(fills, 2_500) : fills,
    malformedEvents: recorded ? random.int(0, 6) : 0,
    feeFactor: random.pick([1, 1, 20]),
    // A list of events cannot say that an order was filled twice: its counters count what it serves.
    doubleFillRate: recorded ? 0 : random.pick([0, 0.001, 0.005]),
  };
}

function drawOptions(random: Random, { fills }: UniverseDraw): Record<string, string> {
  // Pages so small that even a small universe has many of them, but not thousands of requests.
  const pageRows = random.logInt(Math.max(50, Math.min(1_000, fills / 60)), 1_000);
  return {
    workers: String(random.logInt(1, 64)),
    threads: String(random.pick([0, 0, 0, 1, 1, 2])),
    'batch-rows': String(random.logInt(100, 5_000)),
    'page-rows': String(pageRows),
    'chunk-pages': String(random.logInt(1, 12)),
    'max-pack-tokens': String(random.logInt(5, 200)),
    'insert-mode': random.pick(['async', 'sync']),
    'slice-by': random.pick(['id', 'time']),
    rps: String(random.logInt(200, 5_000)),
  };
}

/** Faults of a request, which a retry gets over. */
const PASSING: readonly FaultKind[] = [
  'statement-timeout',
  'query-timeout',
  'overloaded',
  'database-down',
  'reorganized',
  'http-500',
  'http-502',
  'http-503',
  'http-504',
  'reset-before',
  'reset-during',
  'reset-after',
  'truncated',
  'truncated-json',
  'missing-key',
  'data-null',
  'partial-data',
  'row-outside',
  'out-of-order',
  'doubled-row',
  'extra-row',
  'stale-head',
  'behind',
];
/** They cost a request time-out each. */
const SILENT: readonly FaultKind[] = ['silent', 'dribble'];
/** Rows that can be read and not decoded. */
const REJECTED: readonly FaultKind[] = ['negative-amount', 'overflow-amount'];
/** Rows that break the page they stand in, in some of the ways of asking at least. */
const POISON: readonly FaultKind[] = ['bad-hash', 'upper-hex', 'both-assets-zero', 'neither-asset-zero'];

function drawSource(random: Random, universe: UniverseDraw): SourceDraw {
  const faults: FaultRule[] = [];
  const heat = random.pick([0, 0.03, 0.08, 0.2]);
  for (const kind of heat === 0 ? [] : random.some(PASSING, random.int(1, 5))) {
    faults.push({
      kind,
      rate: random.between(0.2, 1) * heat,
      // Some strike a question whenever it is asked, most only a few times.
      ...(random.chance(0.7) ? { maxPerBody: random.int(1, 3) } : {}),
      ...(random.chance(0.3) ? { fromRequest: random.int(0, 20) } : {}),
      ...(kind.startsWith('http') ? { body: random.pick(['html', 'text', 'empty'] as const) } : {}),
    });
  }
  if (random.chance(0.15)) {
    faults.push({ kind: random.pick(SILENT), rate: random.between(0.01, 0.05), maxPerBody: 1, untilRequest: 60 });
  }
  if (random.chance(0.12)) {
    faults.push({
      kind: 'throttled',
      // Refusals that have nothing to do with the rate make the program ask ever more slowly: a short storm is enough.
      rate: random.between(0.05, 0.5),
      maxPerBody: 1,
      untilRequest: random.int(3, 16),
      retryAfterSeconds: random.pick([0, 0, null, 1]),
      body: random.pick(['text', 'html', 'empty'] as const),
    });
  }
  if (random.chance(0.12)) {
    faults.push({
      kind: 'down',
      rate: 1,
      fromRequest: random.int(0, 40),
      forMs: random.int(100, 1_200),
      how: random.pick(['refuse', '503', 'reset'] as const),
    });
  }
  const stale = faults.some(({ kind }) => kind === 'stale-head');
  // Unpinned pages of a replica that lags lack rows, and nothing in them tells: verify is who finds out.
  if (random.chance(0.08) && !stale) {
    faults.push({ kind: 'pin-refused', rate: 1, fromRequest: random.int(0, 40) });
  }
  if (random.chance(0.1))
    faults.push({ kind: 'counters-exceed', rate: random.between(0.01, 0.3), excess: random.int(1, 5) });
  if (random.chance(0.08)) faults.push({ kind: 'bad-count', rate: random.between(0.005, 0.1) });
  if (random.chance(0.15)) faults.push({ kind: random.pick(REJECTED), rate: random.between(0.0005, 0.01) });
  const poison = random.chance(0.1) && universe.malformedEvents === 0;
  if (poison) faults.push({ kind: random.pick(POISON), rate: random.between(0.0003, 0.003) });
  const unpinned = faults.some(({ kind }) => kind === 'pin-refused');
  const moves = random.chance(0.1) && !unpinned;
  const at = random.int(1, 30);
  return {
    faultSeed: random.int(1, 2 ** 31),
    faults,
    throttle: random.chance(0.08)
      ? {
          rps: random.int(20, 200),
          kind: random.pick(['window', 'bucket'] as const),
          windowMs: 500,
          retryAfter: 'none',
        }
      : undefined,
    cost: random.chance(0.08)
      ? { scatteredRowMs: 0, orderedRowMs: 0, maxFirst: random.pick([100, 200, 500]) }
      : undefined,
    latencyMs: random.pick([0, 0, 0, 3, 10]),
    jitterMs: random.pick([0, 0, 5]),
    headMoves: moves ? { at, backAfterMs: random.int(50, 1_500), blocks: -random.int(1, 5_000) } : undefined,
    poison,
  };
}

/** Half of them in the promotion, which is short. */
function lateMoment(random: Random): Moment {
  return random.chance(0.5)
    ? { on: random.pick(['promote', 'promote-applied'] as const), nth: random.int(0, PROMOTE_STATEMENTS - 1) }
    : { on: random.pick(['pnl', 'pnl-applied'] as const), nth: random.int(0, PNL_STATEMENTS - 1) };
}

function drawTarget(random: Random, engine: Engine, { fills }: UniverseDraw, job: Scenario['job']): TargetDraw {
  const faultSeed = random.int(1, 2 ** 31);
  const insertCount = Math.max(2, Math.ceil(fills / 1_000));
  if (engine === 'embedded') {
    const kills = random.int(0, 2);
    const serverKills = Array.from({ length: kills }, () => ({
      when: random.chance(0.7)
        ? ({ on: 'page', nth: random.int(1, 40) } as const)
        : ({ on: 'time', ms: random.int(600, 2_500) } as const),
      backAfterMs: 0,
    }));
    return { engine, faultSeed, rules: [], serverKills, outages: [] };
  }
  const rules: ProxyRule[] = [];
  const quick = [
    'reset-before',
    'reset-during',
    'reset-after',
    'cut-answer',
    'slow',
    'bad-gateway',
    'empty-answer',
  ] as const;
  const heat = random.pick([0, 0, 0.1, 0.3]);
  if (heat > 0) {
    for (const kind of random.some([...quick, ...REFUSALS], random.int(1, 4))) {
      const inserts = random.chance(0.6);
      rules.push({
        kind,
        // A step of P&L has some forty statements, and must get through all of them.
        rate: random.between(0.2, 1) * (inserts ? heat : Math.min(heat, 0.06)),
        ...(inserts ? { only: 'insert' } : {}),
        ...(random.chance(0.8) ? { maxPerBody: random.int(1, 3) } : {}),
        delayMs: random.int(5, 120),
      });
    }
    if (random.chance(0.3)) {
      rules.push({
        kind: 'reset-after',
        rate: 1,
        only: 'insert',
        maxPerBody: 1,
        fromRequest: random.int(0, insertCount),
      });
    }
    if (random.chance(0.12)) {
      rules.push({
        kind: random.pick(['stall-before', 'stall-after'] as const),
        rate: 0.05,
        maxPerBody: 1,
        untilRequest: 30,
      });
    }
  }
  const moment = (): Moment =>
    random.chance(0.6)
      ? { on: random.pick(['insert', 'applied'] as const), nth: random.int(0, insertCount) }
      : { on: 'statement', nth: random.int(0, 40) };
  const outages = random.chance(0.15)
    ? Array.from({ length: random.int(1, 2) }, () => ({ when: moment(), forMs: random.int(50, 900) }))
    : [];
  const serverKills =
    engine === 'own'
      ? Array.from({ length: random.int(1, 3) }, () => ({
          when: job === 'run' && random.chance(LATE_SHARE) ? lateMoment(random) : moment(),
          backAfterMs: random.int(0, 700),
        }))
      : [];
  return { engine, faultSeed, rules, serverKills, outages };
}

function drawKills(random: Random, engine: Engine, { fills }: UniverseDraw, job: string): Kill[] {
  const count = random.pick([0, 1, 1, 2, 2, 3, 5]);
  const inserts = Math.max(2, Math.ceil(fills / 1_500));
  return Array.from({ length: count }, () => ({ when: moment(), signals: drawSignals(random) }));

  function moment(): Moment {
    const roll = random.unit();
    if (roll < 0.35) return { on: 'page', nth: random.int(0, 40) };
    if (engine !== 'embedded') {
      if (roll < 0.6) return { on: random.pick(['insert', 'applied'] as const), nth: random.int(0, inserts) };
      if (roll < 0.92) {
        return {
          on: random.pick(['statement', 'statement-applied'] as const),
          nth: random.int(0, job === 'run' ? 130 : 40),
        };
      }
    }
    return { on: 'time', ms: random.int(50, 2_000) };
  }
}

function drawSignals(random: Random): Kill['signals'] {
  const roll = random.unit();
  if (roll < 0.65) return [{ signal: 'SIGKILL', afterMs: 0 }];
  const signal = random.pick(['SIGTERM', 'SIGINT', 'SIGINT', 'SIGHUP'] as const);
  if (roll < 0.85) return [{ signal, afterMs: 0 }];
  if (roll < 0.95)
    return [
      { signal, afterMs: 0 },
      { signal, afterMs: random.int(0, 200) },
    ];
  return [
    { signal, afterMs: 0 },
    { signal: 'SIGKILL', afterMs: random.int(0, 200) },
  ];
}
