#!/usr/bin/env node
/** Where the program begins, and the only place that ends the process. */
import './core/title.js';
import { listenEarly } from './core/early-signals.js';
import { outliveReaders } from './core/readers-gone.js';

const end = (code: number) => process.exit(code);
const listening = listenEarly(end);
outliveReaders([process.stdout, process.stderr]);

// Only now: loading all of it takes longer than everything before, and neither the title nor a signal waits for it.
const { start } = await import('./cli/program.js');
start({ end, listening });
