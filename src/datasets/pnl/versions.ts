import { loadSql } from '../../clickhouse/sql.js';
import { stagingOwner } from '../../clickhouse/staging.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import type { Target } from '../../clickhouse/target.js';
import { history, type MadeFrom } from '../../publish/promotions.js';
import { uuidsOf } from '../../publish/switch.js';
import { WALLET_MARKET, WALLETS } from './tables.js';

/** The versions of fills and of resolutions as they are now; null where there is no live table. */
export async function readVersions(target: Target): Promise<MadeFrom | null> {
  const live = await stagingOwner(target, FILLS_LIVE);
  if (live === undefined) return null;
  const [known] = await target.query<{ tokens: string; checksum: string }>(loadSql('pnl/resolutions-version'), {
    purpose: 'reading the version of the resolutions',
  });
  return { fills: `${live.uuid} ${live.rows}`, resolutions: `${known?.tokens} ${known?.checksum}` };
}

/** Why the P&L tables are not those of the live fills and the resolutions that are known now. Null: they are, or nothing is live. */
export async function whyPnlBehind(target: Target): Promise<string | null> {
  const now = await readVersions(target);
  if (now === null) return null;
  const tables = [WALLET_MARKET, WALLETS];
  const uuids = await uuidsOf(target, tables);
  if (!tables.every((table) => uuids.has(table))) return 'it has not been made yet';
  const promotions = await history(target);
  const made = tables.map(
    (table) => promotions.findLast((p) => p.live === table && p.newUuid === uuids.get(table))?.madeFrom,
  );
  if (made.some((from) => from === undefined)) return 'nobody recorded what it was made from';
  const changed = [
    ...(made.every((from) => from?.fills === now.fills) ? [] : ['the live fills']),
    ...(made.every((from) => from?.resolutions === now.resolutions) ? [] : ['the tokens or resolutions']),
  ];
  return changed.length === 0 ? null : `${changed.join(' and ')} changed since it was made`;
}
