/** The harness's own way to ClickHouse, past the proxy and past the program's client. */
import { mkdirSync } from 'node:fs';
import { EmbeddedServer } from '../../src/clickhouse/embedded/embedded.js';
import { quoteIdentifier } from '../../src/clickhouse/sql.js';

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Server {
  readonly port: number;
  readonly login: Login;
  /** Ends it at once, as the system does that runs out of memory. */
  kill(): void;
  /** Starts it again on the same port, if it is gone. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startServer(dir: string, login: Login): Promise<Server> {
  mkdirSync(dir, { recursive: true });
  const server = await EmbeddedServer.start({ dir, usersXml: usersXml(login), stopGraceMs: 3_000 });
  return {
    port: server.httpPort,
    login,
    kill: () => killProcess(server.pid),
    restart: () => server.ensure(),
    close: () => server.close(),
  };
}

/** The server that the program itself keeps in a folder: borrowed, or started once more. */
export async function borrowServer(dir: string): Promise<Server> {
  const server = await EmbeddedServer.start({ dir, stopGraceMs: 3_000 });
  return {
    port: server.httpPort,
    get login() {
      return { user: server.login.username, password: server.login.password };
    },
    kill: () => killProcess(server.pid),
    restart: () => server.ensure(),
    close: () => server.close(),
  };
}

export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** The engine itself logs in as `default` when it starts. */
function usersXml({ user, password }: Login): string {
  return `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
    <${user}>
      <password>${password}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </${user}>
  </users>
</clickhouse>
`;
}

/** The answer as tab-separated lines. Throws with ClickHouse's own words. */
export async function ask(server: Server, database: string, sql: string): Promise<string[]> {
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  url.searchParams.set('database', database);
  const response = await fetch(url, {
    method: 'POST',
    body: sql,
    headers: { authorization: `Basic ${btoa(`${server.login.user}:${server.login.password}`)}` },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${sql.slice(0, 80)}: ${text.slice(0, 300)}`);
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

export async function dropDatabase(server: Server, database: string): Promise<void> {
  await ask(server, 'default', `DROP DATABASE IF EXISTS ${quoteIdentifier(database)} SYNC`);
}
