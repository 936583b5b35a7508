import type { Finding, FindingId } from '../core/finding.js';
import { PNL_WORDS } from './pnl-words.js';
import { renderTable } from './table.js';
import { VERIFY_WORDS } from './verify-words.js';
import type { Words } from './words.js';

const WORDS: Readonly<Record<FindingId, Words>> = { ...VERIFY_WORDS, ...PNL_WORDS };

/** A finding in the words that people read. */
export interface Told {
  readonly name: string;
  readonly figure: string;
  readonly offenders: readonly string[];
  readonly todo: string | undefined;
}

export function tell({ id, status, figures, offenders }: Finding): Told {
  const words = WORDS[id];
  const { offender } = words;
  return {
    name: words.name,
    figure: words.figure(figures, status),
    offenders: offender === undefined ? [] : offenders.map(offender),
    todo: status === 'passed' ? undefined : words.todo?.(figures, status),
  };
}

/** For `--json`: the findings, each with the name and the line that people know it by. */
export function withWords(findings: readonly Finding[]): readonly (Finding & Pick<Told, 'name' | 'figure' | 'todo'>)[] {
  return findings.map((found) => {
    const { name, figure, todo } = tell(found);
    return { ...found, name, figure, todo };
  });
}

const MARKS: Record<Finding['status'], string> = { passed: 'ok', failed: 'FAILED', warned: 'note', skipped: 'skipped' };

/** The findings as a table, then what is wrong with those that did not simply pass. */
export function renderFindings(title: string, findings: readonly Finding[]): string {
  const told = findings.map((found) => ({ ...tell(found), mark: MARKS[found.status], status: found.status }));
  const table = renderTable(
    [title, '', 'figure'],
    told.map(({ name, mark, figure }) => [name, mark, figure]),
  );
  const remarks = told
    .filter(({ status, offenders, todo }) => status !== 'passed' && (offenders.length > 0 || todo !== undefined))
    .map(({ name, mark, offenders, todo }) =>
      [
        `${mark}: ${name}`,
        ...offenders.map((line) => `    ${line}`),
        ...(todo === undefined ? [] : [`  → ${todo}`]),
      ].join('\n'),
    );
  return [table, ...remarks].join('\n\n');
}

/** The names of failed checks, for an error's message. */
export function failures(findings: readonly Finding[]): string {
  return findings
    .filter(({ status }) => status === 'failed')
    .map(tell)
    .map(({ name, figure }) => `${name} (${figure})`)
    .join('; ');
}
