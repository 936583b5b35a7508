/** Reading one record: each getter gives a value, null where the venue gives none, or throws BadField for what is neither. */
import { instantOf, instantOfMs } from '../../core/instant.js';
import { decimalText, MICROS_PER_UNIT, microsOf } from '../../core/micros.js';
import { isObject, type Json, type JsonObject, parseJson, textOf } from '../../sources/rest/json.js';

export class BadField extends Error {
  override readonly name = 'BadField';
}

export class Fields {
  constructor(readonly value: JsonObject) {}

  static of(value: Json, what: string): Fields {
    if (!isObject(value)) throw new BadField(`${what} is no object`);
    return new Fields(value);
  }

  has(key: string): boolean {
    return this.value[key] !== undefined && this.value[key] !== null;
  }

  /** A string or a number as text; '' where there is none. */
  text(key: string): string {
    if (!this.has(key)) return '';
    const text = textOf(this.value[key]);
    if (text === null) throw this.#bad(key, 'text');
    return text;
  }

  /** An id: text that must be there. */
  id(key: string): string {
    const text = this.text(key);
    if (text === '') throw new BadField(`${key} is missing`);
    return text;
  }

  flag(key: string): boolean {
    const value = this.value[key];
    if (value === undefined || value === null) return false;
    if (typeof value !== 'boolean') throw this.#bad(key, 'true or false');
    return value;
  }

  /** Micro-units of a decimal string or a number; null for "" and what is absent. */
  micros(key: string): bigint | null {
    return this.has(key) ? microsFrom(this.value[key], key) : null;
  }

  /** The same as a Decimal's text. */
  decimal(key: string): string | null {
    const micros = this.micros(key);
    return micros === null ? null : inRange(micros, key);
  }

  /** RFC 3339. */
  instant(key: string): string | null {
    const shown = instantOf(this.text(key));
    if (shown === undefined) throw this.#bad(key, 'a time');
    return shown;
  }

  /** A count of seconds or milliseconds since 1970. */
  epoch(key: string, unit: 's' | 'ms'): string | null {
    const text = this.text(key);
    if (text === '') return null;
    if (!/^\d{1,15}$/.test(text)) throw this.#bad(key, 'a time');
    return instantOfMs(Number(text) * (unit === 's' ? 1000 : 1));
  }

  list(key: string): readonly Json[] {
    const value = this.value[key];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw this.#bad(key, 'a list');
    return value;
  }

  texts(key: string): string[] {
    return textsFrom(this.list(key), key);
  }

  /** A list that was put into a string as JSON. */
  packedTexts(key: string): string[] {
    const text = this.text(key);
    if (text === '') return [];
    let value: Json;
    try {
      value = parseJson(text, key);
    } catch {
      throw this.#bad(key, 'a list');
    }
    if (!Array.isArray(value)) throw this.#bad(key, 'a list');
    return textsFrom(value, key);
  }

  child(key: string): Fields | null {
    return this.has(key) ? Fields.of(this.value[key], key) : null;
  }

  children(key: string): Fields[] {
    return this.list(key).map((value) => Fields.of(value, key));
  }

  #bad(key: string, wanted: string): BadField {
    return new BadField(`${key} is not ${wanted}: ${JSON.stringify(this.value[key])?.slice(0, 80)}`);
  }
}

export function microsFrom(value: Json, what: string): bigint | null {
  const text = textOf(value);
  if (text === '') return null;
  const micros = text === null ? null : microsOf(text);
  if (micros === null) throw new BadField(`${what} is no number: ${JSON.stringify(value)?.slice(0, 80)}`);
  return micros;
}

function textsFrom(values: readonly Json[], what: string): string[] {
  return values.map((value) => {
    const text = textOf(value);
    if (text === null) throw new BadField(`${what} holds what is no text: ${JSON.stringify(value)?.slice(0, 80)}`);
    return text;
  });
}

/** Decimal(18, 6) whose sums cannot surprise a later query. */
const LIMIT = 10n ** 18n;

export function inRange(micros: bigint, what: string): string {
  if (micros <= -LIMIT || micros >= LIMIT) throw new BadField(`${what} is out of range: ${decimalText(micros)}`);
  return decimalText(micros);
}

/** A price of a contract that pays one dollar. Null for null; throws where it lies outside 0 … 1. */
export function priceText(micros: bigint | null, what: string): string | null {
  if (micros === null) return null;
  if (micros < 0n || micros > MICROS_PER_UNIT) throw new BadField(`${what} is no price: ${decimalText(micros)}`);
  return decimalText(micros);
}

/** A bid of 0 and an ask of 1 are how venues show an empty side; a last price of 0 is a market that never traded. */
export function bidMicros(micros: bigint | null): bigint | null {
  return micros === 0n ? null : micros;
}

export function askMicros(micros: bigint | null): bigint | null {
  return micros === MICROS_PER_UNIT || micros === 0n ? null : micros;
}

export function oneMinus(micros: bigint | null): bigint | null {
  return micros === null ? null : MICROS_PER_UNIT - micros;
}

/** Half up, as every decimal here. */
export function midOf(bid: bigint | null, ask: bigint | null): bigint | null {
  return bid === null || ask === null ? null : (bid + ask + 1n) / 2n;
}
