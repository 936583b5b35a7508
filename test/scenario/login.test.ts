import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { makeScenario, outcome, SMALL } from '../support/scenario.js';

/** As servers are commonly set up: of the system tables one may read those that describe what one may see, and no others. */
const SERVER = `
  <access_control_improvements>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <table_engines_require_grant>true</table_engines_require_grant>
  </access_control_improvements>`;
/** What `preflight` asks for, and nothing else. */
const GRANTS = [
  'GRANT SELECT, INSERT, CREATE TABLE, DROP TABLE, TRUNCATE, ALTER DELETE, ALTER COLUMN, ALTER INDEX, ALTER MODIFY COMMENT, OPTIMIZE ON granted.*',
  'GRANT TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplacingMergeTree',
];
const user = (name: string, password: string, grants = '') =>
  `<${name}><password>${password}</password><networks><ip>127.0.0.1</ip></networks>
   <profile>default</profile><quota>default</quota>${grants}</${name}>`;
const USERS = `<clickhouse>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users>
    ${user('default', '')}
    ${user('loader', 's3cret', `<grants>${GRANTS.map((grant) => `<query>${grant}</query>`).join('')}</grants>`)}
  </users>
</clickhouse>`;

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse({ serverXml: SERVER, usersXml: USERS });
});
afterAll(() => clickhouse.stop());

test('a login with exactly the rights that are asked for does the whole job, twice, and rolls back', {
  timeout: 120_000,
}, async () => {
  const target = await clickhouse.database('granted');
  const scenario = await makeScenario(clickhouse, {
    env: { CLICKHOUSE_USER: 'loader', CLICKHOUSE_PASSWORD: 's3cret' },
  });
  const common = ['--database', 'granted', '--rps', '1000'];
  const args = [...common, '--pnl-source-url', scenario.simulator.pnlUrl, ...SMALL];
  const ended = await scenario.start('run', ...args).ended;
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(ended.stdout.replace(/\s+/g, ' ')).toMatch(/how much space is free is not known/);
  expect(await target.query('SELECT count() AS n FROM clob_fills')).toEqual([
    { n: String(scenario.universe.fillCount) },
  ]);
  expect(outcome(await scenario.start('run', ...args, '--fresh').ended)).toMatchObject({ code: 0 });
  expect(outcome(await scenario.start('promote', '--rollback', ...common).ended)).toMatchObject({ code: 0 });
  expect(outcome(await scenario.start('profile', ...common, ...SMALL).ended)).toMatchObject({ code: 0 });
});
