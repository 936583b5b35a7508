/** `npm run docs:rate`: draws `docs/rate.svg`, the curve of `src/net/cubic.ts` against a host whose limit rises once. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rateCurveSvg } from '../test/net/rate-curve.js';

writeFileSync(fileURLToPath(new URL('../docs/rate.svg', import.meta.url)), rateCurveSvg());
