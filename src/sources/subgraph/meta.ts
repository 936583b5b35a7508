/** Where the source stands: asked once at the start of a run to pin its block, and again at its end. */
import { z } from 'zod';
import { failed } from '../../core/failure.js';
import type { Document, SourceClient } from './client.js';

export interface SourceMeta {
  readonly block: number;
  /** Null when asked at a pinned block. */
  readonly hash: string | null;
  /** Unix seconds; null when asked at a pinned block. */
  readonly timestamp: number | null;
  readonly deployment: string;
  readonly hasIndexingErrors: boolean;
}

const DOCUMENT: Document = {
  text: 'query { _meta { block { number hash timestamp } deployment hasIndexingErrors } }',
  keys: ['_meta'],
};

const PINNED_DOCUMENT: Document = {
  text: 'query ($block: Int!) { _meta(block: {number: $block}) { block { number hash timestamp } deployment hasIndexingErrors } }',
  keys: ['_meta'],
};

const metaSchema = z.object({
  block: z.object({
    number: z.number().int().min(0),
    hash: z.string().nullish(),
    timestamp: z.number().int().min(0).nullish(),
  }),
  deployment: z.string(),
  hasIndexingErrors: z.boolean(),
});

/** At the head, or as of a block: then a replica that lags behind it fails. Throws FailureError. */
export async function readMeta(
  client: SourceClient,
  signal?: AbortSignal,
  at: number | null = null,
): Promise<SourceMeta> {
  const data =
    at === null
      ? await client.request(DOCUMENT, {}, signal)
      : await client.request(PINNED_DOCUMENT, { block: at }, signal);
  const parsed = metaSchema.safeParse(data._meta);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw failed('transient', 'bad_response', `_meta ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { block, deployment, hasIndexingErrors } = parsed.data;
  return {
    block: block.number,
    hash: block.hash ?? null,
    timestamp: block.timestamp ?? null,
    deployment,
    hasIndexingErrors,
  };
}
