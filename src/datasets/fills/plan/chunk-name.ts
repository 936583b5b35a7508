/**
 * A chunk's name is its identity in checkpoints, logs and messages: `17:id:..` is pack 17 whole, `3:id:0x4..0x8` a
 * slice of pack 3, `*:time:1700000000..1700003600` an hour of the whole tape. Printing and parsing round-trip.
 */
import type { Axis, Chunk, Range } from './chunk.js';
import { rangeIsEmpty } from './ranges.js';

export interface ChunkKey {
  readonly pack: number | null;
  readonly range: Range;
}

const ID_BOUND = /^0x[0-9a-f]{0,64}$/;
const TIME_BOUND = /^(?:0|[1-9][0-9]{0,11})$/;
const NAME = /^(\*|0|[1-9][0-9]{0,8}):(id|time):([^.:]*)\.\.([^.:]*)$/;

export function chunkName(chunk: ChunkKey | Chunk): string {
  const { axis, from, to } = chunk.range;
  return `${chunk.pack ?? '*'}:${axis}:${from ?? ''}..${to ?? ''}`;
}

/** Null for anything that `chunkName` does not print. */
export function parseChunkName(name: string): ChunkKey | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const axis = match[2] as Axis;
  const bound = axis === 'id' ? ID_BOUND : TIME_BOUND;
  const [from, to] = [match[3] as string, match[4] as string];
  if ((from !== '' && !bound.test(from)) || (to !== '' && !bound.test(to))) return null;
  const range: Range = { axis, from: from === '' ? null : from, to: to === '' ? null : to };
  if (rangeIsEmpty(range)) return null;
  return { pack: match[1] === '*' ? null : Number(match[1]), range };
}
