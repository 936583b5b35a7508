#!/usr/bin/env node
/** Where the program begins, and the only place that ends the process. */
import './core/title.js';

// Only now: loading all of it takes longer than everything before, and the title does not wait for it.
const { start } = await import('./cli/program.js');
start((code) => process.exit(code));
