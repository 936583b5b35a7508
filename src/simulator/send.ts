/** How an answer leaves: encoded as asked for, and whole, cut short, drop by drop or not at all. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

import type { Reply } from './reply.js';

const gzipAsync = promisify(gzip);
const GZIP = { level: 1, memLevel: 9, chunkSize: 1 << 20, strategy: constants.Z_DEFAULT_STRATEGY };
/** Shorter answers are not worth encoding. */
const GZIP_FROM_BYTES = 1_000;
const DRIBBLE_MS = 1_000;

/** Resolves with the bytes sent when the body has been handed to the system: its buffer may then be written again. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  closing: AbortSignal,
): Promise<number> {
  let { body } = reply;
  if (body.length >= GZIP_FROM_BYTES && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    body = await gzipAsync(body, GZIP);
    reply.headers['content-encoding'] = 'gzip';
  }
  reply.body = body;
  reply.edit?.(reply);
  if (response.destroyed) return 0;
  switch (reply.sending) {
    case 'whole':
      await whole(response, reply);
      break;
    case 'reset-before':
      reset(response);
      return 0;
    case 'reset-during':
      response.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length });
      await new Promise((resolve) => response.write(reply.body.subarray(0, Math.ceil(reply.body.length / 2)), resolve));
      reset(response);
      break;
    case 'reset-after':
      await whole(response, reply);
      reset(response);
      break;
    case 'dribble':
      await dribble(response, reply, closing);
      break;
    case 'silent':
      // Holds the socket until the client gives up.
      await new Promise<void>((resolve) => {
        response.once('close', resolve);
        closing.addEventListener('abort', () => resolve(), { once: true });
      });
      return 0;
  }
  return reply.body.length;
}

async function whole(response: ServerResponse, reply: Reply): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length });
    response.end(reply.body, () => resolve());
  });
}

/** One byte a second, for as long as anybody listens. */
async function dribble(response: ServerResponse, reply: Reply, closing: AbortSignal): Promise<void> {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length });
  for (let at = 0; at < reply.body.length && !response.destroyed && !closing.aborted; at++) {
    response.write(reply.body.subarray(at, at + 1));
    await sleep(DRIBBLE_MS, undefined, { signal: closing }).catch(() => undefined);
  }
  if (!response.destroyed) response.end();
}

/** RST where the platform can, so that the client sees a reset and not an end. */
function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
