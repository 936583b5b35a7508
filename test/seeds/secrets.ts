/** Looks for secrets in everything that a run leaves behind. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Files below `dir` (data of ClickHouse apart) that hold one of the secrets, plain or encoded. */
export function filesWithSecrets(dir: string, secrets: readonly string[], except: readonly string[]): string[] {
  const forms = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ]);
  return files(dir, except)
    .filter((path) => {
      const text = content(path);
      return forms.some((form) => text.includes(form));
    })
    .map((path) => relative(dir, path));
}

function content(path: string): string {
  const bytes = readFileSync(path);
  if (!path.endsWith('.gz')) return bytes.toString('latin1');
  try {
    return gunzipSync(bytes).toString('latin1');
  } catch {
    return bytes.toString('latin1');
  }
}

function files(dir: string, except: readonly string[]): string[] {
  return readdirSync(dir).flatMap((name) => {
    if (except.includes(name)) return [];
    const path = join(dir, name);
    return statSync(path).isDirectory() ? files(path, except) : [path];
  });
}
