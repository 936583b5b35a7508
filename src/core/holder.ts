/**
 * Who holds something on the disk (a run, the folder of a server), told so that another process can judge whether the holder
 * lives, also one in another container or on another machine.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { z } from 'zod';

export const Holder = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  /** Start of the process in clock ticks since boot, where the system tells: pids are used again. */
  processStart: z.string().nullable(),
  /** The kernel's id of this boot, and of the space that the pid counts in (a container has one of its own). Linux only. */
  bootId: z.string().nullable().default(null),
  pidNamespace: z.string().nullable().default(null),
  since: z.string(),
});
export type Holder = z.infer<typeof Holder>;

/**
 * `elsewhere`: its pid says nothing here, since it counts in another container's, or another machine's, space of pids. Whether
 * such a holder lives can only be seen by what it does.
 */
export type Liveness = 'alive' | 'dead' | 'elsewhere';

export function thisHolder(): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid),
    ...pidSpace(),
    since: new Date().toISOString(),
  };
}

export function livenessOf(holder: Holder): Liveness {
  const here = pidSpace();
  // With no kernel to tell, the name of the host does.
  const sameSpace =
    here.bootId === null && holder.bootId === null
      ? holder.host === hostname()
      : holder.bootId === here.bootId && holder.pidNamespace === here.pidNamespace;
  if (!sameSpace) return 'elsewhere';
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
  }
  const start = processStart(holder.pid);
  return start === null || holder.processStart === null || start === holder.processStart ? 'alive' : 'dead';
}

/** The user that runs this, for tables and messages. A container may run under a uid that has no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** As messages name it. */
export function describeHolder({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host} since ${since}`;
}

function pidSpace(): { bootId: string | null; pidNamespace: string | null } {
  return {
    bootId: orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
  };
}

function processStart(pid: number): string | null {
  return orNull(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold spaces; field 22 counts from the one after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'dead' : (fields[19] ?? null);
  });
}

/** Null where the system has no /proc, or none that may be read. */
function orNull(read: () => string | null): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
