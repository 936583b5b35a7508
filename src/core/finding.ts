/** A figure or an id. Money is in micro-USDC; whole numbers beyond 2^53 are strings of digits. */
export type Figure = number | string;
export type Figures = Readonly<Record<string, Figure>>;
/** As checks give them. */
export type RawFigures = Readonly<Record<string, Figure | bigint | undefined>>;

/**
 * What a check found, in numbers and ids alone: `--json`, verdicts and metrics carry it; the sentences that people read are
 * made of it in `report/findings.ts`.
 */
export interface Finding {
  readonly id: FindingId;
  /** `warned`: worth knowing, stops nothing. `skipped`: could not be checked. */
  readonly status: 'passed' | 'failed' | 'warned' | 'skipped';
  readonly figures: Figures;
  /** The worst of what is wrong, at most ten. */
  readonly offenders: readonly Figures[];
}

/** Every check there is; its words stand in `report/`. */
export const FINDING_IDS = [
  'run_complete',
  'rejected_rows',
  'one_view',
  'staging_owner',
  'counts',
  'source_short',
  'uncounted',
  'range',
  'unique',
  'conservation',
  'token_map',
  'pnl_fills',
  'pnl_wallets',
  'pnl_tables',
  'pnl_residuals',
  'pnl_zero_sum',
  'pnl_open',
  'pnl_token_map',
] as const;
export type FindingId = (typeof FINDING_IDS)[number];

export const WORST = 10;

export function finding(
  id: FindingId,
  status: Finding['status'],
  figures: RawFigures,
  offenders: readonly RawFigures[] = [],
): Finding {
  return { id, status, figures: plain(figures), offenders: offenders.slice(0, WORST).map(plain) };
}

function plain(raw: RawFigures): Figures {
  const figures: Record<string, Figure> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    figures[key] =
      typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value;
  }
  return figures;
}
