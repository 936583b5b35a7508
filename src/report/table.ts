import Table from 'cli-table3';
import { visible } from '../core/visible.js';
import { displayWidth, wrapWords } from './wrap.js';

const GAP = '  ';
const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: GAP,
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: GAP,
};

/** Where there is no terminal: what is piped or pasted is read on one later. */
const NO_TERMINAL_COLUMNS = 80;

function terminalColumns(): number {
  return process.stdout.columns || NO_TERMINAL_COLUMNS;
}

/**
 * Columns for a terminal; numbers belong to the right. No line is wider than `columns`: long cells go on below, between words;
 * and where even that is not enough, each row is written as facts. Only a single value that is wider alone stays whole.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  rightColumns: readonly number[] = [],
  columns = terminalColumns(),
): string {
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = fittingWidths(cells, columns - GAP.length * head.length);
  if (widths === null) return rowsAsFacts(cells[0] as string[], cells.slice(1), columns);
  const [first, ...others] = cells.map((row) => row.map((cell, i) => wrapWords(cell, widths[i] as number).join('\n')));
  const table = new Table({
    head: first as string[],
    chars: PLAIN,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, i) => (rightColumns.includes(i) ? 'right' : 'left')),
  });
  for (const row of others) table.push(row);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Foreign texts, like names of markets, may hold anything. */
function oneLine(cell: string): string {
  return visible(cell.replace(/\s*\n\s*/g, ' '));
}

/** The width of each column, the widest cut first; null when the longest words alone are too wide. */
function fittingWidths(cells: readonly (readonly string[])[], room: number): number[] | null {
  const columnsOf = (width: (cell: string) => number) =>
    (cells[0] as readonly string[]).map((_, i) => Math.max(...cells.map((row) => width(row[i] ?? ''))));
  const widths = columnsOf(displayWidth);
  const least = columnsOf((cell) => Math.max(...cell.split(' ').map(displayWidth)));
  for (let over = sum(widths) - room; over > 0; ) {
    const slack = widths.map((width, i) => width - (least[i] as number));
    const widest = slack.reduce(
      (best, left, i) => (left > 0 && (best < 0 || at(widths, i) > at(widths, best)) ? i : best),
      -1,
    );
    if (widest < 0) return null;
    const cut = Math.min(over, slack[widest] as number, Math.max(1, at(widths, widest) >> 2));
    widths[widest] = at(widths, widest) - cut;
    over -= cut;
  }
  return widths;
}

function at(numbers: readonly number[], i: number): number {
  return numbers[i] as number;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

function rowsAsFacts(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const named = (row: readonly string[]) => row.map((cell, i): [string, string] => [head[i] ?? '', cell]);
  return rows.map((row) => renderFacts(named(row), columns)).join('\n\n');
}

/** Name and figure, one a line; long figures go on below, between words. */
export function renderFacts(
  facts: readonly (readonly [name: string, value: string])[],
  columns = terminalColumns(),
): string {
  const width = Math.max(...facts.map(([name]) => displayWidth(name)));
  const room = columns - width - 2 * GAP.length;
  const lines = facts.flatMap(([name, value]) => {
    const parts = value.split('\n').flatMap((part) => wrapWords(visible(part), room));
    const label = `${GAP}${name}${' '.repeat(width - displayWidth(name))}`;
    // A value that would fit alone has a line alone.
    if (parts.some((part) => displayWidth(part) > room)) return [label, ...parts.map((part) => `${GAP}${part}`)];
    return parts.map((part, i) => `${i === 0 ? label : ' '.repeat(width + GAP.length)}${GAP}${part}`);
  });
  return lines.map((line) => line.trimEnd()).join('\n');
}
