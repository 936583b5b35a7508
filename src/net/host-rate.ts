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
