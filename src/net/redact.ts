/** Credentials leave in headers only: never in messages, logs, fingerprints or files. */

/** The URL without user, password, fragment and the values of its query: fit to be shown and stored. */
export function redactUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // "joe:secret@host" parses as a URL of the scheme "joe".
  if (parsed === null || parsed.host === '') return '(not a URL)';
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  const names = [...new Set(parsed.searchParams.keys())];
  parsed.search = names.length === 0 ? '' : `?${names.map((name) => `${encodeURIComponent(name)}=…`).join('&')}`;
  return parsed.search === '' ? parsed.href : parsed.href.replaceAll('%E2%80%A6', '…');
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
  const [user, password] = [decode(parsed.username), decode(parsed.password)];
  const secrets = [token, password, parsed.password, ...parsed.searchParams.values()];
  if (password === '') secrets.push(user, parsed.username);
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  if (user !== '' || password !== '') secrets.push(basic.slice(6));
  const authorization = token ? `Bearer ${token}` : user !== '' || password !== '' ? basic : null;
  return { url: parsed.href, authorization, secrets: usable(secrets) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Longest first, so that no secret is left over from one that contains it. Single letters would blank every text. */
function usable(secrets: readonly (string | undefined)[]): string[] {
  const kept = secrets.filter((secret): secret is string => secret !== undefined && secret.length >= 3);
  return [...new Set(kept)].sort((a, b) => b.length - a.length);
}

export function scrub(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}
