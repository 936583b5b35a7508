import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { helpBlock } from '../support/help-block.js';

it('the README shows the commands and options of the program (npm run docs writes them)', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const shown = /<!-- help -->\n([\s\S]*?)<!-- \/help -->/.exec(readme)?.[1];
  expect(shown).toBe(await helpBlock());
});
