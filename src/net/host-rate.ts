import { type Failure, failed } from '../core/failure.js';

/**
 * The rate of one host, shared by everyone in this process who asks it, whatever thread: one for each host that limits. How
 * fast it lets requests go is its own affair.
 */
export interface HostRate {
  /**
   * Resolves when one request may go. Low `rank`s first, then whoever came first. Rejects with the signal's reason once it is
   * aborted.
   */
  acquire(signal?: AbortSignal, rank?: number): Promise<void>;
  /** The request came back, well or not, without being refused for its pace. */
  answered(): void;
  /** It was refused for its pace; `retryAfterMs` where the host told. Everyone waits, unless hardly any request is refused. */
  refused(retryAfterMs?: number): void;
}

/** Waits until one request may go. Throws FailureError `stopped` where the run stops before that. */
export async function awaitTurn(rate: Pick<HostRate, 'acquire'>, signal?: AbortSignal): Promise<void> {
  try {
    await rate.acquire(signal);
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
  if (signal?.aborted) throw failed('transient', 'stopped', 'the request was not sent because the run stops');
}

/** What came of a request: null where it was answered well. */
export function tell(rate: Pick<HostRate, 'answered' | 'refused'>, failure: Failure | null): void {
  if (failure?.kind === 'throttled') rate.refused(failure.retryAfterMs);
  else rate.answered();
}
