import { preflight } from '../target/preflight.js';
import { ensureDatabase, ensureTables } from '../target/schema.js';
import type { Target } from '../target/target.js';

/** Login and rights first, without changing anything; then database and tables. Throws ExitError(1) or FailureError. */
export async function prepareTarget(target: Target): Promise<void> {
  await preflight(target);
  await ensureDatabase(target);
  await ensureTables(target);
}
