/** Results as lines: one for a seed on the terminal, one in the file of the commit, a table at the end. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Played } from './play.js';

export class ResultsFile {
  constructor(readonly path: string) {}

  add(played: Played): void {
    mkdirSync(dirname(this.path), { recursive: true });
    appendFileSync(this.path, `${JSON.stringify(played)}\n`);
  }
}

/** Seeds whose last result in the file is green. */
export function readGreen(path: string): Map<number, Played> {
  const green = new Map<number, Played>();
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return green;
  }
  for (const line of text.split('\n')) {
    if (!line.endsWith('}')) continue;
    const played = JSON.parse(line) as Played;
    if (played.wrong.length === 0) green.set(played.seed, played);
    else green.delete(played.seed);
  }
  return green;
}

export function renderLine(played: Played): string {
  const { seed, what, rows, rejected, lost, doubled, retries, wrong, ms } = played;
  const faults = Object.entries(played.faults).sort(([, a], [, b]) => b - a);
  const struck = faults.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'no faults';
  const kills =
    Object.entries(played.kills)
      .map(([signal, count]) => `${signal}×${count}`)
      .join(' ') || 'no kills';
  const verdict = wrong.length === 0 ? 'ok  ' : 'FAIL';
  const rejects = rejected > 0 ? `, rejected ${rejected}` : '';
  return `${verdict} ${seed}: ${what} | ${struck} | ${kills} | ${played.sittings} sittings, retries ${retries} | rows ${rows}${rejects}, lost ${lost}, doubled ${doubled} | ${(ms / 1000).toFixed(1)} s`;
}

export function renderTotals(all: readonly Played[], commit: string): string {
  const sum = (of: (played: Played) => number) => all.reduce((total, played) => total + of(played), 0);
  const count = (n: number) => n.toLocaleString('en-US');
  const lines: [string, number][] = [
    ['seeds', all.length],
    ['green', all.filter(({ wrong }) => wrong.length === 0).length],
    ['sittings', sum((p) => p.sittings)],
    ...tally(all, (p) => p.kills).map(([signal, n]): [string, number] => [`killed by ${signal}`, n]),
    ...tally(all, (p) => p.inside),
    ['gave up (75)', sum((p) => p.gaveUp)],
    ['stopped until mended', sum((p) => p.stopped)],
    ['requests', sum((p) => p.requests)],
    ['retries', sum((p) => p.retries)],
    ['rows', sum((p) => p.rows)],
    ['rejected', sum((p) => p.rejected)],
    ['lost', sum((p) => p.lost)],
    ['doubled', sum((p) => p.doubled)],
  ];
  const faults = tally(all, (p) => p.faults);
  const width = Math.max(...[...lines, ...faults].map(([name]) => name.length));
  const line = ([name, n]: [string, number]) => `  ${name.padEnd(width)}  ${count(n).padStart(12)}`;
  return [`\n${commit}`, ...lines.map(line), '\nfaults by kind', ...faults.map(line)].join('\n');
}

function tally(all: readonly Played[], of: (played: Played) => Readonly<Record<string, number>>): [string, number][] {
  const sums = new Map<string, number>();
  for (const played of all) for (const [key, n] of Object.entries(of(played))) sums.set(key, (sums.get(key) ?? 0) + n);
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
}
