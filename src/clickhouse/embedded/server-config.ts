import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Gate, gatedUsersXml, httpHandlersXml } from './gate.js';

/** The tool and ClickHouse share a machine that may be small; caches of gigabytes would be the tool's memory. */
const SERVER_XML = `
  <logger><size>10M</size><count>2</count></logger>
  <max_server_memory_usage_to_ram_ratio>0.6</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>268435456</mark_cache_size>
  <primary_index_cache_size>268435456</primary_index_cache_size>
  <keep_alive_timeout>30</keep_alive_timeout>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <flush_interval_milliseconds>1000</flush_interval_milliseconds>
    <ttl>event_date + INTERVAL 7 DAY DELETE</ttl>
  </query_log>
`;

export interface WrittenConfig {
  readonly path: string;
  /** The engine reads its configuration once, at its start; it holds a secret, so it goes as soon as it has been read. */
  remove(): void;
}

/** Of a starter that was killed. No start takes this long. */
const LEFT_OVER_MS = 3_600_000;

/** Writes the configuration of one start into the folder, readable for its owner alone. Starters at the same time have their own. */
export function writeServerConfig(
  dir: string,
  gate: Gate,
  options: { serverXml?: string; usersXml?: string },
): WrittenConfig {
  removeLeftOvers(dir);
  const users = join(dir, `start-${gate.instance}.users.xml`);
  const path = join(dir, `start-${gate.instance}.config.xml`);
  const open = options.usersXml !== undefined;
  writeFileSync(users, options.usersXml ?? gatedUsersXml(gate.secret), { mode: 0o600 });
  const xml = `${SERVER_XML}
  <users_config>${escapeXml(users)}</users_config>
  <user_directories><users_xml><path>${escapeXml(users)}</path></users_xml></user_directories>
  ${open ? '' : '<remote_url_allow_hosts/>'}
  ${httpHandlersXml(gate, open)}
  ${options.serverXml ?? ''}`;
  writeFileSync(path, `<clickhouse>${xml}</clickhouse>\n`, { mode: 0o600 });
  const remove = () => {
    for (const file of [users, path]) rmSync(file, { force: true });
  };
  return { path, remove };
}

function removeLeftOvers(dir: string): void {
  // What versions before the gate left here.
  for (const name of ['config.xml', 'users.xml']) rmSync(join(dir, name), { force: true });
  for (const name of readdirSync(dir)) {
    if (!/^start-.*\.(?:users|config)\.xml$/.test(name)) continue;
    const path = join(dir, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - modified > LEFT_OVER_MS) rmSync(path, { force: true });
  }
}

function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);
}
