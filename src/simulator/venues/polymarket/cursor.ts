/** Gamma's cursors: 32 bytes of signature, then JSON with the sort keys of the last row. */
import { createHash, createHmac } from 'node:crypto';

const SECRET = 'gamma';

export interface Cursor {
  readonly kind: 'markets' | 'events';
  /** What the order is, hashed: a cursor of another order is refused. */
  readonly order: string;
  readonly keys: readonly (string | number)[];
}

function orderHash(order: string): string {
  return createHash('sha256').update(order).digest('hex');
}

export function writeCursor({ kind, order, keys }: Cursor): string {
  const typed = keys.map((v) => ({ t: typeof v === 'number' ? 'number' : 'string', v }));
  const text = Buffer.from(JSON.stringify({ v: 1, k: kind, oh: orderHash(order), keys: typed }));
  return Buffer.concat([createHmac('sha256', SECRET).update(text).digest(), text]).toString('base64url');
}

/** The sort keys, or undefined when the cursor is not one of ours, of this list and of this order. */
export function readCursor(cursor: string, kind: Cursor['kind'], order: string): (string | number)[] | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.subarray(32);
  if (!createHmac('sha256', SECRET).update(text).digest().equals(bytes.subarray(0, 32))) return undefined;
  const { k, oh, keys } = JSON.parse(text.toString()) as { k: string; oh: string; keys: { v: string | number }[] };
  return k === kind && oh === orderHash(order) ? keys.map(({ v }) => v) : undefined;
}
