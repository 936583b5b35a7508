import { ensureDatabase, ensureTables } from '../target/schema.js';
import type { Target } from '../target/target.js';

/** Login, rights and tables, before anything is read from the source. Throws ExitError(1) or FailureError. */
export async function prepareTarget(target: Target): Promise<void> {
  await ensureDatabase(target);
  await ensureTables(target);
}
