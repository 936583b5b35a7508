import type { Figures } from '../core/finding.js';
import { count, explanations, money, number, residual, share, text, type Words } from './words.js';

const RELOAD = 'load the table anew with `backfill fills --fresh`';

/** What verify says of fills, by the id of the check. */
export const VERIFY_WORDS = {
  run_complete: {
    name: 'the run is complete',
    figure: (f, status) =>
      status === 'passed'
        ? `${count(f, 'done')} chunks, ${count(f, 'rows')} rows acknowledged`
        : `${count(f, 'left')} of ${count(f, 'chunks')} chunks are not done, ${count(f, 'failed')} of them failed`,
    offender: (o) => `${o.chunk}: ${o.code} after ${o.attempts} attempts: ${o.message}`,
    todo: () => 'run `backfill fills` again: it continues with what is left',
  },
  rejected_rows: {
    name: 'rejected rows',
    figure: (f, status) =>
      status === 'failed'
        ? `${count(f, 'rejected')} rows could not be decoded; ${count(f, 'accepted')} are accepted`
        : `${count(f, 'rejected')} rows could not be decoded, accepted by --accept-rejected`,
    todo: (f, status) =>
      status === 'failed'
        ? `look at rejected.ndjson of the run; --accept-rejected ${f.rejected} lets them pass, and records it`
        : undefined,
  },
  one_view: {
    name: 'one view of the source',
    figure: (f) => `the run is unpinned: ${f.reason}`,
    todo: () => 'pages were read at different heads; the counts below are those of the source as it is now',
  },
  staging_owner: {
    name: 'staging belongs to the run',
    figure: (f) =>
      f.owner === ''
        ? `there is no table ${f.table} of the run ${f.run}`
        : `${f.table} belongs to the run ${f.owner}, not to ${f.run}`,
    todo: (f) =>
      f.owner === ''
        ? 'run `backfill fills`'
        : `verify that run with --run ${f.owner}, or load this one with \`backfill fills --fresh\``,
  },
  counts: {
    name: 'rows and USDC per token and side',
    figure: (f, status) => {
      if (number(f, 'tokens') + number(f, 'differing') === 0) {
        return `the table source_counts holds nothing of the run ${f.run}`;
      }
      const all = `${count(f, 'tokens')} tokens, ${count(f, 'fills')} fills, ${money(f, 'micros')} USDC`;
      if (status === 'passed') return `${all}: equal${number(f, 'short') > 0 ? ' to what is served' : ''}`;
      return `${count(f, 'wrong')} sides of ${count(f, 'differing')} tokens differ, of ${all}`;
    },
    offender: side,
    todo: (f) =>
      number(f, 'tokens') + number(f, 'differing') === 0
        ? 'run `backfill fills` again: it writes the counts before it loads'
        : 'load them again: `backfill fills --fresh`; a plan that lacks tokens shows as "not counted"',
  },
  source_short: {
    name: 'source short',
    figure: (f) =>
      `the source counts ${count(f, 'fills')} fills in ${count(f, 'sides')} sides of tokens that it does not serve ` +
      `(an order filled twice in one transaction keeps one entity): ${money(f, 'micros')} USDC, ${share(f, 'micros', 'ofMicros')} of the volume`,
    offender: (o) => `${o.side} ${o.token}: counted ${count(o, 'countedRows')}, serves ${count(o, 'servedRows')}`,
    todo: () => 'nothing to do: the table source_short lists them all',
  },
  uncounted: {
    name: 'counts that cannot be read',
    figure: (f) =>
      `of ${count(f, 'tokens')} tokens the source serves malformed counts: their fills were read again, and staging holds exactly those`,
    offender: (o) => text(o, 'token'),
    todo: () => 'report the tokens to the owner of the subgraph',
  },
  range: {
    name: 'values in range',
    figure: (f, status) =>
      status === 'passed' ? `${count(f, 'rows')} rows` : `${count(f, 'wrong')} of ${count(f, 'rows')} rows`,
    offender: (o) => `${o.fill} token ${o.token}: ${o.wrong}`,
    todo: () => `something else than backfill wrote to this table: ${RELOAD}`,
  },
  unique: {
    name: 'every fill once',
    figure: (f, status) => {
      if (status === 'passed') return `${count(f, 'rows')} rows = FINAL = distinct fills`;
      const collapse = number(f, 'copies') === 0 ? '' : `; ${count(f, 'copies')} rows collapse`;
      return `${count(f, 'doubled')} fills stand in the table more than once${collapse}`;
    },
    offender: (o) => `${o.fill} ${o.copies} times: token ${o.tokens} at ${o.times}`,
    todo: () => `rows were written beside the run: ${RELOAD}`,
  },
  conservation: {
    name: 'conservation',
    figure: (f, status) => {
      if (status === 'skipped') return 'not checked: no token map';
      const listed = explanations(f)
        .map((e) => `${e} ${count(f, `transactions_${e}`)} (${share(f, `micros_${e}`, 'micros')} of the volume)`)
        .join('; ');
      if (status === 'failed') {
        return number(f, 'unexplained') > 0
          ? `${count(f, 'unexplained')} transactions do not balance; ${listed}`
          : `source-short tokens excuse too much; ${listed}`;
      }
      return listed === ''
        ? `every transaction balances (${count(f, 'fills')} fills)`
        : `${count(f, 'fills')} fills; explained residuals: ${listed}`;
    },
    offender: residual,
    todo: (_f, status) =>
      status === 'skipped'
        ? 'run `backfill markets`, then verify again'
        : 'look at these transactions in the table conservation_residuals; a wrong token map shows as whole conditions ' +
          '(`backfill markets` rebuilds it), a wrong row as single transactions (`backfill fills --fresh` loads anew)',
  },
  token_map: {
    name: 'tokens with a known condition',
    figure: (f, status) =>
      status === 'passed'
        ? 'all'
        : `${count(f, 'tokens')} tokens have none: ${count(f, 'fills')} fills, ${share(f, 'micros', 'ofMicros')} of the volume; conservation is not checked there`,
    todo: () => 'run `backfill markets` again if these markets are new; their P&L stays open',
  },
} as const satisfies Readonly<Record<string, Words>>;

/** One side of a token: held, counted, and what the source was seen to serve. */
function side(o: Figures): string {
  const held = `${o.side} ${o.token}: held ${count(o, 'heldRows')}, ${money(o, 'heldMicros')} USDC`;
  const counted =
    o.counted === 'yes'
      ? `counted ${count(o, 'countedRows')}, ${money(o, 'countedMicros')} USDC`
      : o.counted === 'unreadable'
        ? 'its counts cannot be read'
        : 'not counted by the source in this run';
  if (o.unreadable !== undefined) return `${held}; ${counted}; what the source serves cannot be read: ${o.unreadable}`;
  const served =
    o.servedRows === undefined ? '' : `; the source serves ${count(o, 'servedRows')}, ${money(o, 'servedMicros')} USDC`;
  return `${held}; ${counted}${served}`;
}
