/** One check and what came of it. */
export interface Gate {
  readonly name: string;
  /** `warned`: worth knowing, stops nothing. `skipped`: could not be checked, and the figure says why. */
  readonly status: 'passed' | 'failed' | 'warned' | 'skipped';
  /** What was found, in numbers. */
  readonly figure: string;
  /** The worst of what is wrong, at most ten lines. */
  readonly offenders: readonly string[];
  /** What to do about it. */
  readonly todo?: string | undefined;
}

export const WORST = 10;

export function passed(name: string, figure: string): Gate {
  return { name, status: 'passed', figure, offenders: [] };
}

export function failedGate(name: string, figure: string, offenders: readonly string[], todo: string): Gate {
  return { name, status: 'failed', figure, offenders: offenders.slice(0, WORST), todo };
}

export function warned(name: string, figure: string, offenders: readonly string[] = [], todo?: string): Gate {
  return {
    name,
    status: 'warned',
    figure,
    offenders: offenders.slice(0, WORST),
    ...(todo === undefined ? {} : { todo }),
  };
}

export function skipped(name: string, figure: string, todo: string): Gate {
  return { name, status: 'skipped', figure, offenders: [], todo };
}

/** `3,481 of 37,312,884 (0.0093 %)`: shares are shown so small that one row in a billion is not "0 %". */
export function share(part: bigint, whole: bigint): string {
  if (whole === 0n || part === 0n) return '0 %';
  const percent = (Number(part) / Number(whole)) * 100;
  return percent >= 0.01 ? `${percent.toFixed(2)} %` : `${percent.toPrecision(2)} %`;
}
