import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { Holder, livenessOf, thisHolder as thisProcess, userName } from '../core/holder.js';

/** Who holds a lease: kept as JSON in the comment of its table. */
const LeaseHolder = Holder.extend({
  /** Tells this holder's statements from those of everyone else. */
  nonce: z.string(),
  /** The command, for people. */
  what: z.string(),
  who: z.string(),
});
export type LeaseHolder = z.infer<typeof LeaseHolder>;

export function thisHolder(what: string): LeaseHolder {
  return { ...thisProcess(), nonce: randomUUID(), what, who: whoAmI() };
}

export function printHolder(holder: LeaseHolder): string {
  return JSON.stringify(holder);
}

/** Null for a comment that is not ours. */
export function parseHolder(comment: string): LeaseHolder | null {
  try {
    return LeaseHolder.parse(JSON.parse(comment));
  } catch {
    return null;
  }
}

/** True only where it is certain. Everybody else is waited for until the lease expires. */
export function isKnownDead(holder: LeaseHolder): boolean {
  return holder.bootId !== null && livenessOf(holder) === 'dead';
}

/** `ann@host-1`, for tables and messages. */
export function whoAmI(): string {
  return `${userName()}@${hostname()}`;
}
