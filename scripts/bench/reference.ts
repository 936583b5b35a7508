/**
 * The reference algorithm as it was, for comparison: one query a token with `or` over both asset columns, `first: 1000`
 * and no paging, JSONEachRow in asynchronous batches of 5,000 rows. With RETRY=1 it waits out a 429 and asks again, so
 * that it completes; as it was it counted the market as failed.
 *
 * Run by main.ts: SOURCE_URL, CLICKHOUSE_URL, WORKERS, RETRY, TOKENS (a file, one id a line). Prints JSON.
 */
import { readFileSync } from 'node:fs';
import { createClient } from '@clickhouse/client';
import PQueue from 'p-queue';

const { SOURCE_URL = '', CLICKHOUSE_URL = '', WORKERS = '128', RETRY = '', TOKENS = '' } = process.env;
const QUERY = `query ($token: String!) {
  orderFilledEvents(first: 1000, orderBy: timestamp, orderDirection: desc,
    where: { or: [{ makerAssetId: $token }, { takerAssetId: $token }] }) {
    id timestamp maker taker makerAssetId takerAssetId makerAmountFilled takerAmountFilled fee transactionHash orderHash
  }
}`;
const BATCH_ROWS = 5000;
const MAX_TRIES = 50;

const client = createClient({
  url: CLICKHOUSE_URL,
  database: 'bench',
  max_open_connections: 64,
  clickhouse_settings: { async_insert: 1, wait_for_async_insert: 1 },
});
const tokens = readFileSync(TOKENS, 'utf8').split('\n').filter(Boolean);
let batch: object[] = [];
let rows = 0;
let lostQueries = 0;

async function insert(values: object[]): Promise<void> {
  if (values.length > 0) await client.insert({ table: 'reference_fills', values, format: 'JSONEachRow' });
}

async function ask(token: string): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const response = await fetch(SOURCE_URL, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY, variables: { token } }),
    });
    if (response.status === 429 && RETRY === '1') {
      await response.text();
      const waitS = Number(response.headers.get('retry-after') ?? 1);
      await new Promise((resolve) => setTimeout(resolve, waitS * 1000 * (1 + Math.random())));
      continue;
    }
    if (!response.ok) {
      await response.text();
      lostQueries++;
      return;
    }
    const { data } = (await response.json()) as { data?: { orderFilledEvents?: object[] } };
    const found = data?.orderFilledEvents ?? [];
    rows += found.length;
    batch.push(...found);
    if (batch.length >= BATCH_ROWS) {
      const full = batch;
      batch = [];
      await insert(full);
    }
    return;
  }
  lostQueries++;
}

const queue = new PQueue({ concurrency: Number(WORKERS) });
await queue.addAll(tokens.map((token) => () => ask(token)));
await insert(batch);
await client.close();
process.stdout.write(`${JSON.stringify({ rows, lostQueries })}\n`);
