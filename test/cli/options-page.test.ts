import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { helpBlock } from '../support/help-block.js';

it('docs/options.md shows the commands and options of the program (npm run docs writes them)', async () => {
  const page = readFileSync(new URL('../../docs/options.md', import.meta.url), 'utf8');
  const shown = /<!-- help -->\n([\s\S]*?)<!-- \/help -->/.exec(page)?.[1];
  expect(shown).toBe(await helpBlock());
});
