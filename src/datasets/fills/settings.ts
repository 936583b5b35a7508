import type { SourceSettings } from '../../sources/subgraph/link.js';
import type { PlanOptions } from './plan/chunk.js';

/** What the fills step is told, made of the command's options. */
export interface FillsSettings {
  readonly source: SourceSettings;
  readonly plan: PlanOptions;
  readonly run: RunSettings;
  readonly load: LoadSettings;
}

/** Which run, and how it begins. */
export interface RunSettings {
  /** Folder of all runs. */
  readonly checkpoints: string;
  /** Undefined: the latest, or a new one. */
  readonly run: string | undefined;
  readonly fresh: boolean;
  readonly refresh: boolean;
}

/** How hard to load; may change between sittings. */
export interface LoadSettings {
  /** Chunks in flight at once. */
  readonly workers: number;
  /** Undefined: one for each core. 0: none. */
  readonly threads: number | undefined;
  readonly batchRows: number;
  readonly insertTimeoutMs: number;
}

/** What of the source's markets is loaded. */
export interface SelectionSettings {
  /** A file of market or token ids. */
  readonly markets: string | undefined;
  /** Markets at most, those with the most fills first. */
  readonly limit: number | undefined;
  readonly minFills: number | undefined;
}
