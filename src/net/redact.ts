import { createHash } from 'node:crypto';

/** Credentials leave in headers, or in the URL that is asked: never in messages, logs, fingerprints, tables or files. */

/** So long a part of a path may be a key, unless it is made of words: gateways take the key in the path. */
const KEY_CHARS = 16;
/** `orderbook-subgraph`, `0.0.1`, `polygon-mainnet-v2`. */
const WORDS = /^(?:[a-z]+|v?\d{1,4})(?:[-_.](?:[a-z]+|v?\d{1,4}))*$/i;
/** Goldsky's projects and The Graph's subgraphs are public names: `project_…`, and what follows `id`. */
const PUBLIC_NAME = /^project_/;

function isKey(part: string, before: string | undefined): boolean {
  if (part.length < KEY_CHARS || PUBLIC_NAME.test(part) || before === 'id') return false;
  return !WORDS.test(part) || /^[a-z]{20,}$/i.test(part);
}

function pathKeys(url: URL): string[] {
  const parts = url.pathname.split('/');
  return parts.filter((part, i) => isKey(part, parts[i - 1]));
}

function parse(url: string): URL | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // "joe:secret@host" parses as a URL of the scheme "joe".
  return parsed === null || parsed.host === '' ? null : parsed;
}

/** The URL without user, password, fragment, keys in its path and the values of its query: fit to be shown and stored. */
export function redactUrl(url: string): string {
  const parsed = parse(url);
  if (parsed === null) return '(not a URL)';
  const keys = new Set(pathKeys(parsed));
  const path = parsed.pathname.split('/').map((part) => (keys.has(part) ? '…' : part));
  const names = [...new Set(parsed.searchParams.keys())];
  const query = names.map((name) => `${encodeURIComponent(name)}=…`).join('&');
  return `${parsed.protocol}//${parsed.host}${path.join('/')}${query === '' ? '' : `?${query}`}`;
}

/** What tells this source from another, without showing its keys: those of the path are hashed. */
export function fingerprintUrl(url: string): string {
  const keys = parse(url) === null ? [] : pathKeys(parse(url) as URL);
  if (keys.length === 0) return redactUrl(url);
  return `${redactUrl(url)} (key ${createHash('sha256').update(keys.join('/')).digest('hex').slice(0, 12)})`;
}

/** What of a URL must not appear in any text: password, or a user that stands for a key; values of the query; keys in the path. */
export function urlSecrets(url: string): string[] {
  const parsed = parse(url);
  if (parsed === null) return [];
  const { username, password } = parsed;
  const login = password === '' ? username : password;
  const secrets = [login, decode(login), ...parsed.searchParams.values(), ...pathKeys(parsed)];
  if (username !== '' || password !== '') secrets.push(basic(parsed));
  return [...new Set(secrets.filter((secret) => secret !== ''))];
}

export interface Endpoint {
  /** Without user and password: what is connected to. */
  readonly url: string;
  /** The value of the Authorization header, or null. */
  readonly authorization: string | null;
  /** What must not appear in any text. */
  readonly secrets: readonly string[];
}

/** The token goes as a bearer; user and password of the URL as basic, unless there is a token. Throws TypeError. */
export function endpointOf(url: string, token: string | undefined): Endpoint {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw new TypeError('the source URL is no http(s) URL');
  const secrets = [...(token ? [token] : []), ...urlSecrets(url)];
  const login = parsed.username !== '' || parsed.password !== '' ? `Basic ${basic(parsed)}` : null;
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  return { url: parsed.href, authorization: token ? `Bearer ${token}` : login, secrets };
}

function basic({ username, password }: URL): string {
  return Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64');
}

/** A bare `%` in a password is no mistake. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
