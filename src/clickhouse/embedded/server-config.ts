import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** Writes the server's configuration into the folder; returns its path. Starters at the same time write the same. */
export function writeServerConfig(dir: string, options: { serverXml?: string; usersXml?: string }): string {
  let xml = SERVER_XML;
  if (options.usersXml !== undefined) {
    const users = join(dir, 'users.xml');
    replaceFile(users, options.usersXml);
    xml += `  <users_config>${escapeXml(users)}</users_config>\n`;
    xml += `  <user_directories><users_xml><path>${escapeXml(users)}</path></users_xml></user_directories>\n`;
  }
  const path = join(dir, 'config.xml');
  replaceFile(path, `<clickhouse>${xml}${options.serverXml ?? ''}</clickhouse>\n`);
  return path;
}

function replaceFile(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) return;
  } catch {
    // Not there yet.
  }
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);
}
