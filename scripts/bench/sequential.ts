/**
 * A sequential pager by timestamp, as the well-known public scrapers do it: one request after the other,
 * `timestamp_gt` the last row's, `first: 1000`, JSONEachRow. Stops after SECONDS and says how far it came: to the end
 * it would take hours. It also loses rows that share the second at which a page ends.
 *
 * Run by main.ts: SOURCE_URL, CLICKHOUSE_URL, SECONDS. Prints JSON.
 */
import { createClient } from '@clickhouse/client';

const { SOURCE_URL = '', CLICKHOUSE_URL = '', SECONDS = '30' } = process.env;
const QUERY = `query ($after: BigInt!) {
  orderFilledEvents(first: 1000, orderBy: timestamp, orderDirection: asc, where: { timestamp_gt: $after }) {
    id timestamp maker taker makerAssetId takerAssetId makerAmountFilled takerAmountFilled fee transactionHash orderHash
  }
}`;
const client = createClient({ url: CLICKHOUSE_URL, database: 'bench' });
const startMs = performance.now();
let after = '0';
let rows = 0;
let requests = 0;
let ended = false;
while (!ended && performance.now() - startMs < Number(SECONDS) * 1000) {
  const response = await fetch(SOURCE_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: QUERY, variables: { after } }),
  });
  requests++;
  const { data } = (await response.json()) as { data?: { orderFilledEvents?: { timestamp: string }[] } };
  const page = data?.orderFilledEvents ?? [];
  rows += page.length;
  ended = page.length < 1000;
  after = page.at(-1)?.timestamp ?? after;
  if (page.length > 0) await client.insert({ table: 'sequential_fills', values: page, format: 'JSONEachRow' });
}
await client.close();
process.stdout.write(`${JSON.stringify({ rows, requests, ended, seconds: (performance.now() - startMs) / 1000 })}\n`);
