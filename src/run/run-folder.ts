import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { usageError } from '../exit.js';
import type { Plan } from '../plan/chunk.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { writeDurably } from './durable-file.js';

/** `checkpoints/<run>/`: every durable file of a run, and the only code that knows their names. */
export class RunFolder {
  constructor(
    readonly dir: string,
    readonly id: string,
  ) {}

  static create(checkpointsDir: string, id: string): RunFolder {
    const dir = join(checkpointsDir, id);
    try {
      mkdirSync(dir, { recursive: true });
    } catch (error) {
      throw usageError(`cannot make the run folder ${dir}: ${(error as Error).message}`, 'give another --checkpoints DIR');
    }
    return new RunFolder(dir, id);
  }

  get checkpointPath(): string {
    return join(this.dir, 'checkpoint.json');
  }
  get planPath(): string {
    return join(this.dir, 'plan.json.gz');
  }
  get rejectedPath(): string {
    return join(this.dir, 'rejected.ndjson');
  }
  get reportPath(): string {
    return join(this.dir, 'report.json');
  }
  get verdictPath(): string {
    return join(this.dir, 'verdict.json');
  }
  get logPath(): string {
    return join(this.dir, 'run.log');
  }

  readCheckpoint(): Checkpoint | null {
    return readCheckpoint(this.checkpointPath);
  }

  writeCheckpoint(checkpoint: Checkpoint): void {
    writeCheckpoint(this.checkpointPath, checkpoint);
  }

  /** Written once, before the first checkpoint: a run without a plan has not begun. */
  writePlan(plan: Plan): void {
    writeDurably(this.planPath, gzipSync(JSON.stringify(plan), { level: 1 }));
  }

  readPlan(): Plan {
    let plan: Plan;
    try {
      plan = JSON.parse(gunzipSync(readFileSync(this.planPath)).toString('utf8')) as Plan;
    } catch (error) {
      throw usageError(
        `plan ${this.planPath} cannot be read: ${(error as Error).message}`,
        'restore the file, or start a new run with --fresh',
      );
    }
    if (plan.version !== 1) {
      throw usageError(`plan ${this.planPath} has version ${plan.version}; this program reads version 1`, 'use --fresh');
    }
    return plan;
  }

  /** Undefined when the file is missing. */
  readJson(path: string): unknown {
    try {
      return JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw usageError(`${path} cannot be read: ${(error as Error).message}`, 'remove the file and run the command again');
    }
  }

  writeJson(path: string, value: unknown): void {
    writeDurably(path, `${JSON.stringify(value, null, 2)}\n`);
  }
}

export interface FoundRun {
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint;
}

/** The run named, or else the one begun last; null when there is none. Folders without a checkpoint never began. */
export function findRun(checkpointsDir: string, id?: string): FoundRun | null {
  const ids = id === undefined ? listRunIds(checkpointsDir) : [id];
  let latest: FoundRun | null = null;
  for (const candidate of ids) {
    const folder = new RunFolder(join(checkpointsDir, candidate), candidate);
    const checkpoint = folder.readCheckpoint();
    if (checkpoint && (latest === null || checkpoint.createdAt > latest.checkpoint.createdAt)) {
      latest = { folder, checkpoint };
    }
  }
  return latest;
}

function listRunIds(checkpointsDir: string): string[] {
  try {
    return readdirSync(checkpointsDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw usageError(`cannot read ${checkpointsDir}: ${(error as Error).message}`, 'give another --checkpoints DIR');
  }
}

/** Run ids sort by time and do not collide between processes of one second. */
export function newRunId(now: Date, random: () => number): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${Math.floor(random() * 0x10000)
    .toString(16)
    .padStart(4, '0')}`;
}
