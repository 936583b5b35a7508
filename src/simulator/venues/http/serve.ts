/** One request on its way through a host: limit, faults, route, and how the answer leaves. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { readBody } from '../../request.js';
import { addTo } from '../../stats.js';
import { type FaultKind, type Faults, firstPage, instead, type Strike, spoiled } from './faults.js';
import { type Answer, type Asked, endpointOf, findRoute, type Host } from './host.js';
import type { HostStats } from './stats.js';

const gzipAsync = promisify(gzip);
const GZIP_FROM_BYTES = 1_000;

export interface Serving {
  readonly host: Host;
  readonly stats: () => HostStats;
  readonly faults: Faults;
  readonly latencyMs: () => number;
  readonly closing: AbortSignal;
  /** A market comes in at the front (the fault `insert`). */
  readonly insert: () => void;
  readonly log: (asked: Asked) => void;
}

/** What the host is doing instead of answering, until when by the wall clock. */
const outages = new WeakMap<Host, { readonly kind: FaultKind; readonly untilMs: number }>();

export function beginOutage(host: Host, kind: 'down' | 'gone', forMs: number): void {
  outages.set(host, { kind, untilMs: performance.now() + forMs });
}

export async function serve(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host } = serving;
  const asked = await parse(request, host.base);
  serving.log(asked);
  const stats = serving.stats();
  stats.requests++;
  stats.inFlight++;
  stats.maxInFlight = Math.max(stats.maxInFlight, stats.inFlight);
  try {
    await answerTo(serving, asked, request, response);
  } finally {
    stats.inFlight--;
  }
}

async function parse(request: IncomingMessage, base: string): Promise<Asked> {
  const url = (request.url ?? '/').slice(base.length);
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const search = mark < 0 ? '' : url.slice(mark);
  const method = request.method ?? 'GET';
  const body = method === 'GET' ? '' : await readBody(request);
  return { method, path, search, query: new URLSearchParams(search), body, headers: request.headers };
}

async function answerTo(serving: Serving, asked: Asked, request: IncomingMessage, response: ServerResponse) {
  const { host, faults } = serving;
  const stats = serving.stats();
  const found = findRoute(host.routes, asked.method, asked.path);
  const endpoint = found ? endpointOf(found.route) : 'not found';
  addTo(stats.byEndpoint, `${asked.method} ${endpoint}`);
  const strikes = faults.strikes(host.name, asked);
  for (const { rule } of strikes) addTo(stats.faults, rule.kind);
  for (const { rule } of strikes) {
    if (rule.kind === 'down' || rule.kind === 'gone') beginOutage(host, rule.kind, rule.ms ?? 1_000);
    if (rule.kind === 'insert') serving.insert();
  }
  const outage = outages.get(host);
  if (outage && performance.now() < outage.untilMs) {
    if (outage.kind === 'gone') return reset(response);
    return send(serving, request, response, { status: 503, body: '' });
  }
  if (has(strikes, 'reset')) return reset(response);
  if (has(strikes, 'hang')) return untilGone(response, serving.closing);
  const entry = host.limiter.enter(endpoint, asked);
  if ('refusal' in entry) {
    stats.refused++;
    return send(serving, request, response, entry.refusal);
  }
  try {
    if (entry.delayMs > 0) {
      stats.delayed++;
      stats.longestDelayMs = Math.max(stats.longestDelayMs, entry.delayMs);
    }
    const slow = strikes.find(({ rule }) => rule.kind === 'slow')?.rule.ms ?? 0;
    const wait = entry.delayMs + serving.latencyMs() + slow;
    if (wait > 0) await sleep(wait, undefined, { signal: serving.closing }).catch(() => undefined);
    const answer = answered(serving, asked, strikes, found);
    await send(serving, request, response, answer, has(strikes, 'cut-body'));
  } finally {
    host.limiter.leave?.();
  }
}

function answered(
  { host, faults }: Serving,
  asked: Asked,
  strikes: readonly Strike[],
  found: ReturnType<typeof findRoute>,
): Answer {
  for (const strike of strikes) {
    const other = instead(strike);
    if (other) return other;
  }
  const refusal = host.refuse?.(asked);
  if (refusal) return refusal;
  if (!found) return host.notFound(asked);
  const seen = has(strikes, 'first-page') ? firstPage(asked) : asked;
  let answer = found.route.answer(seen, found.params);
  for (const strike of strikes) answer = spoiled(answer, strike, asked, faults.seed);
  return answer;
}

function has(strikes: readonly Strike[], kind: FaultKind): boolean {
  return strikes.some(({ rule }) => rule.kind === kind);
}

async function send(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  cut = false,
): Promise<void> {
  const stats = serving.stats();
  addTo(stats.byStatus, String(answer.status));
  let body = Buffer.from(answer.body);
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', ...answer.headers };
  if (body.length >= GZIP_FROM_BYTES && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    body = await gzipAsync(body, { level: 1 });
    headers['content-encoding'] = 'gzip';
  }
  stats.bytes += body.length;
  if (response.destroyed) return;
  response.writeHead(answer.status, { ...headers, 'content-length': body.length });
  if (cut) {
    await new Promise((resolve) => response.write(body.subarray(0, Math.ceil(body.length / 2)), resolve));
    return reset(response);
  }
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(body, () => resolve());
  });
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function untilGone(response: ServerResponse, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    closing.addEventListener('abort', () => resolve(), { once: true });
  });
}
