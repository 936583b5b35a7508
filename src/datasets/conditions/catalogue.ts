import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { usageError } from '../../core/exit.js';

/** What a catalogue says of a market; nulls where it says nothing. */
export interface MarketNames {
  readonly question: string;
  readonly slug: string;
  /** USDC, as text. */
  readonly volume: string | null;
  readonly start_date: string | null;
  readonly end_date: string | null;
  readonly outcomes: readonly string[];
  readonly neg_risk: boolean | null;
}

export interface Catalogue {
  /** By condition id, 64 hex digits without 0x. */
  readonly names: ReadonlyMap<string, MarketNames>;
  readonly repeats: number;
}

const amount = z.union([z.string(), z.number()]).transform(String);
/** Lists stand as JSON inside of strings. */
const listInText = z.union([
  z.array(z.string()),
  z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
]);

const Entry = z.object({
  conditionId: z.string().regex(/^0x[0-9a-fA-F]{64}$/, { error: 'must be 0x and 64 hex digits' }),
  question: z.string().nullish(),
  slug: z.string().nullish(),
  volume: amount.nullish(),
  startDate: z.string().nullish(),
  endDate: z.string().nullish(),
  outcomes: listInText.nullish(),
  negRisk: z.boolean().nullish(),
});

/** Reads NDJSON in the Gamma API's format. Throws ExitError(1) naming the line. The first entry of a market counts. */
export function readCatalogue(file: string): Catalogue {
  const names = new Map<string, MarketNames>();
  let repeats = 0;
  for (const [index, line] of readLines(file).entries()) {
    if (line.trim() === '') continue;
    const entry = parseEntry(line, `--catalogue ${file}, line ${index + 1}`);
    const condition = entry.conditionId.slice(2).toLowerCase();
    if (names.has(condition)) {
      repeats++;
      continue;
    }
    names.set(condition, {
      question: entry.question ?? '',
      slug: entry.slug ?? '',
      volume: entry.volume ?? null,
      start_date: entry.startDate ?? null,
      end_date: entry.endDate ?? null,
      outcomes: entry.outcomes ?? [],
      neg_risk: entry.negRisk ?? null,
    });
  }
  return { names, repeats };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    throw usageError(`--catalogue ${file}: ${(error as Error).message}`, 'give a file that can be read');
  }
}

function parseEntry(line: string, place: string): z.output<typeof Entry> {
  try {
    return Entry.parse(JSON.parse(line));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error).replace(/\s+/g, ' ') : (error as Error).message;
    throw usageError(`${place}: ${reason}`, "expected one market a line, as the Gamma API's /markets gives them");
  }
}
