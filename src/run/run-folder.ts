import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { usageError } from '../core/exit.js';
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
      throw usageError(
        `cannot make the run folder ${dir}: ${(error as Error).message}`,
        'give another --checkpoints DIR',
      );
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

  /** For the keeper alone, which is a checkpoint's only writer. */
  writeCheckpoint(checkpoint: Checkpoint): void {
    writeCheckpoint(this.checkpointPath, checkpoint);
  }

  /** Plain data. Written once, before the first checkpoint: a run without a plan has not begun. */
  writePlan(frozen: object): void {
    writeDurably(this.planPath, gzipSync(JSON.stringify(frozen), { level: 1 }));
  }

  /** `check` throws for a plan that must not be resumed, whatever was checked when it was written. Throws ExitError(1). */
  readPlan<Frozen>(check: (value: unknown) => Frozen): Frozen {
    try {
      return check(JSON.parse(gunzipSync(readFileSync(this.planPath)).toString('utf8')));
    } catch (error) {
      throw usageError(
        `plan ${this.planPath} cannot be used: ${(error as Error).message}`,
        'restore the file, or start a new run with --fresh',
      );
    }
  }

  /** Forgets a run that starts over under the same id. */
  clear(): void {
    for (const path of [this.checkpointPath, this.planPath, this.rejectedPath, this.reportPath, this.verdictPath]) {
      rmSync(path, { force: true });
    }
  }

  readRejected(): RejectedLine[] {
    let text: string;
    try {
      text = readFileSync(this.rejectedPath, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    // A crash may have cut the last line: its chunk is not in the checkpoint, so it comes again.
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    return complete
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RejectedLine);
  }

  writeRejected(lines: readonly RejectedLine[]): void {
    if (lines.length === 0) rmSync(this.rejectedPath, { force: true });
    else writeDurably(this.rejectedPath, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  /** Undefined when the file is missing. */
  readJson(path: string): unknown {
    try {
      return JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw usageError(
        `${path} cannot be read: ${(error as Error).message}`,
        'remove the file and run the command again',
      );
    }
  }

  writeJson(path: string, value: unknown): void {
    writeDurably(path, `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** One row that could not be decoded: the ordinal of its chunk, why, and the row as the source sent it. */
export interface RejectedLine {
  readonly chunk: number;
  readonly reason: string;
  readonly row: unknown;
}

export interface FoundRun {
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint;
}

/** The run named, or else the data set's that was begun last; null when there is none. Folders without a checkpoint never began. */
export function findRun(checkpointsDir: string, id?: string, dataset = 'fills'): FoundRun | null {
  const ids = id === undefined ? listRunIds(checkpointsDir) : [id];
  let latest: FoundRun | null = null;
  for (const candidate of ids) {
    const folder = new RunFolder(join(checkpointsDir, candidate), candidate);
    const checkpoint = folder.readCheckpoint();
    if (checkpoint === null || (id === undefined && checkpoint.dataset !== dataset)) continue;
    if (latest === null || checkpoint.createdAt > latest.checkpoint.createdAt) {
      latest = { folder, checkpoint };
    }
  }
  return latest;
}

/** With `--fresh` a checkpoint that cannot be understood must not stand in the way of the next run. Returns their paths. */
export function setDamagedAside(checkpointsDir: string): string[] {
  const damaged: string[] = [];
  for (const id of listRunIds(checkpointsDir)) {
    const folder = new RunFolder(join(checkpointsDir, id), id);
    try {
      folder.readCheckpoint();
    } catch {
      renameSync(folder.checkpointPath, `${folder.checkpointPath}.damaged`);
      damaged.push(folder.checkpointPath);
    }
  }
  return damaged;
}

/** What a run may be called. */
export const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Other folders are somebody else's: a volume's `lost+found`, for one, may be entered by root alone. */
function listRunIds(checkpointsDir: string): string[] {
  try {
    return readdirSync(checkpointsDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && RUN_ID.test(entry.name))
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
