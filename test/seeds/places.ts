/** Where the program runs: each sitting in a place of its own, and a second machine beside it, with another checkpoint folder. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { CommandName } from '../../src/cli/command-table.js';
import type { Random } from './random.js';
import type { Moment, Signal } from './scenario.js';

export type Place =
  | 'here'
  /** Every sitting has another host name, as containers have that share the pids of the machine. */
  | 'host-name'
  /** Every sitting is the first process of a pid namespace of its own, under the same host name. */
  | 'pid-namespace';

/** A command of a second machine on the same target, while the first is at work. It must end, and change nothing. */
export interface SecondMachine {
  readonly when: Moment;
  readonly command: CommandName;
  /** What it may end with. 75: what it needs is away. */
  readonly codes: readonly number[];
}

const HOST_NAME_SHARE = 0.04;
const PID_NAMESPACE_SHARE = 0.04;
const SECOND_SHARE = 0.12;

export function drawPlace(random: Random): Place {
  const share = random.between(0, 1);
  if (share < HOST_NAME_SHARE) return 'host-name';
  return share < HOST_NAME_SHARE + PID_NAMESPACE_SHARE ? 'pid-namespace' : 'here';
}

export function drawSecond(random: Random, job: 'fills' | 'run'): SecondMachine | undefined {
  if (!random.chance(SECOND_SHARE)) return undefined;
  // Once rows are in, the staging table belongs to the first one's run.
  if (job === 'fills') return { when: { on: 'applied', nth: random.int(0, 3) }, command: 'fills', codes: [1, 75] };
  // Nothing is live yet (1), or it has just become so; another one holds the lease; a gate fails where rows were spoilt (3).
  const when: Moment = { on: random.pick(['promote', 'pnl'] as const), nth: random.int(0, 10) };
  return { when, command: 'rebuild-pnl', codes: [0, 1, 3, 75] };
}

const PID_NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const HOST_NAME = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"'];

/** False where this machine does not let us: such a seed is played here. */
export function mayLeave(place: Place): boolean {
  const wrapper = wrapperOf(place, 'probe');
  return wrapper.length === 0 || spawnSync(wrapper[0] as string, [...wrapper.slice(1), 'true']).status === 0;
}

export function wrapperOf(place: Place, hostName: string): readonly string[] {
  if (place === 'host-name') return [...HOST_NAME, hostName];
  return place === 'pid-namespace' ? PID_NAMESPACE : [];
}

/** Whom a signal is for: `unshare` waits outside of the namespace that it made. It passes none on, but takes the namespace along. */
export function programIn(place: Place, pid: number, signal: Signal): number {
  if (place !== 'pid-namespace' || signal === 'SIGKILL') return pid;
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return Number(first) || pid;
  } catch {
    return pid;
  }
}
