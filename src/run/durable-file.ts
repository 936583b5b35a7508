import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The steps of a durable write, in order. A reader finds the old content or the new, never a mixture; once the last
 * step is over a power cut cannot bring the old content back. Without the first fsync the new file may be empty after
 * a power cut, without the last the rename may be lost.
 */
export type DurableStep = 'opened' | 'written' | 'synced' | 'renamed' | 'folder-synced';

export function writeDurably(
  path: string,
  content: string | Uint8Array,
  afterStep?: (step: DurableStep) => void,
): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const fd = openSync(temporary, 'w', 0o644);
  try {
    afterStep?.('opened');
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
    afterStep?.('written');
    fsyncSync(fd);
    afterStep?.('synced');
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(temporary, path);
  afterStep?.('renamed');
  syncFolder(dirname(path));
  afterStep?.('folder-synced');
}

/** Appends and makes the bytes durable before it returns. */
export function appendDurably(path: string, content: string): void {
  const fd = openSync(path, 'a', 0o644);
  try {
    const bytes = Buffer.from(content);
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
