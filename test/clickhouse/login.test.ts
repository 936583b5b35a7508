import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTarget } from '../../src/clickhouse/client.js';
import { compareVersions, preflight } from '../../src/clickhouse/preflight.js';
import { createFillsTable } from '../../src/clickhouse/schema.js';
import type { TargetSettings } from '../../src/clickhouse/target.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

const user = (name: string, password: string, profile: string, grants = ''): string => `
  <${name}>
    <password>${password}</password><networks><ip>127.0.0.1</ip></networks>
    <profile>${profile}</profile><quota>default</quota>${grants}
  </${name}>`;

const USERS = `
<clickhouse>
  <profiles><default/><reads><readonly>1</readonly></reads><reads_and_sets><readonly>2</readonly></reads_and_sets></profiles>
  <quotas><default/></quotas>
  <users>
    ${user('default', '', 'default')}
    ${user('owner', `p'ä:@/%"s3cret`, 'default')}
    ${user('reader', 's3cret', 'reads')}
    ${user('setter', 's3cret', 'reads_and_sets')}
    ${user(
      'guest',
      's3cret',
      'default',
      '<grants><query>GRANT SELECT, INSERT, CREATE TABLE, CREATE DATABASE ON polymarket.*</query></grants>',
    )}
  </users>
</clickhouse>`;

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse({ usersXml: USERS });
});
afterAll(() => clickhouse.stop());

async function refused(over: Partial<TargetSettings>): Promise<string> {
  const target = await openTarget({ ...clickhouse.settings, ...over });
  try {
    const error = await preflight(target).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ExitError', code: 1 });
    const text = `${(error as Error).message} ${(error as { hint?: string }).hint}`;
    expect(text).not.toContain('s3cret');
    return text;
  } finally {
    await target.close();
  }
}

test('a login that may do everything passes, whatever is in its password', async () => {
  for (const over of [
    { username: 'owner', password: `p'ä:@/%"s3cret` },
    { url: clickhouse.url.replace('http://', `http://owner:${encodeURIComponent(`p'ä:@/%"s3cret`)}@`) },
  ]) {
    const target = await openTarget({ ...clickhouse.settings, ...over, database: 'not there yet' });
    expect(await preflight(target)).toMatchObject({ databaseExists: false });
    expect(target.username).toBe('owner');
    await target.close();
  }
});

test('a wrong password and an unknown user are refused by name', async () => {
  expect(await refused({ username: 'owner', password: 's3cret-wrong' })).toContain('refuses the login of user "owner"');
  expect(await refused({ username: 'nobody', password: 's3cret' })).toContain('refuses the login of user "nobody"');
});

test('users who may only read are told so', async () => {
  expect(await refused({ username: 'reader', password: 's3cret' })).toContain('may only read');
  expect(await refused({ username: 'setter', password: 's3cret' })).toContain('may only read');
});

test('missing rights are listed, with the statement that gives them', async () => {
  const text = await refused({ username: 'guest', password: 's3cret' });
  expect(text).toContain(
    'lacks rights on the database "polymarket": DROP TABLE, TRUNCATE, ALTER DELETE, ALTER COLUMN, ALTER INDEX, ALTER MODIFY COMMENT, OPTIMIZE',
  );
  expect(text).toContain(
    'GRANT DROP TABLE, TRUNCATE, ALTER DELETE, ALTER COLUMN, ALTER INDEX, ALTER MODIFY COMMENT, OPTIMIZE ON `polymarket`.*, ' +
      'TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplacingMergeTree TO `guest`',
  );
  expect(await refused({ username: 'guest', password: 's3cret', database: 'other' })).toContain('SELECT, INSERT');
});

test('a right that is taken away in the middle is a terminal failure', async () => {
  const target = await openTarget({ ...clickhouse.settings, username: 'guest', password: 's3cret' });
  await createFillsTable(clickhouse.target, 'f');
  await target.insertRows('f', [{ token_id: 1 }]);
  await expect(target.command('DROP TABLE f')).rejects.toMatchObject({
    failure: { kind: 'terminal', side: 'target', code: 'target_denied' },
  });
  await target.close();
});

test('a database in which tables cannot be exchanged is refused', async () => {
  await clickhouse.target.command('CREATE DATABASE in_memory ENGINE = Memory');
  expect(await refused({ database: 'in_memory' })).toContain('has the engine Memory');
});

test('versions are compared by number', () => {
  expect(compareVersions('24.10.1.2', '24.8')).toBeGreaterThan(0);
  expect(compareVersions('23.8.1', '23.8')).toBe(0);
  expect(compareVersions('22.12.9', '23.8')).toBeLessThan(0);
});
