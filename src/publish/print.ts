import { renderTable } from '../report/table.js';
import type { Gate } from './gate.js';

const MARKS: Record<Gate['status'], string> = { passed: 'ok', failed: 'FAILED', warned: 'note', skipped: 'skipped' };

/** The gates as a table, then what is wrong with those that did not simply pass. */
export function renderGates(title: string, gates: readonly Gate[]): string {
  const table = renderTable(
    [title, '', 'figure'],
    gates.map((gate) => [gate.name, MARKS[gate.status], gate.figure]),
  );
  const remarks = gates
    .filter((gate) => gate.status !== 'passed' && (gate.offenders.length > 0 || gate.todo !== undefined))
    .map((gate) =>
      [
        `${MARKS[gate.status]}: ${gate.name}`,
        ...gate.offenders.map((line) => `    ${line}`),
        ...(gate.todo === undefined ? [] : [`  → ${gate.todo}`]),
      ].join('\n'),
    );
  return [table, ...remarks].join('\n\n');
}

/** The names of failed gates, for an error's message. */
export function failures(gates: readonly Gate[]): string {
  return gates
    .filter((gate) => gate.status === 'failed')
    .map((gate) => `${gate.name} (${gate.figure})`)
    .join('; ');
}
