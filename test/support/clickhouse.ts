import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTarget } from '../../src/clickhouse/client.js';
import { EmbeddedServer } from '../../src/clickhouse/embedded/embedded.js';
import { ensureDatabase } from '../../src/clickhouse/schema.js';
import type { Target, TargetSettings } from '../../src/clickhouse/target.js';

export interface TestClickHouse {
  readonly target: Target;
  readonly settings: TargetSettings & { readonly url: string };
  readonly url: string;
  readonly server: EmbeddedServer;
  /** A further, empty database on the same server, with a client of its own. */
  database(name?: string, over?: Partial<TargetSettings>): Promise<Target>;
  stop(): Promise<void>;
}

/** As a new server of one's own is set up: the user `default`, without a password, who may do everything. */
const OPEN = `<clickhouse>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
    <quota>default</quota><access_management>1</access_management></default></users>
</clickhouse>`;

/**
 * A server of its own on free ports and in a temporary folder: one for each test file, `stop` in afterAll. It stands for a remote
 * one, so it has no gate.
 */
export async function startTestClickHouse(
  options: { serverXml?: string; usersXml?: string; settings?: Partial<TargetSettings> } = {},
): Promise<TestClickHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'backfill-clickhouse-'));
  const { settings: over, ...server } = options;
  const embedded = await EmbeddedServer.start({ dir, usersXml: OPEN, ...server });
  const settings = {
    url: embedded.url,
    username: 'default',
    password: '',
    database: 'polymarket',
    requestTimeoutMs: 30_000,
    ...over,
  };
  const targets: Target[] = [];
  const database = async (name = `test_${randomUUID().slice(0, 8)}`, more: Partial<TargetSettings> = {}) => {
    const target = await openTarget({ ...settings, database: name, ...more });
    targets.push(target);
    await ensureDatabase(target);
    return target;
  };
  return {
    target: await database(settings.database),
    settings,
    url: embedded.url,
    server: embedded,
    database,
    stop: async () => {
      for (const target of targets) await target.close();
      await embedded.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
