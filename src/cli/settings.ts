/** The typed settings that steps are told, made of the options: the one place that knows both. */

import type { ChainMarketsOptions } from '../datasets/conditions/chain/markets-of-chain.js';
import type { AskedInput } from '../datasets/fills/check-input.js';
import type { PlanOptions } from '../datasets/fills/plan/chunk.js';
import type { FillsSettings, RunSettings, SelectionSettings } from '../datasets/fills/settings.js';
import type { ChainSettings } from '../sources/chain/link.js';
import type { SourceSettings } from '../sources/subgraph/link.js';
import { PUBLIC_PORTAL_URL } from './chain-options.js';
import type { Context } from './context.js';
import { type Config, PUBLIC_PNL_URL, PUBLIC_SOURCE_URL } from './options.js';

export function sourceSettings(config: Config): SourceSettings {
  return sourceAt(config, config.sourceUrl ?? PUBLIC_SOURCE_URL, config.sourceToken);
}

/** Null when nothing says where conditions are to be had: a source of one's own, and no P&L source beside it. */
function pnlSourceSettings(config: Config): SourceSettings | null {
  const url = config.pnlSourceUrl ?? (config.sourceUrl === undefined ? PUBLIC_PNL_URL : undefined);
  if (url === undefined) return null;
  // A token goes to its own origin only.
  const shared = new URL(url).origin === new URL(config.sourceUrl ?? PUBLIC_SOURCE_URL).origin;
  return sourceAt(config, url, config.pnlSourceToken ?? (shared ? config.sourceToken : undefined));
}

function sourceAt(config: Config, url: string, token: string | undefined): SourceSettings {
  return {
    url,
    token,
    requestTimeoutMs: config.requestTimeout,
    rps: config.rps,
    retryBaseMs: config.retryBase,
    giveUpAfterMs: config.giveUpAfter,
  };
}

/** Where `markets` reads tokens, and conditions. */
export function marketsSources(config: Config): {
  readonly source: SourceSettings;
  readonly pnlSource: SourceSettings | null;
} {
  return { source: sourceSettings(config), pnlSource: pnlSourceSettings(config) };
}

/** A node is asked only where no portal is named; where nothing is, the public portal. */
export function chainSettings(config: Config): ChainSettings {
  const { portalUrl, portalKey, rpcUrl, portalRps, rpcRps, requestTimeout: silenceMs } = config;
  const common = { retryBaseMs: config.retryBase, giveUpAfterMs: config.giveUpAfter };
  if (portalUrl === undefined && rpcUrl !== undefined) {
    return { ...common, access: { transport: 'rpc', urls: rpcUrl, silenceMs }, rps: rpcRps };
  }
  const key = portalKey === undefined ? {} : { apiKey: portalKey };
  return {
    ...common,
    access: { transport: 'portal', url: portalUrl ?? PUBLIC_PORTAL_URL, silenceMs, ...key },
    rps: portalRps,
  };
}

export function chainMarketsOptions(config: Config): Omit<ChainMarketsOptions, 'catalogue'> {
  const { fromBlock, toBlock, workers, threads, batchRows, insertTimeout: insertTimeoutMs, maxMemory } = config;
  return {
    chain: chainSettings(config),
    blocks: { from: fromBlock ?? null, to: toBlock ?? null },
    load: { workers, threads, batchRows, insertTimeoutMs },
    maxMemoryMb: maxMemory,
  };
}

export function planOptions(config: Config): PlanOptions {
  const { partition, sliceBy, pageRows, chunkPages, maxPackTokens } = config;
  return { partition, sliceBy, pageRows, chunkPages, maxPackTokens };
}

export function runSettings(config: Config): RunSettings {
  const { checkpoints, run, fresh, refresh } = config;
  return { checkpoints, run, fresh, refresh };
}

export function selectionSettings(config: Config): SelectionSettings {
  const { markets, limit, minFills } = config;
  return { markets, limit, minFills };
}

/** What of the options can be wrong before anything is opened. */
export function inputOf({ command, config }: Context): AskedInput {
  return {
    run: runSettings(config),
    selection: selectionSettings(config),
    catalogue: config.catalogue,
    beyondPromotion: command === 'run',
  };
}

export function fillsSettings(config: Config): FillsSettings {
  const { workers, threads, batchRows, insertTimeout: insertTimeoutMs } = config;
  return {
    source: sourceSettings(config),
    plan: planOptions(config),
    run: runSettings(config),
    load: { workers, threads, batchRows, insertTimeoutMs },
  };
}
