import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { z } from 'zod';

/** Who holds a lease: kept as JSON in the comment of its table. */
const Holder = z.object({
  /** Tells this holder's statements from those of everyone else. */
  nonce: z.string(),
  /** The command, for people. */
  what: z.string(),
  who: z.string(),
  pid: z.number().int().positive(),
  since: z.string(),
  /** Of the running system and of its pid namespace; null where the system does not say. */
  machine: z.string().nullable(),
  /** Start of the process in clock ticks since boot: pids are used again. */
  processStart: z.string().nullable(),
});
export type LeaseHolder = z.infer<typeof Holder>;

export function thisHolder(what: string): LeaseHolder {
  return {
    nonce: randomUUID(),
    what,
    who: whoAmI(),
    pid: process.pid,
    since: new Date().toISOString(),
    machine: thisMachine(),
    processStart: processStart(process.pid),
  };
}

export function printHolder(holder: LeaseHolder): string {
  return JSON.stringify(holder);
}

/** Null for a comment that is not ours. */
export function parseHolder(comment: string): LeaseHolder | null {
  try {
    return Holder.parse(JSON.parse(comment));
  } catch {
    return null;
  }
}

/**
 * True only where it is certain: the holder ran on this machine, in this pid namespace, since this boot, and is gone. Everybody
 * else is waited for until the lease expires.
 */
export function isKnownDead(holder: LeaseHolder): boolean {
  if (holder.machine === null || holder.machine !== thisMachine() || holder.processStart === null) return false;
  return processStart(holder.pid) !== holder.processStart;
}

/** `ann@host-1`, for tables and messages. */
export function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run under a user without a name.
    return `uid ${process.getuid?.() ?? '?'}@${hostname()}`;
  }
}

function thisMachine(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** Null: there is no such process, or it has ended and nobody has taken notice yet. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold spaces; field 22 counts from the one after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
