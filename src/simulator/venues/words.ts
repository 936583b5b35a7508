/** Questions that read like questions, with the characters that break careless readers in some of them. */
import { word } from '../hash.js';

const WHO = ['Real Madrid', 'J.D. Vance', 'The Fed', 'Bitcoin', 'São Paulo FC', 'OpenAI', 'Müller & Söhne', 'Ethereum'];
const WHAT = ['win the cup', 'cut rates', 'hit $100,000', 'resign', 'ship a “new” model', 'lose 3–1', 'go above 72.5%'];
const WHEN = [
  'in November',
  'before 2027',
  'this week',
  'by Dec 31, 2026',
  'at the next meeting',
  'in "Q4"',
  'in 2028',
];
const TOPICS = ['Politics', 'Crypto', 'Sports', 'Culture', 'Finance', 'Climate and Weather', 'Tech', 'World'];
const ODD = ['💎 ', 'O’Neill: ', '\\o/ ', 'Tab\there: ', '日本 ', '<b>Live</b> '];

function pick<T>(list: readonly T[], seed: number, k: number): T {
  return list[(word(seed, k) >>> 0) % list.length] as T;
}

export function question(seed: number): string {
  const odd = (word(seed, 9) >>> 0) % 23 === 0 ? pick(ODD, seed, 4) : '';
  return `${odd}Will ${pick(WHO, seed, 1)} ${pick(WHAT, seed, 2)} ${pick(WHEN, seed, 3)}?`;
}

export function topic(seed: number): string {
  return pick(TOPICS, seed, 5);
}

export function team(seed: number, k: number): string {
  return `${pick(WHO, seed, k)} ${((word(seed, k) >>> 8) % 90) + 10}`;
}

/** `will-real-madrid-win-the-cup-before-2027` */
export function slugOf(text: string): string {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** Rules of resolution, as long as the real ones are (about a kilobyte), with line breaks and quotation marks. */
export function rules(text: string): string {
  return (
    `This market will resolve to "Yes" if the following comes true by the listed date, 11:59 PM ET: ${text}\n\n` +
    'Otherwise, this market will resolve to "No". An announcement alone does not count unless what is announced takes ' +
    'effect before the listed date; a correction that is published after the date does not change the resolution.\n\n' +
    'For the purposes of this market, early access, beta versions, leaks and unofficial counts are not considered. If the ' +
    'event is cancelled, or postponed beyond the listed date, this market will resolve to “No”.\n\n' +
    'The primary resolution source will be official information; however, a consensus of credible reporting may also be used.'
  );
}
