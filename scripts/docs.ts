/** `npm run docs`: writes the help of the program and of each command into docs/options.md, between its markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { helpBlock } from '../test/support/help-block.js';

const page = fileURLToPath(new URL('../docs/options.md', import.meta.url));
const [start, end] = ['<!-- help -->\n', '<!-- /help -->'];
const text = readFileSync(page, 'utf8');
const from = text.indexOf(start) + start.length;
const to = text.indexOf(end);
if (from < start.length || to < from) throw new Error(`docs/options.md has no ${start.trim()} … ${end}`);
writeFileSync(page, text.slice(0, from) + (await helpBlock()) + text.slice(to));
