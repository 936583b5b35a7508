import { usageError } from '../core/exit.js';
import { isLoopback } from '../core/loopback.js';

export interface ParsedUrl {
  /** Origin and path, without credentials: what is shown and what is connected to. */
  readonly url: string;
  readonly origin: string;
  readonly pathname: string;
  readonly username?: string;
  readonly password?: string;
  readonly loopback: boolean;
}

/** Takes a ClickHouse URL apart. Throws ExitError(1), whose message never holds the credentials. */
export function parseTargetUrl(text: string): ParsedUrl {
  const hint = 'expected something like http://localhost:8123 or https://user:password@host:8443';
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch {
    throw usageError('the ClickHouse URL is not a URL', hint);
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw usageError(`the ClickHouse URL must begin with http:// or https://, not ${parsed.protocol}//`, hint);
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    throw usageError(
      `the ClickHouse URL ${parsed.origin} must not have parameters`,
      'use --database for the database and CLICKHOUSE_USER and CLICKHOUSE_PASSWORD for the login',
    );
  }
  const pathname = parsed.pathname.replace(/\/+$/, '');
  return {
    url: parsed.origin + pathname,
    origin: parsed.origin,
    pathname,
    ...(parsed.username === '' ? {} : { username: decode(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decode(parsed.password) }),
    loopback: isLoopback(parsed.hostname),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
