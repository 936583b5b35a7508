import { visible } from './visible.js';

export const SECRET_PLACEHOLDER = '[secret]';

/** Shorter ones would cut innocent words; a password of three letters protects nothing anyway. */
const MIN_CHARS = 4;
/** Shorter ones are hidden only where they stand alone: a password `rows` or `1234` must not tear other words and numbers. */
const WORD_CHARS = 8;

/** Cuts secrets out of a text, also as URLs, headers and JSON write them. */
export function hider(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.filter(({ length }) => length >= MIN_CHARS).flatMap(formsOf))];
  // Longest first, so that nothing is left over of a secret that contains another.
  const sorted = forms
    .sort((a, b) => b.length - a.length)
    .map((form) => (form.length < WORD_CHARS ? alone(form) : form));
  return (text) => sorted.reduce<string>((line, form) => line.replaceAll(form, SECRET_PLACEHOLDER), text);
}

function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ];
}

function alone(form: string): RegExp {
  const literal = form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu');
}

/** A value as it may be printed: no secret and no control character in any text of it. Names of fields and numbers stay. */
export type Clean = <T>(value: T) => T;

export function cleaner(secrets: readonly string[]): Clean {
  const hide = hider(secrets);
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return visible(hide(value));
    if (value instanceof Error) return clean(value.stack ?? value.message);
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, clean(field)]));
  };
  return clean as Clean;
}
