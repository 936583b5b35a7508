/** The first of `size` sorted places that is not before what is looked for; `size` where all are. */
export function lowerBound(size: number, isBefore: (at: number) => boolean): number {
  let from = 0;
  let to = size;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBefore(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
}
