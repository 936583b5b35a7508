import type { Writable } from 'node:stream';

/** `| head` has read enough, or the terminal is closed. */
const READER_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO']);

/** A load does not end because nobody reads its lines any more: what is printed then is lost, and nothing else. */
export function outliveReaders(streams: readonly Writable[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!READER_GONE.has(error.code)) throw error;
    });
  }
}
