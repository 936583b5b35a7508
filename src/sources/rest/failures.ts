/** What a REST source's status means, as a failure. Only 429, 408, 5xx and broken answers are worth another try; 400 and 422 never. */
import { type Failure, failureOf } from '../../core/failure.js';
import { bodyText, parseRetryAfter } from '../../net/http.js';

/** A failure by HTTP status; null for 2xx. `what` is the request without its secrets. */
export function classifyRestStatus(
  status: number,
  body: string,
  retryAfter: string | null,
  nowMs: number,
  what: string,
): Failure | null {
  if (status >= 200 && status < 300) return null;
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs) ?? undefined;
  const text = bodyText(body);
  const message = (said: string) => `${said} ${what} (HTTP ${status})${text === '' ? '' : `: ${text}`}`;
  if (status === 429) return failureOf('throttled', 'throttled', message('too many requests at'), retryAfterMs);
  if (status >= 500) return failureOf('transient', 'http_5xx', message('the source failed at'), retryAfterMs);
  if (status === 408) return failureOf('transient', 'query_timeout', message('timed out at the source:'));
  if (status === 425) return failureOf('transient', 'overloaded', message('the source is busy at'), retryAfterMs);
  const said = status === 401 || status === 403 ? 'access denied, check the key, at' : 'the source refused';
  return failureOf('terminal', 'query_refused', message(said));
}
