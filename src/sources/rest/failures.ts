/** What a REST source's status means, as a failure. Only 429, 408, 5xx and broken answers are worth another try; 400 and 422 never. */
import { cutMessage, type Failure } from '../../core/failure.js';
import { parseRetryAfter } from '../subgraph/failures.js';

/** Body text shown in a message: enough to recognise the source's own error. */
const BODY_CHARS = 200;

/** A failure by HTTP status; null for 2xx. `what` is the request without its secrets. */
export function classifyRestStatus(
  status: number,
  body: string,
  retryAfter: string | null,
  nowMs: number,
  what: string,
): Failure | null {
  if (status >= 200 && status < 300) return null;
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  const wait = retryAfterMs === null ? {} : { retryAfterMs };
  const text = shownBody(body);
  const message = (said: string) => cutMessage(`${said} ${what} (HTTP ${status})${text === '' ? '' : `: ${text}`}`);
  if (status === 429)
    return { kind: 'throttled', code: 'throttled', message: message('too many requests at'), ...wait };
  if (status >= 500) return { kind: 'transient', code: 'http_5xx', message: message('the source failed at'), ...wait };
  if (status === 408) return { kind: 'transient', code: 'query_timeout', message: message('timed out at the source:') };
  if (status === 425)
    return { kind: 'transient', code: 'overloaded', message: message('the source is busy at'), ...wait };
  const said = status === 401 || status === 403 ? 'access denied, check the key, at' : 'the source refused';
  return { kind: 'terminal', code: 'query_refused', message: message(said) };
}

/** A JSON error as it is; of an HTML page its words. */
function shownBody(body: string): string {
  const text = body.slice(0, 4000).replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ');
  return cutMessage(text, BODY_CHARS);
}
