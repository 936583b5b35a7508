import { z } from 'zod';

/** What an option is, and the shapes that option values have. */
export interface OptionSpec<Schema extends z.ZodType = z.ZodType> {
  readonly env: string;
  readonly kind: 'string' | 'number' | 'boolean';
  readonly describe: string;
  /** Parses what the command line or the environment gave; its default is the option's default. */
  readonly schema: Schema;
  /** Shown in the help instead of the value, e.g. FILE. */
  readonly metavar?: string;
  /** Secrets and rarely used settings come from the environment only. */
  readonly envOnly?: boolean;
  /** Wrong input must not be echoed. */
  readonly secret?: boolean;
}

export const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
export const flag = () => z.preprocess((v) => (typeof v === 'string' ? ENV_BOOLEANS[v.toLowerCase()] : v), z.boolean());
const ENV_BOOLEANS: Record<string, boolean> = { '1': true, true: true, yes: true, '0': false, false: false, no: false };
export const httpUrl = () =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .refine((u) => !URL.canParse(u) || new URL(u).hostname !== '', {
      error: 'must name a host',
    });
export const text = () => z.string().min(1, { error: 'must not be empty' });
/** What can stand in a header: a token with a line break would never be sent. */
export const headerText = () =>
  text().regex(/^[\x21-\x7e]+$/, {
    error: 'holds a space, a line break or another character that an HTTP header cannot carry',
  });
const DURATION_UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** `90s`, `30min`, `2h`, `500ms`; a bare number is seconds. Gives milliseconds. */
export const duration = (minMs: number, maxMs: number) =>
  z
    .preprocess((v) => (typeof v === 'number' ? String(v) : v), z.string())
    .transform((value, ctx) => {
      const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?$/.exec(value.trim());
      const ms = match ? Number(match[1]) * (DURATION_UNITS_MS[match[2] ?? 's'] as number) : Number.NaN;
      if (!(ms >= minMs && ms <= maxMs)) {
        ctx.addIssue({
          code: 'custom',
          message: `must be a duration between ${minMs} ms and ${maxMs} ms, like 90s or 30min`,
        });
        return z.NEVER;
      }
      return ms;
    });

export const option = <S extends z.ZodType>(spec: OptionSpec<S>): OptionSpec<S> => spec;
