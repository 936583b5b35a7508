/** `npm run docs`: writes the help of the program and of each command into README.md, between its markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { helpBlock } from '../test/support/help-block.js';

const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const [start, end] = ['<!-- help -->\n', '<!-- /help -->'];
const text = readFileSync(readme, 'utf8');
const from = text.indexOf(start) + start.length;
const to = text.indexOf(end);
if (from < start.length || to < from) throw new Error(`README.md has no ${start.trim()} … ${end}`);
writeFileSync(readme, text.slice(0, from) + (await helpBlock()) + text.slice(to));
