/**
 * Kalshi's cursors: a protobuf message of a timestamp (seconds, nanoseconds) and a ticker, base64url without padding: created time and
 * ticker of the last row, as decoded from a recorded walk.
 */

export interface KalshiCursor {
  readonly micros: number;
  readonly ticker: string;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

export function writeKalshiCursor({ micros, ticker }: KalshiCursor): string {
  const seconds = Math.floor(micros / 1e6);
  const time = [0x08, ...varint(seconds), 0x10, ...varint((micros - seconds * 1e6) * 1000)];
  const name = Buffer.from(ticker);
  return Buffer.from([0x0a, ...varint(time.length), ...time, 0x12, ...varint(name.length), ...name]).toString(
    'base64url',
  );
}

export function readKalshiCursor(cursor: string): KalshiCursor | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  let at = 0;
  const number = () => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  if (bytes[at++] !== 0x0a) return undefined;
  number();
  if (bytes[at++] !== 0x08) return undefined;
  const seconds = number();
  // Zero fields are left out of a protobuf message; ours always writes them.
  if (bytes[at++] !== 0x10) return undefined;
  const nanos = number();
  if (bytes[at++] !== 0x12) return undefined;
  const length = number();
  const ticker = bytes.subarray(at, at + length).toString();
  return Number.isNaN(length) || ticker.length === 0 ? undefined : { micros: seconds * 1e6 + nanos / 1000, ticker };
}
