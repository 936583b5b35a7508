/** Where a streamed answer goes: encoded or plain, no faster than the client reads. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, createGzip, type Gzip } from 'node:zlib';

export class PortalSink {
  readonly #gzip: Gzip | undefined;
  readonly #gone = new AbortController();
  bytes = 0;

  /** `gzipLevel` 0: plain. */
  constructor(
    readonly response: ServerResponse,
    gzipLevel: number,
  ) {
    response.once('close', () => this.#gone.abort());
    if (gzipLevel === 0) return;
    this.#gzip = createGzip({ level: gzipLevel, memLevel: 9, strategy: constants.Z_DEFAULT_STRATEGY });
    this.#gzip.on('data', (piece: Buffer) => {
      this.bytes += piece.length;
    });
    this.#gzip.pipe(response);
  }

  /** Resolves when more may be written; false when nobody listens any more. */
  async write(piece: Buffer): Promise<boolean> {
    const sink = this.#gzip ?? this.response;
    const { signal } = this.#gone;
    if (!this.#gzip) this.bytes += piece.length;
    if (!signal.aborted && !sink.write(piece)) {
      await once(sink, 'drain', { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    return !signal.aborted;
  }

  end(): void {
    if (this.#gone.signal.aborted) this.#gzip?.destroy();
    else (this.#gzip ?? this.response).end();
  }

  /** Resets the connection after what was written. */
  async reset(): Promise<void> {
    if (this.#gzip) await promisify(this.#gzip.flush.bind(this.#gzip))();
    this.response.socket?.resetAndDestroy();
  }
}
