/**
 * `npm run chaos -- --seeds N [--from S] [--parallel P] [--again] [--keep] [--replay SEED]`
 *
 * Each seed is a universe, a job, faults and kills; the real program runs until it ends for good, and everything it
 * left is compared with the truth. Results stand in `chaos-results/<commit>.ndjson`: the command continues there.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from './clickhouse.js';
import { type Played, play } from './play.js';
import { Random } from './random.js';
import { ResultsFile, readGreen, renderLine, renderTotals } from './results.js';
import { drawScenario } from './scenario.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Asked {
  readonly seeds: readonly number[];
  readonly parallel: number;
  readonly again: boolean;
  readonly keep: boolean;
}

function readArguments(): Asked {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      from: { type: 'string', default: '1' },
      parallel: { type: 'string', default: String(Math.max(1, cpus().length)) },
      again: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      replay: { type: 'string' },
    },
  });
  const whole = (text: string, name: string) => {
    if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name}: ${JSON.stringify(text)} is no whole number`);
    return Number(text);
  };
  if (values.replay !== undefined) {
    return { seeds: [whole(values.replay, 'replay')], parallel: 1, again: true, keep: true };
  }
  const from = whole(values.from, 'from');
  const seeds = Array.from({ length: whole(values.seeds, 'seeds') }, (_, i) => from + i);
  return { seeds, parallel: Math.max(1, whole(values.parallel, 'parallel')), again: values.again, keep: values.keep };
}

async function main(): Promise<number> {
  const asked = readArguments();
  const commit = describeCommit();
  const results = new ResultsFile(join(ROOT, 'chaos-results', `${commit}.ndjson`));
  const green = asked.again ? new Map<number, Played>() : readGreen(results.path);
  const todo = asked.seeds.filter((seed) => !green.has(seed));
  if (todo.length < asked.seeds.length)
    console.log(`${asked.seeds.length - todo.length} seeds are green on ${commit} already`);
  const played: Played[] = asked.seeds.flatMap((seed) => green.get(seed) ?? []);
  if (todo.length > 0) {
    const work = mkdtempSync(join(tmpdir(), 'backfill-chaos-'));
    const program = freezeProgram();
    let stopped = false;
    process.once('SIGINT', () => {
      stopped = true;
      console.log('ending after the seeds in hand');
    });
    const random = new Random(Date.now());
    const login = { user: 'chaos', password: `pw-${random.hex(24)}` };
    const shared = await startServer(join(work, 'shared-clickhouse'), login);
    let failed = 0;
    const worker = async () => {
      for (let seed = todo.shift(); seed !== undefined && !stopped; seed = todo.shift()) {
        const dir = join(work, `seed-${seed}`);
        const one = await play(drawScenario(seed), {
          main: join(program, 'dist', 'main.js'),
          clockJumps: pathToFileURL(fileURLToPath(new URL('./clock-jumps.mjs', import.meta.url))).href,
          dir,
          shared,
          login,
        });
        played.push(one);
        results.add(one);
        console.log(renderLine(one));
        for (const what of one.wrong) console.log(`      ${what}`);
        if (one.wrong.length > 0) {
          failed++;
          console.log(`      kept in ${dir}; again: npm run chaos -- --replay ${seed}`);
        } else if (!asked.keep) rmSync(dir, { recursive: true, force: true });
      }
    };
    await Promise.all(Array.from({ length: asked.parallel }, worker));
    await shared.close();
    rmSync(program, { recursive: true, force: true });
    rmSync(join(work, 'shared-clickhouse'), { recursive: true, force: true });
    if (failed === 0 && !asked.keep) rmSync(work, { recursive: true, force: true });
  }
  console.log(renderTotals(played, commit));
  return played.every(({ wrong }) => wrong.length === 0) && played.length === asked.seeds.length ? 0 : 1;
}

/** What decides how a seed ends. */
const TESTED = ['src', 'sql', 'test/seeds', 'test/support', 'package-lock.json'];

/** What is tested: the last commit that touched it (so that a later word in the README keeps the results), marked when it differs. */
function describeCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--', ...TESTED);
    return `${git('log', '-1', '--format=%h', '--abbrev=10', '--', ...TESTED)}${changed === '' ? '' : '-changed'}`;
  } catch {
    return 'no-commit';
  }
}

/** A copy of the built program: a build in another terminal must not change it half-way. Its packages are found above. */
function freezeProgram(): string {
  mkdirSync(join(ROOT, '.tmp'), { recursive: true });
  const copy = mkdtempSync(join(ROOT, '.tmp', 'chaos-program-'));
  for (const part of ['dist', 'sql', 'package.json']) cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  return copy;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
