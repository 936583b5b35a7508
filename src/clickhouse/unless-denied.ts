import { FailureError } from '../core/failure.js';

/** What a login may be without: the answer, or null where it may not ask. Throws every other FailureError. */
export async function unlessDenied<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'target_denied') return null;
    throw error;
  }
}
