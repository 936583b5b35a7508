import type { Migration } from '../../publish/migrate.js';
import { TAPE } from './tape.js';

/** Every step of the schema, in order. A new one is a file here, and `SCHEMA_VERSION` is its version. */
export const MIGRATIONS: readonly Migration[] = [TAPE];
