/** Plays one seed: starts source and proxy, runs the program until it has ended for good, judges what it left. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS, type CommandName } from '../../src/cli/command-table.js';
import { flagOf, type OptionName } from '../../src/cli/options.js';
import type { FaultKind, FaultRule } from '../../src/simulator/fault-table.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { type Statement, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { borrowServer, dropDatabase, killProcess, type Login, type Server, startServer } from './clickhouse.js';
import { judge } from './judge.js';
import { Phases } from './phases.js';
import { mayLeave, type Place, type SecondMachine } from './places.js';
import { processesOf } from './processes.js';
import type { Kill, Scenario } from './scenario.js';
import { filesWithSecrets } from './secrets.js';
import { type Ended, Happenings, sit } from './sitting.js';
import { STOPS } from './stops.js';
import { type MadeUniverse, makeUniverse, truthOf, watched } from './truth.js';

export interface Stage {
  /** The built program. */
  readonly main: string;
  /** `--import`ed where a scenario wants the wall clock to jump. */
  readonly clockJumps: string;
  readonly dir: string;
  readonly shared: Server;
  readonly login: Login;
}

export interface Played {
  readonly seed: number;
  readonly what: string;
  readonly sittings: number;
  /** How long each sitting took, milliseconds. */
  readonly sittingsMs: readonly number[];
  readonly kills: Readonly<Record<string, number>>;
  readonly serverKills: number;
  /** Of signals and server kills, those that met the program in promote or P&L. */
  readonly inside: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly gaveUp: number;
  /** Sittings that ended until a person acted. */
  readonly stopped: number;
  readonly retries: number;
  readonly requests: number;
  readonly rows: number;
  readonly rejected: number;
  readonly lost: number;
  readonly doubled: number;
  /** Empty when all is well. */
  readonly wrong: readonly string[];
  readonly ms: number;
}

const MAX_SITTINGS = 30;
const PATIENCE_MS = 90_000;
/** After so many sittings that left chunks over, the faults end: what is left must then be loaded. */
const LEFT_OVER_SITTINGS = 2;

export interface CheckpointFigures {
  readonly block: number;
  readonly pinned: boolean;
  readonly rows: number;
  readonly requests: number;
  readonly retries: number;
  readonly throttled: number;
  readonly failed: readonly { readonly name: string; readonly code: string }[];
  readonly rejected: number;
  readonly steps: Readonly<Record<string, string>>;
}

export async function play(scenario: Scenario, stage: Stage): Promise<Played> {
  const player = new Player(scenario, stage);
  const startMs = performance.now();
  try {
    await player.open();
    await player.run();
  } catch (error) {
    player.wrong.push(`the harness: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  await player.close();
  return player.played(performance.now() - startMs);
}

class Player {
  readonly wrong: string[] = [];
  readonly #happenings = new Happenings();
  readonly #phases = new Phases();
  readonly #inside: Record<string, number> = {};
  readonly #kills: Record<string, number> = {};
  readonly #made: MadeUniverse;
  readonly #database: string;
  #simulator!: Simulator;
  #proxy: TcpProxy | undefined;
  #server: Server | undefined;
  #serverKills = 0;
  #outages = 0;
  #sittings = 0;
  readonly #sittingsMs: number[] = [];
  #gaveUp = 0;
  #stopped = 0;
  #left: Scenario['kills'];
  #leftLate: Scenario['lateKills'];
  #pages = 0;
  #healed = false;
  #verdict = { rows: 0, rejected: 0, lost: 0, doubled: 0 };
  readonly #place: Place;
  #seconds = 0;
  readonly #forget: (() => void)[] = [];
  readonly #pending: Promise<unknown>[] = [];

  constructor(
    readonly scenario: Scenario,
    readonly stage: Stage,
  ) {
    this.#made = makeUniverse(scenario.universe);
    this.#place = mayLeave(scenario.place) ? scenario.place : 'here';
    this.#left = scenario.kills;
    this.#leftLate = scenario.lateKills;
    // Names are data: quotes, backslashes and letters of other alphabets must do no harm.
    this.#database = scenario.seed % 7 === 0 ? `chaos \`ы"'\\${scenario.seed}` : `chaos_${scenario.seed}`;
    mkdirSync(stage.dir, { recursive: true });
  }

  async open(): Promise<void> {
    const { source, target, stop, token, seed } = this.scenario;
    const { stage } = this;
    this.#simulator = await startSimulator({
      universe: watched(this.#made.universe, () => this.#onPage()),
      token,
      latencyMs: source.latencyMs,
      jitterMs: source.jitterMs,
      faults: [...source.faults, ...(stop?.source ? [stop.source] : [])],
      faultSeed: source.faultSeed,
      ...(source.throttle ? { throttle: source.throttle } : {}),
      ...(source.cost ? { cost: source.cost } : {}),
    });
    if (target.engine === 'own') this.#server = await startServer(join(stage.dir, 'clickhouse'), stage.login);
    if (target.engine === 'shared') {
      this.#server = stage.shared;
      await dropDatabase(stage.shared, this.#database);
    }
    if (this.#server) {
      this.#proxy = await startTcpProxy({
        upstreamPort: this.#server.port,
        seed: target.faultSeed,
        // Last: those before it keep the numbers that their draws go by.
        rules: [...target.rules, ...(stop?.target ? [stop.target] : [])],
        onStatement: (statement) => this.#onStatement(statement),
        onApplied: ({ kind }) => {
          this.#happenings.happened(kind === 'insert' ? 'applied' : 'statement-applied');
          const phase = this.#phases.current;
          if (kind === 'other' && phase !== undefined) this.#happenings.happened(`${phase}-applied`);
        },
      });
    }
    for (const { when, backAfterMs } of target.serverKills) {
      this.#forget.push(this.#happenings.at(when, () => this.#killServer(backAfterMs)));
    }
    for (const { when, forMs } of target.outages) {
      this.#forget.push(
        this.#happenings.at(when, () => {
          this.#outages++;
          if (this.#proxy) this.#pending.push(this.#proxy.goDown(forMs));
        }),
      );
    }
    const { second } = this.scenario;
    if (second) {
      this.#forget.push(this.#happenings.at(second.when, () => void this.#pending.push(this.#sitElsewhere(second))));
    }
    writeFileSync(
      join(stage.dir, 'scenario.json'),
      `${JSON.stringify({ ...this.scenario, token: `of seed ${seed}` }, null, 2)}\n`,
    );
  }

  #onPage(): void {
    const moves = this.scenario.source.headMoves;
    if (moves && this.#pages === moves.at) {
      this.#simulator.advanceHead(moves.blocks);
      const back = new Promise((resolve) => setTimeout(resolve, moves.backAfterMs));
      this.#pending.push(back.then(() => this.#simulator.advanceHead(-moves.blocks)));
    }
    this.#pages++;
    this.#happenings.happened('page');
  }

  #onStatement({ kind, sql }: Statement): void {
    if (kind === 'insert') {
      this.#happenings.happened('insert');
      return;
    }
    const phase = this.#phases.meet(sql);
    this.#happenings.happened('statement');
    if (phase !== undefined) this.#happenings.happened(phase);
  }

  #countInside(what: string): void {
    const phase = this.#phases.current;
    if (phase === undefined) return;
    const name = `${what} in ${phase}`;
    this.#inside[name] = (this.#inside[name] ?? 0) + 1;
  }

  #killServer(backAfterMs: number): void {
    this.#serverKills++;
    this.#countInside('server kill');
    const { engine } = this.scenario.target;
    if (engine === 'embedded') {
      const pid = this.#embeddedPid();
      if (pid !== undefined) killProcess(pid);
      return;
    }
    const server = this.#server as Server;
    server.kill();
    this.#pending.push(new Promise((resolve) => setTimeout(resolve, backAfterMs)).then(() => server.restart()));
  }

  #embeddedPid(): number | undefined {
    try {
      const file = readFileSync(join(this.stage.dir, 'clickhouse', 'server.json'), 'utf8');
      return (JSON.parse(file) as { pid: number }).pid;
    } catch {
      return undefined;
    }
  }

  async run(): Promise<void> {
    const { job } = this.scenario;
    let code = await this.#untilFinal(job, job === 'run' ? ['--accept-rejected', '1000000'] : []);
    if (code === undefined) return;
    const bad = this.#truth().bad.size;
    // Row faults spoil rows on their way only: then the source's own counters and balances do not fit what it serves.
    const spoilt =
      bad > 0 && (this.#made.nameless || this.scenario.source.faults.some(({ kind }) => SPOILING.test(kind)));
    const afterFills = bad === 0 ? [0] : this.scenario.source.poison ? [0, 2] : [2];
    const expected = job === 'fills' ? afterFills : spoilt ? [0, 3] : [0];
    if (!expected.includes(code)) this.wrong.push(`${job} ended with ${code}, ${bad} rows being malformed`);
    if (job === 'fills') {
      code = await this.#untilFinal('verify', ['--accept-rejected', '1000000']);
      if (code === undefined) return;
      if (code !== 0 && !(code === 3 && spoilt)) this.wrong.push(`verify ended with ${code}`);
    }
    await this.#judge(code);
  }

  /** The same command again and again, until it is left alone and ends. Undefined when it never does. */
  async #untilFinal(command: CommandName, extra: readonly string[]): Promise<number | undefined> {
    for (let leftOver = 0; this.#sittings < MAX_SITTINGS; ) {
      const kills = [...this.#left.slice(0, 1), ...this.#leftLate.slice(0, 1)];
      this.#left = this.#left.slice(1);
      const struckBefore = this.#stopStruck();
      const ended = await this.#sit(command, extra, kills);
      this.#sittingsMs.push(Math.round(ended.ms));
      if (ended.hung) {
        this.wrong.push(`sitting ${this.#sittings} (${command}) did not end within ${PATIENCE_MS / 1000} s`);
        return undefined;
      }
      for (const signal of ended.sent) this.#kills[signal] = (this.#kills[signal] ?? 0) + 1;
      if (ended.sent.length > 0 && (ended.code === 130 || ended.code === null)) continue;
      if (this.#stopStruck() > struckBefore) {
        const met = this.#meetStop(command, ended);
        if (met === 'again') continue;
        if (met === 'wrong') return undefined;
      }
      if (ended.code === 75) {
        this.#gaveUp++;
        if (!this.scenario.mayGiveUp)
          this.wrong.push(`sitting ${this.#sittings} (${command}) ended with 75: ${lastLine(ended.out)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      if (ended.code === 2 && (this.#checkpoint()?.failed.length ?? 0) > 0) {
        if (++leftOver > LEFT_OVER_SITTINGS + 1) {
          this.wrong.push(
            `chunks are left over although the faults have ended: ${JSON.stringify(this.#checkpoint()?.failed)}`,
          );
          return undefined;
        }
        if (leftOver >= LEFT_OVER_SITTINGS || this.scenario.source.poison) this.#heal();
        continue;
      }
      if (ended.code === null) {
        this.wrong.push(`sitting ${this.#sittings} (${command}) ended by ${ended.signal}, which nobody sent`);
        return undefined;
      }
      if (ended.code === 1 || ended.code > 3) {
        this.wrong.push(`sitting ${this.#sittings} (${command}) ended with ${ended.code}: ${lastLine(ended.out)}`);
        return undefined;
      }
      return ended.code;
    }
    this.wrong.push(`no end after ${MAX_SITTINGS} sittings`);
    return undefined;
  }

  #sit(command: CommandName, extra: readonly string[], kills: readonly Kill[]): Promise<Ended> {
    this.#sittings++;
    this.#phases.begin();
    return sit({
      ...this.#program(),
      place: this.#place,
      args: [command, ...this.#flags(command), ...extra],
      name: `sitting-${String(this.#sittings).padStart(2, '0')}-${command}`,
      kills,
      onStruck: (kill) => {
        if (kill === this.#leftLate[0]) this.#leftLate = this.#leftLate.slice(1);
        this.#countInside('signal');
      },
    });
  }

  /** A second machine: the same target, a checkpoint folder of its own. */
  async #sitElsewhere({ command, codes }: SecondMachine): Promise<void> {
    this.#seconds++;
    const ended = await sit({
      ...this.#program(),
      place: 'here',
      args: [command, ...this.#flags(command), '--checkpoints', join(this.stage.dir, 'checkpoints-elsewhere')],
      name: `second-machine-${command}`,
      kills: [],
      onStruck: () => undefined,
    });
    if (ended.hung) this.wrong.push(`the second machine (${command}) did not end within ${PATIENCE_MS / 1000} s`);
    else if (ended.code === null || !codes.includes(ended.code))
      this.wrong.push(`the second machine (${command}) ended with ${ended.code}: ${lastLine(ended.out)}`);
  }

  #program() {
    const { scenario, stage } = this;
    const jumps = scenario.environment.BACKFILL_CLOCK_JUMPS !== undefined;
    return {
      main: stage.main,
      env: {
        ...scenario.environment,
        ...(jumps ? { NODE_OPTIONS: `--import=${stage.clockJumps}` } : {}),
        BACKFILL_CHAOS_DIR: stage.dir,
        GOLDSKY_TOKEN: scenario.token,
        CLICKHOUSE_USER: stage.login.user,
        CLICKHOUSE_PASSWORD: stage.login.password,
      },
      dir: stage.dir,
      happenings: this.#happenings,
      patienceMs: PATIENCE_MS,
    };
  }

  #flags(command: CommandName): string[] {
    const { scenario, stage } = this;
    const values: Record<string, string> = {
      ...scenario.options,
      'source-url': this.#simulator.url,
      'pnl-source-url': this.#simulator.pnlUrl,
      ...(this.#proxy ? { 'clickhouse-url': this.#proxy.url } : { 'clickhouse-dir': join(stage.dir, 'clickhouse') }),
      database: this.#database,
      checkpoints: join(stage.dir, 'checkpoints'),
      // A whole job that is killed in its last moment begins the next one, unless it has a name.
      ...(scenario.seed % 2 === 0 || scenario.job === 'run' ? { run: 'chaos' } : {}),
    };
    const known = new Set((COMMANDS[command].options as readonly OptionName[]).map(flagOf));
    return Object.entries(values).flatMap(([name, value]) => (known.has(name) ? [`--${name}`, value] : []));
  }

  /** How often the fault that only a person mends has struck. */
  #stopStruck(): number {
    const { stop } = this.scenario;
    if (stop === undefined) return 0;
    return (stop.source ? this.#simulator.stats().faults[stop.kind as FaultKind] : this.#proxy?.struck[stop.kind]) ?? 0;
  }

  /** The fault struck in this sitting: it must have ended by it, and then is mended, once. */
  #meetStop(command: CommandName, ended: Ended): 'again' | 'wrong' | 'over' {
    const { stop } = this.scenario;
    if (stop === undefined) return 'over';
    const { code, words } = STOPS[stop.kind];
    // What it only tidies at its end it may leave; and the source may be away as well.
    if (ended.code === 0 && stop.target?.only === 'other') return 'over';
    if (ended.code === 75 && code !== 75 && this.scenario.mayGiveUp) return 'over';
    const last = lastLine(ended.out);
    if (ended.code !== code || !words.test(last)) {
      this.wrong.push(`sitting ${this.#sittings} (${command}) met ${stop.kind} and ended with ${ended.code}: ${last}`);
      return 'wrong';
    }
    this.#stopped++;
    const { source, target } = this.scenario;
    if (stop.target) this.#proxy?.setRules(this.#healed ? [] : target.rules);
    else this.#simulator.setFaults(this.#healed ? this.#keptFaults() : source.faults.filter(ofRequests));
    return 'again';
  }

  /** The faults end, but those of rows that stay rejected: a row that was rejected once must not come back otherwise. */
  #heal(): void {
    if (this.#healed) return;
    this.#healed = true;
    this.#simulator.setFaults(this.#keptFaults());
    this.#simulator.setCost(undefined);
    this.#proxy?.setRules([]);
  }

  /** A rule that strikes nothing keeps its number: what strikes a row is drawn from it. */
  #keptFaults(): FaultRule[] {
    return this.scenario.source.faults
      .filter(ofRequests)
      .map((rule) => (keepsAfterHealing(rule) ? rule : { ...rule, rate: 0 }));
  }

  /** The one run of the seed: a folder without a checkpoint never began. */
  #runDir(): string | undefined {
    const dir = join(this.stage.dir, 'checkpoints');
    if (!existsSync(dir)) return undefined;
    const runs = readdirSync(dir).filter((name) => existsSync(join(dir, name, 'checkpoint.json')));
    if (runs.length > 1) this.wrong.push(`there are ${runs.length} runs`);
    return runs[0] === undefined ? undefined : join(dir, runs[0]);
  }

  #checkpoint(): CheckpointFigures | undefined {
    const dir = this.#runDir();
    if (dir === undefined) return undefined;
    return JSON.parse(readFileSync(join(dir, 'checkpoint.json'), 'utf8')) as CheckpointFigures;
  }

  #truth() {
    const block = this.#checkpoint()?.block ?? this.#made.universe.lastBlock;
    const { faults, faultSeed } = this.scenario.source;
    return truthOf(this.#made, block, faults, faultSeed);
  }

  async #judge(code: number): Promise<void> {
    const { scenario, stage } = this;
    await this.#settle();
    const checkpoint = this.#checkpoint();
    if (checkpoint === undefined) {
      this.wrong.push('there is no checkpoint');
      return;
    }
    const server = this.#server ?? (await borrowServer(join(stage.dir, 'clickhouse')));
    if (scenario.target.engine === 'own') await server.restart();
    try {
      const verdict = await judge({
        server,
        database: this.#database,
        job: scenario.job,
        promoted: checkpoint.steps.promote !== undefined,
        verified: code === 0,
        universe: this.#made.universe,
        block: checkpoint.block,
        truth: this.#truth(),
        rejectedFile: join(this.#runDir() ?? stage.dir, 'rejected.ndjson'),
        exactRejects: !scenario.source.poison,
        headMoved:
          scenario.source.headMoves !== undefined || scenario.source.faults.some(({ kind }) => kind === 'stale-head'),
        dir: stage.dir,
      });
      this.#verdict = verdict;
      this.wrong.push(...verdict.wrong);
    } finally {
      if (this.#server === undefined) await server.close();
    }
    const { login } = stage;
    const secrets = [scenario.token, login.password, `${login.user}:${login.password}`];
    for (const path of filesWithSecrets(stage.dir, secrets, ['clickhouse']))
      this.wrong.push(`a secret stands in ${path}`);
    const left = processesOf(stage.dir).filter(
      ({ pid }) => scenario.target.engine !== 'own' || !this.#isOwnServer(pid),
    );
    for (const { pid, command } of left) {
      this.wrong.push(`process ${pid} is left: ${command.slice(0, 100)}`);
      killProcess(pid);
    }
  }

  #isOwnServer(pid: number): boolean {
    return this.#embeddedPid() === pid;
  }

  /** What was set going by the clock is over. */
  async #settle(): Promise<void> {
    for (const forget of this.#forget) forget();
    await Promise.all(this.#pending);
  }

  async close(): Promise<void> {
    await this.#settle().catch((error: unknown) => this.wrong.push(`the harness, settling: ${String(error)}`));
    await this.#simulator?.close();
    await this.#proxy?.close();
    const { engine } = this.scenario.target;
    if (engine === 'own') await this.#server?.close();
    if (engine === 'shared' && this.wrong.length === 0) await dropDatabase(this.stage.shared, this.#database);
  }

  played(ms: number): Played {
    const { scenario } = this;
    const faults: Record<string, number> = {};
    const add = (kind: string, count: number) => {
      if (count > 0) faults[kind] = (faults[kind] ?? 0) + count;
    };
    const stats = this.#simulator?.stats();
    for (const [kind, count] of Object.entries(stats?.faults ?? {})) add(`source ${kind}`, count);
    add('source throttled', (stats?.throttled ?? 0) - (stats?.faults.throttled ?? 0));
    add('source outage', scenario.source.faults.filter(({ kind }) => kind === 'down').length);
    add('source head moved', scenario.source.headMoves ? 1 : 0);
    for (const [kind, count] of Object.entries(this.#proxy?.struck ?? {})) add(`target ${kind}`, count);
    add('target outage', this.#outages);
    add('target killed', this.#serverKills);
    add('second machine', this.#seconds);
    add(`sitting in another ${this.#place}`, this.#place === 'here' ? 0 : this.#sittings);
    const checkpoint = this.#checkpoint();
    return {
      seed: scenario.seed,
      what: describe(scenario),
      sittings: this.#sittings,
      sittingsMs: this.#sittingsMs,
      kills: this.#kills,
      serverKills: this.#serverKills,
      inside: this.#inside,
      faults,
      gaveUp: this.#gaveUp,
      stopped: this.#stopped,
      retries: checkpoint?.retries ?? 0,
      requests: stats?.requests ?? 0,
      ...this.#verdict,
      wrong: this.wrong,
      ms: Math.round(ms),
    };
  }
}

/** Row faults that change what a row counts for. */
const SPOILING = /-amount$|-asset-zero$|-hash$|-hex$/;

/** An outage would begin anew with the rules. */
function ofRequests({ kind }: FaultRule): boolean {
  return kind !== 'down';
}

function keepsAfterHealing({ kind }: FaultRule): boolean {
  return kind.endsWith('-amount') || kind === 'counters-exceed' || kind === 'pin-refused';
}

function describe({ universe, job, options, target, place, second }: Scenario): string {
  const where = `${place === 'here' ? '' : `, ${place}`}${second ? `, second machine: ${second.command}` : ''}`;
  const recorded = universe.malformedEvents > 0 ? ` +${universe.malformedEvents} malformed` : '';
  return `${universe.markets} markets, ${universe.fills} fills${recorded}, ${job} by ${options.partition}, ${target.engine}${where}`;
}

function lastLine(out: string): string {
  const lines = out.trim().split('\n');
  const own = lines.findLast((line) => line.startsWith('backfill:'));
  return (own ?? lines.at(-1) ?? '').slice(0, 600);
}
