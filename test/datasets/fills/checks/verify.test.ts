import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFillsTable } from '../../../../src/clickhouse/schema.js';
import type { Target } from '../../../../src/clickhouse/target.js';
import { type CountSource, laneKey, type Served } from '../../../../src/datasets/fills/checks/count-source.js';
import { verifyRun } from '../../../../src/datasets/fills/checks/verify-run.js';
import type { Side } from '../../../../src/datasets/fills/plan/segment.js';
import { readVerdict, type Verdict, whyStale } from '../../../../src/publish/verdict.js';
import { tell } from '../../../../src/report/findings.js';
import { startTestClickHouse, type TestClickHouse } from '../../../support/clickhouse.js';
import { makeRun, makeUniverse, workOn } from '../../pnl/universe/universe.js';

const RUN = 'r1';
const BASE = 'clob_fills_staging';
let server: TestClickHouse;
let target: Target;
let rows = 0;

beforeAll(async () => {
  server = await startTestClickHouse();
  target = await server.database();
  rows = await makeUniverse(target, { fills: BASE, run: RUN, matches: 135_000, markets: 500, wallets: 5000 });
  await target.command(`OPTIMIZE TABLE ${BASE} FINAL`);
});
afterAll(() => server?.stop());

const EMPTY_LANE = { rows: 0, micros: 0n };
let lanes: Promise<Map<string, typeof EMPTY_LANE>> | undefined;
/** What the base table, which no test changes, holds of each token and side. */
function lanesOfBase(): Promise<Map<string, typeof EMPTY_LANE>> {
  lanes ??= target
    .query<{ token: string; side: Side; n: string; m: string }>(
      `SELECT toString(token_id) AS token, lower(toString(side)) AS side, count() AS n, sum(toInt128(reinterpretAsInt64(usdc))) AS m
       FROM ${BASE} GROUP BY token_id, ${BASE}.side`,
    )
    .then(
      (rows) =>
        new Map(rows.map(({ token, side, n, m }) => [laneKey(token, side), { rows: Number(n), micros: BigInt(m) }])),
    );
  return lanes;
}

/** Serves what the base table holds, less one fill of the lanes named: a source that counts more than it serves. */
function source(): CountSource & { asked: string[] } {
  const asked: string[] = [];
  const lane = async (token: string, side: Side) => (await lanesOfBase()).get(laneKey(token, side)) ?? EMPTY_LANE;
  const asideOf = async (token: string, side: Side, aside: ReadonlySet<string>) => {
    if (aside.size === 0) return { ...EMPTY_LANE, unreadable: 0 };
    const [row] = await target.query<{ n: string; m: string }>(
      `SELECT count() AS n, sum(toInt128(reinterpretAsInt64(usdc))) AS m FROM ${BASE}
       WHERE token_id = {token:UInt256} AND side = {side:String} AND concat(tx_hash_hex, '_', order_hash_hex) IN {ids:Array(String)}`,
      { params: { token, side: side === 'buy' ? 'BUY' : 'SELL', ids: [...aside] } },
    );
    return { rows: Number(row?.n), micros: BigInt(row?.m ?? 0), unreadable: 0 };
  };
  return {
    asked,
    recount: async (tokens) =>
      Promise.all(
        tokens.map(async (token) => {
          const [buy, sell] = await Promise.all([lane(token, 'buy'), lane(token, 'sell')]);
          return { token, buys: buy.rows, sells: sell.rows, buyMicros: `${buy.micros}`, sellMicros: `${sell.micros}` };
        }),
      ),
    countDistinct: async (packs, aside) => {
      const served = new Map<string, Served>();
      for (const { side, tokens } of packs) {
        for (const token of tokens) {
          asked.push(`${side} ${token}`);
          served.set(laneKey(token, side), { ...(await lane(token, side)), aside: await asideOf(token, side, aside) });
        }
      }
      return served;
    },
  };
}

/** A copy of the base table with `change` in place of what the SELECT returns, judged. */
async function judge(
  table: string,
  select: string,
  inserts: readonly string[] = [],
  over: { run?: string } = {},
): Promise<Verdict> {
  const run = over.run ?? RUN;
  await createFillsTable(target, table, { comment: `backfill run ${run}`, replace: true });
  await target.command(`INSERT INTO ${table} ${select}`);
  for (const insert of inserts) await target.command(insert.replaceAll('{table}', table));
  return verifyRun(workOn(target), {
    found: makeRun(run, rows),
    fills: table,
    acceptRejected: 0,
    openSource: async () => source(),
  });
}

const told = (verdict: Verdict) => verdict.gates.map((found) => ({ status: found.status, ...tell(found) }));
const gate = (verdict: Verdict, name: string) => {
  const found = told(verdict).find((g) => g.name === name);
  if (!found) throw new Error(`no gate ${name} in ${JSON.stringify(verdict.gates)}`);
  return found;
};
const COUNTS = 'rows and USDC per token and side';
const failed = (verdict: Verdict): string[] =>
  told(verdict)
    .filter(({ status }) => status === 'failed')
    .map(({ name }) => name);
const ALL = `SELECT tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee, exchange, block_number, log_index FROM ${BASE}`;
/** One fill in the middle of a large market. */
const ONE = `tx_hash = (SELECT tx_hash FROM ${BASE} WHERE shares > 1 AND side = 'BUY' ORDER BY cityHash64(tx_hash) LIMIT 1) AND side = 'BUY'`;

describe('verify, on 300,000 fills', () => {
  test('a table that holds what the source counts passes, and names its refunds and direct fills', async () => {
    const verdict = await judge('same', ALL);
    expect(failed(verdict)).toEqual([]);
    expect(verdict.passed).toBe(true);
    expect(rows).toBeGreaterThan(295_000);
    expect(gate(verdict, 'conservation').figure).toMatch(/direct fill \d+ .*refund \d+|refund \d+ .*direct fill \d+/);
    expect(gate(verdict, 'tokens with a known condition').status).toBe('warned');
  });

  test('one missing fill fails', async () => {
    const verdict = await judge('missing', `${ALL} WHERE NOT (${ONE})`);
    expect(failed(verdict)).toContain(COUNTS);
    expect(gate(verdict, COUNTS).offenders.join()).toMatch(/held .* counted .* the source serves/);
  });

  test('one fill altered by a micro-dollar fails', async () => {
    const verdict = await judge(
      'altered',
      ALL.replace(' usdc,', ` if(${ONE}, usdc + toDecimal64('0.000001', 6), usdc) AS usdc,`),
    );
    expect(failed(verdict)).toContain(COUNTS);
    expect(gate(verdict, COUNTS).offenders).toHaveLength(1);
  });

  test('two fills altered so that the sums of their token agree fail by conservation alone', async () => {
    const pick = (n: number) =>
      `order_hash = (SELECT order_hash FROM ${BASE} WHERE side = 'BUY' AND usdc > 1 AND token_id = (SELECT token_id FROM ${BASE} GROUP BY token_id ORDER BY count() DESC LIMIT 1) ORDER BY order_hash LIMIT ${n}, 1)`;
    const verdict = await judge(
      'shifted',
      ALL.replace(
        ' usdc,',
        ` multiIf(${pick(0)}, usdc + toDecimal64('0.000001', 6), ${pick(1)}, usdc - toDecimal64('0.000001', 6), usdc) AS usdc,`,
      ),
    );
    expect(failed(verdict)).toEqual(['conservation']);
    expect(gate(verdict, 'conservation').offenders).toHaveLength(1);
  });

  test('shares altered by a micro-share fail by conservation', async () => {
    const verdict = await judge(
      'shares',
      ALL.replace(' shares,', ` if(${ONE}, shares + toDecimal64('0.000001', 6), shares) AS shares,`),
    );
    expect(failed(verdict)).toEqual(['conservation']);
  });

  test('one foreign fill fails', async () => {
    const verdict = await judge('foreign', ALL, [
      `INSERT INTO {table} (tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee)
       SELECT sipHash128(1)||sipHash128(2), sipHash128(3)||sipHash128(4), '2024-01-01 00:00:00', unhex('${'ab'.repeat(20)}'), unhex('${'cd'.repeat(20)}'), 12345, 'BUY', 1, 1, 0`,
    ]);
    expect(failed(verdict)).toContain(COUNTS);
    expect(gate(verdict, COUNTS).offenders[0]).toMatch(/12345: .*not counted by the source/);
  });

  test('a copy of one fill is collapsed, not counted', async () => {
    const verdict = await judge('copied', ALL, [`INSERT INTO {table} ${ALL} WHERE ${ONE}`]);
    expect(verdict.passed).toBe(true);
    expect(verdict.rows).toBe(rows);
  });

  test.each([
    ['token', ALL.replace('token_id,', 'token_id + 1 AS token_id,')],
    ['time', ALL.replace('block_time,', 'block_time + 1 AS block_time,')],
  ])('one fill doubled under another %s fails, by its pair of hashes', async (_what, copy) => {
    const verdict = await judge('doubled', ALL, [`INSERT INTO {table} ${copy} WHERE ${ONE}`]);
    expect(failed(verdict)).toContain('every fill once');
    expect(gate(verdict, 'every fill once').offenders).toHaveLength(1);
  });

  test('a fill moved to another token of the same market fails', async () => {
    const verdict = await judge('moved', `${ALL} WHERE NOT (${ONE})`, [
      `INSERT INTO {table} ${ALL.replace('token_id,', `(SELECT token_id FROM ${BASE} WHERE NOT (${ONE}) LIMIT 1) AS token_id,`)} WHERE ${ONE}`,
    ]);
    expect(failed(verdict)).toContain(COUNTS);
  });

  test('values that cannot be fail', async () => {
    const verdict = await judge(
      'range',
      ALL.replace(' fee,', ` if(${ONE}, reinterpret(toInt64(-1), 'Decimal(18, 6)'), fee) AS fee,`),
    );
    expect(failed(verdict)).toEqual(['values in range']);
    expect(gate(verdict, 'values in range').offenders[0]).toMatch(/fee -1/);
  });

  test.each([
    ['1: every token cut to its newest fills', `${ALL} ORDER BY block_time DESC LIMIT 100 BY token_id`, COUNTS],
    [
      '2: a market that the catalogue does not know',
      `${ALL} WHERE token_id != (SELECT token_id FROM ${BASE} GROUP BY token_id ORDER BY count() LIMIT 1)`,
      COUNTS,
    ],
    [
      '7: token ids through floating point',
      ALL.replace('token_id,', 'toUInt256(toFloat64(token_id)) AS token_id,'),
      COUNTS,
    ],
    ['8: a batch lost while a buffer was cleared', `${ALL} WHERE cityHash64(order_hash) % 60 != 0`, COUNTS],
    [
      '15: sales stored net of their fees',
      ALL.replace(' usdc,', " if(side = 'SELL', usdc - fee, usdc) AS usdc,"),
      'conservation',
    ],
  ])('mistake %s fails', async (_what, select, gateName) => {
    expect(failed(await judge('mistake', select))).toContain(gateName);
  });

  test('dollars stored as micro-dollars fail (mistake 5)', async () => {
    const verdict = await judge(
      'scaled',
      ALL.replace(' usdc,', " reinterpret(reinterpretAsInt64(usdc) * 1000000, 'Decimal(18, 6)') AS usdc,"),
    );
    expect(failed(verdict)).toContain(COUNTS);
  });

  describe('one order is filled twice in one transaction: the source counts two and keeps one entity', () => {
    const lost = `order_hash = (SELECT min(order_hash) FROM ${BASE} WHERE side = 'SELL' AND shares > 1
      GROUP BY tx_hash, token_id HAVING count() = 2 ORDER BY min(order_hash) LIMIT 1)`;

    /** A run whose table and whose source lack that fill. */
    async function withoutIt(run: string) {
      await target.command(
        `INSERT INTO source_counts SELECT '${run}', token_id, buys, sells, buy_usdc, sell_usdc FROM source_counts WHERE run = '${RUN}'`,
      );
      const [lane] = await target.query<{ token: string; usdc: string }>(
        `SELECT token_id AS token, usdc FROM ${BASE} WHERE ${lost}`,
      );
      const token = String(lane?.token);
      const wholeSource = source();
      const servedLess: CountSource = {
        ...wholeSource,
        countDistinct: async (packs, aside) => {
          const served = new Map(await wholeSource.countDistinct(packs, aside));
          const key = laneKey(token, 'sell');
          const here = served.get(key);
          const micros = BigInt(Number(lane?.usdc) * 1e6);
          if (here !== undefined) served.set(key, { ...here, rows: here.rows - 1, micros: here.micros - micros });
          return served;
        },
      };
      await createFillsTable(target, run, { comment: `backfill run ${run}`, replace: true });
      await target.command(`INSERT INTO {run:Identifier} ${ALL} WHERE NOT (${lost})`, { names: { run } });
      return { token, options: { fills: run, acceptRejected: 0, openSource: async () => servedLess } };
    }

    test('it is listed as source short and explains its transaction', async () => {
      const { options } = await withoutIt('short');
      const verdict = await verifyRun(workOn(target), { ...options, found: makeRun('short', rows) });
      expect(failed(verdict)).toEqual([]);
      expect(gate(verdict, 'source short').offenders).toHaveLength(1);
      expect(gate(verdict, 'conservation').figure).toMatch(/source short 1 /);
      expect(await target.query('SELECT run, side, counted_rows - served_rows AS missing FROM source_short')).toEqual([
        { run: 'short', side: 'SELL', missing: '1' },
      ]);
    });

    // Chaos seed 35.
    test('of a token whose counts cannot be read nobody can tell; its transactions are explained by that', async () => {
      const run = 'uncounted';
      const { token, options } = await withoutIt(run);
      await target.command(
        'DELETE FROM source_counts WHERE run = {run:String} AND token_id = toUInt256({token:String})',
        {
          params: { run, token },
        },
      );
      const work = workOn(target);
      const found = makeRun(run, rows, { uncounted: [token] });
      const verdict = await verifyRun(work, { ...options, found });
      expect(failed(verdict)).toEqual([]);
      expect(gate(verdict, 'counts that cannot be read')).toMatchObject({ status: 'warned', offenders: [token] });
      expect(gate(verdict, 'conservation').figure).toMatch(/uncounted 1 /);
      // Known to have counts, the same table fails.
      expect(failed(await verifyRun(work, { ...options, found: makeRun(run, rows) }))).toContain(COUNTS);
    });

    test('a selection of such tokens alone can be proven; without its own counts a run cannot', async () => {
      const run = 'only-uncounted';
      const { token, options } = await withoutIt(run);
      await target.command('DELETE FROM source_counts WHERE run = {run:String}', { params: { run } });
      await target.command('DELETE FROM {run:Identifier} WHERE token_id != toUInt256({token:String})', {
        names: { run },
        params: { token },
      });
      const work = workOn(target);
      const counts = (verdict: Verdict) => gate(verdict, COUNTS).status;
      const found = makeRun(run, rows, { uncounted: [token] });
      expect(counts(await verifyRun(work, { ...options, found }))).toBe('passed');
      expect(counts(await verifyRun(work, { ...options, found: makeRun(run, rows) }))).toBe('failed');
    });
  });

  test('rejected rows fail, and pass when accepted and attributed', async () => {
    const lost = `order_hash = (SELECT order_hash FROM ${BASE} WHERE side = 'SELL' AND usdc > 1 ORDER BY order_hash LIMIT 1)`;
    const [fill] = await target.query<{ token: string; micros: string; tx: string }>(
      `SELECT token_id AS token, reinterpretAsInt64(usdc) AS micros, tx_hash_hex AS tx FROM ${BASE} WHERE ${lost}`,
    );
    await createFillsTable(target, 'rejected', { comment: `backfill run ${RUN}`, replace: true });
    await target.command(`INSERT INTO rejected ${ALL} WHERE NOT (${lost})`);
    const found = makeRun(RUN, rows - 1, { rejected: 1 });
    const line = {
      reason: 'bad hash',
      row: { id: `${fill?.tx}_x`, makerAssetId: fill?.token, takerAssetId: '0', takerAmountFilled: fill?.micros },
    };
    writeFileSync(found.folder.rejectedPath, `${JSON.stringify(line)}\n${JSON.stringify(line)}\n{"torn`);
    const options = { found, fills: 'rejected', openSource: async () => source() };
    expect(failed(await verifyRun(workOn(target), { ...options, acceptRejected: 0 }))).toContain('rejected rows');
    const accepted = await verifyRun(workOn(target), { ...options, acceptRejected: 1 });
    expect(failed(accepted)).toEqual([]);
    expect(gate(accepted, 'conservation').figure).toMatch(/rejected row 1 /);
    expect(gate(accepted, 'rejected rows').status).toBe('warned');
  });

  test('a rejected row that named no token is found by its id when its token is read again', async () => {
    const lost = `order_hash = (SELECT order_hash FROM ${BASE} WHERE side = 'BUY' AND usdc > 1 ORDER BY order_hash LIMIT 1)`;
    const [fill] = await target.query<{ id: string }>(
      `SELECT concat(tx_hash_hex, '_', order_hash_hex) AS id FROM ${BASE} WHERE ${lost}`,
    );
    await createFillsTable(target, 'nameless', { comment: `backfill run ${RUN}`, replace: true });
    await target.command(`INSERT INTO nameless ${ALL} WHERE NOT (${lost})`);
    const found = makeRun(RUN, rows - 1, { rejected: 1 });
    const options = { found, fills: 'nameless', openSource: async () => source(), acceptRejected: 1 };
    const line = (id: unknown) =>
      JSON.stringify({ reason: 'no asset', row: { id, makerAssetId: '0', takerAssetId: '0' } });
    writeFileSync(found.folder.rejectedPath, `${line(fill?.id)}\n`);
    expect(failed(await verifyRun(workOn(target), options))).toEqual([]);
    writeFileSync(found.folder.rejectedPath, `${line(`0x${'1'.repeat(64)}_0x${'2'.repeat(64)}`)}\n`);
    expect(failed(await verifyRun(workOn(target), options))).toContain(COUNTS);
  });

  test('an incomplete run, a table of another run and missing counts fail', async () => {
    const found = makeRun(RUN, rows, {
      done: [[0, 9]],
      failed: [{ ordinal: 9, name: 'c9', code: 'deadline', message: 'm', attempts: 3 }],
    });
    const incomplete = await verifyRun(workOn(target), { found, acceptRejected: 0 });
    expect(failed(incomplete)).toEqual(['the run is complete']);
    const other = await verifyRun(workOn(target), { found: makeRun('other', rows), acceptRejected: 0 });
    expect(failed(other)).toEqual(['staging belongs to the run']);
    const uncounted = await judge('uncounted', ALL, [], { run: 'uncounted' });
    expect(failed(uncounted)).toContain(COUNTS);
  });

  test('without a token map conservation is skipped and said so; a wrong map fails', async () => {
    const bare = await server.database();
    await makeUniverse(bare, { fills: BASE, run: RUN, matches: 2000, markets: 20, wallets: 100 });
    const found = makeRun(RUN, 0);
    await bare.command('CREATE TABLE known AS outcome_tokens');
    await bare.command('INSERT INTO known SELECT * FROM outcome_tokens');
    await bare.command('TRUNCATE TABLE outcome_tokens');
    const without = await verifyRun(workOn(bare), { found, acceptRejected: 0 });
    expect([without.passed, gate(without, 'conservation').status]).toEqual([true, 'skipped']);
    await bare.command(
      `INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source)
       SELECT token_id, (SELECT any(condition_id) FROM known WHERE condition_id != k.condition_id), outcome_index, 0, 0, 'pnl' FROM known AS k`,
    );
    expect(failed(await verifyRun(workOn(bare), { found, acceptRejected: 0 }))).toEqual(['conservation']);
  });

  test('a run that went live is judged where it is now', async () => {
    const moved = await server.database();
    await makeUniverse(moved, { fills: 'clob_fills', run: RUN, matches: 2000, markets: 20, wallets: 100 });
    const verdict = await verifyRun(workOn(moved), { found: makeRun(RUN, 0), acceptRejected: 0 });
    expect(verdict.passed).toBe(true);
    expect(verdict.rows).toBeGreaterThan(4000);
  });

  test('a little memory changes nothing but the number of slices', async () => {
    const verdict = await verifyRun(workOn(target, 256), { found: makeRun(RUN, rows), acceptRejected: 0 });
    expect(verdict.passed).toBe(true);
  });

  test('a later change of the table makes the verdict void', async () => {
    await judge('later', ALL);
    const found = makeRun(RUN, rows);
    const verdict = await verifyRun(workOn(target), { found, fills: 'later', acceptRejected: 0 });
    const stored = readVerdict(found.folder);
    expect(stored).toEqual(verdict);
    const stale = () => whyStale(workOn(target), verdict, 'later', { rejected: 0, acceptRejected: 0 });
    expect(await stale()).toBeNull();
    await target.command('OPTIMIZE TABLE later FINAL');
    expect(await stale()).toBeNull();
    await target.command(`ALTER TABLE later UPDATE fee = fee + 1 WHERE ${ONE} SETTINGS mutations_sync = 1`);
    expect(await stale()).toMatch(/content/);
    await target.command(`INSERT INTO later ${ALL} WHERE ${ONE}`);
    expect(await stale()).toMatch(/rows/);
  });
});
