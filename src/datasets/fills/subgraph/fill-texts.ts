/** The columns of a fill as the source serves them, every one a string. Their order is that of `FillTexts.bounds`. */
export const FILL_FIELDS = [
  'id',
  'timestamp',
  'maker',
  'taker',
  'makerAssetId',
  'takerAssetId',
  'makerAmountFilled',
  'takerAmountFilled',
  'fee',
] as const;

export type FillField = (typeof FILL_FIELDS)[number];

/** `id` is `0x<64 hex transaction hash>_0x<64 hex order hash>`; asset ids and amounts are decimal. */
export type FillSource = Readonly<Record<FillField, string>>;

const FIELDS = FILL_FIELDS.length;

/** A field's place among FILL_FIELDS. */
export const FIELD = Object.fromEntries(FILL_FIELDS.map((name, place) => [name, place])) as Readonly<
  Record<FillField, number>
>;

const { timestamp: TIMESTAMP, makerAssetId: MAKER_ASSET } = FIELD;
const ZERO = 0x30;

/**
 * The rows of a page as places in one run of bytes: row `at`'s field `f` stands from `bounds[2 (9 at + f)]` up to the number
 * after it. No object and no string is made for a row that is in order: JSON.parse and collecting what it
 * had made were 60 % of a thread's profile.
 */
export class FillTexts {
  readonly #assets: (string | undefined)[] = [];

  /** `originals`: the rows themselves, where they exist already. */
  constructor(
    readonly bytes: Buffer,
    readonly bounds: Int32Array,
    readonly length: number,
    private readonly originals?: readonly FillSource[],
  ) {}

  static of(rows: readonly FillSource[]): FillTexts {
    const bounds = new Int32Array(2 * FIELDS * rows.length);
    const parts: Buffer[] = [];
    let at = 0;
    let bound = 0;
    for (const row of rows) {
      for (const field of FILL_FIELDS) {
        const part = Buffer.from(row[field]);
        parts.push(part);
        bounds[bound++] = at;
        at += part.length;
        bounds[bound++] = at;
      }
    }
    return new FillTexts(Buffer.concat(parts), bounds, rows.length, rows);
  }

  /** The first rows, without a copy. */
  first(rows: number): FillTexts {
    return new FillTexts(this.bytes, this.bounds, Math.min(rows, this.length), this.originals);
  }

  start(at: number, field: number): number {
    return this.bounds[2 * (FIELDS * at + field)] as number;
  }

  end(at: number, field: number): number {
    return this.bounds[2 * (FIELDS * at + field) + 1] as number;
  }

  /** The asset id in that field, the maker's or the taker's; asked for twice, it is looked up once. */
  asset(at: number, field: number): string {
    const place = 2 * at + (field === MAKER_ASSET ? 0 : 1);
    let text = this.#assets[place];
    if (text === undefined) {
      text = assets.text(this.bytes, this.start(at, field), this.end(at, field));
      this.#assets[place] = text;
    }
    return text;
  }

  text(at: number, field: FillField): string {
    const f = FIELD[field];
    return this.originals?.[at]?.[field] ?? this.bytes.toString('utf8', this.start(at, f), this.end(at, f));
  }

  texts(field: FillField): string[] {
    return Array.from({ length: this.length }, (_, at) => this.text(at, field));
  }

  /** Unix seconds of every row, or null where one has none of 1 to 12 digits. */
  seconds(): number[] | null {
    const { bytes } = this;
    const found = new Array<number>(this.length);
    for (let at = 0; at < this.length; at++) {
      const [start, end] = [this.start(at, TIMESTAMP), this.end(at, TIMESTAMP)];
      if (end <= start || end - start > 12) return null;
      let seconds = 0;
      for (let i = start; i < end; i++) {
        const digit = (bytes[i] as number) - ZERO;
        if (digit < 0 || digit > 9) return null;
        seconds = seconds * 10 + digit;
      }
      found[at] = seconds;
    }
    return found;
  }

  /** The row as the source sent it. */
  row(at: number): FillSource {
    return Object.fromEntries(FILL_FIELDS.map((field) => [field, this.text(at, field)])) as FillSource;
  }

  rows(): FillSource[] {
    return Array.from({ length: this.length }, (_, at) => this.row(at));
  }
}

interface Known {
  readonly text: string;
  readonly bytes: Buffer;
}

const HASHED_DIGITS = 9;

/**
 * Strings of asset ids, made once: a page names few tokens a thousand times. Told apart by their last digits, which are as good
 * as random, and then by every byte.
 */
class AssetTexts {
  readonly #known = new Map<number, Known>();

  constructor(private readonly max = 20_000) {}

  text(bytes: Buffer, start: number, end: number): string {
    if (end - start === 1 && bytes[start] === ZERO) return '0';
    let key = end - start;
    for (let i = Math.max(start, end - HASHED_DIGITS); i < end; i++) key = key * 10 + (bytes[i] as number);
    const known = this.#known.get(key);
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
    const text = bytes.toString('latin1', start, end);
    if (this.#known.size >= this.max) this.#known.clear();
    this.#known.set(key, { text, bytes: Buffer.from(bytes.subarray(start, end)) });
    return text;
  }
}

function isSame(a: Buffer, b: Buffer, start: number, end: number): boolean {
  const { length } = a;
  if (length !== end - start) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[start + i]) return false;
  return true;
}

const assets = new AssetTexts();
