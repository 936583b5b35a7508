/**
 * What every HTTP source has in common, whatever it speaks: the errors of sockets, TLS, DNS, undici and zlib as failures, the
 * header Retry-After, and what of an error's body is worth showing.
 */
import { cutMessage, type Failure, type FailureCode, FailureError, failureOf } from '../core/failure.js';

/** Codes of Node's sockets, DNS, TLS and of undici. */
const TRANSPORT: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: 'connection',
  ECONNRESET: 'connection',
  ECONNABORTED: 'connection',
  EPIPE: 'connection',
  ETIMEDOUT: 'connection',
  EHOSTUNREACH: 'connection',
  ENETUNREACH: 'connection',
  ENETDOWN: 'connection',
  EADDRNOTAVAIL: 'connection',
  EMFILE: 'connection',
  ENOTFOUND: 'connection',
  EAI_AGAIN: 'connection',
  EPROTO: 'connection',
  UND_ERR_SOCKET: 'connection',
  UND_ERR_CONNECT_TIMEOUT: 'connection',
  UND_ERR_CLOSED: 'connection',
  UND_ERR_DESTROYED: 'connection',
  UND_ERR_HEADERS_TIMEOUT: 'deadline',
  UND_ERR_BODY_TIMEOUT: 'deadline',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad_response',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'bad_response',
  UND_ERR_HEADERS_OVERFLOW: 'bad_response',
};

/** Longest wait that a Retry-After may ask of us: a wrong clock at the source must not stop a run for a day. */
export const MAX_RETRY_AFTER_MS = 600_000;

/** Body text shown in a message: enough to recognise the source's own error or a proxy's page. */
const BODY_CHARS = 200;

/** Seconds or an HTTP date as milliseconds from now, 0 to MAX_RETRY_AFTER_MS; null where it is neither. */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(MAX_RETRY_AFTER_MS, Math.ceil(Number(text) * 1000));
  if (!/^[A-Za-z]{3}/.test(text)) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return null;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, at - nowMs));
}

/** The first value of a header of undici's, null where it is not there. */
export function headerText(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** Tags and whitespace removed, cut: error pages of proxies are HTML. */
export function bodyText(body: string): string {
  const text = body.slice(0, 4000).replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ');
  return cutMessage(text, BODY_CHARS);
}

/** An error that sockets, TLS, undici or zlib threw; `url` without credentials. */
export function classifyTransport(error: unknown, url: string): Failure {
  if (error instanceof FailureError) return error.failure;
  const { code, text } = rootCause(error);
  const known = code === null ? undefined : TRANSPORT[code];
  if (known !== undefined) return failureOf('transient', known, `${text} (${code}) at ${url}`);
  if (code?.startsWith('HPE_'))
    return failureOf('transient', 'bad_response', `the answer is not HTTP: ${text} (${code}) at ${url}`);
  if (code !== null && /^(?:CERT_|ERR_TLS|ERR_SSL|UNABLE_|DEPTH_ZERO|SELF_SIGNED)/.test(code)) {
    return failureOf('transient', 'connection', `no trusted connection: ${text} (${code}) at ${url}`);
  }
  if (code !== null) return failureOf('transient', 'connection', `${text} (${code}) at ${url}`);
  return failureOf('terminal', 'bug', `unexpected error while asking ${url}: ${text}`);
}

/** The innermost error with a code: undici and happy-eyeballs wrap it. */
function rootCause(error: unknown): { code: string | null; text: string } {
  let code: string | null = null;
  let text = String(error);
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const own = (at as NodeJS.ErrnoException).code;
    if (at.message !== '') text = at.message;
    if (typeof own === 'string') code = own;
    else if (at.name === 'HTTPParserError') code = 'HPE_INVALID'; // undici gives it a code in some cases only
    if (code !== null && code in TRANSPORT) break;
    at = at.cause ?? (at as AggregateError).errors?.[0];
  }
  return { code, text };
}
