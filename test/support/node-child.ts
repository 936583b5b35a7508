import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Where the built program lies: children cannot load TypeScript. */
export function built(module: string): string {
  return fileURLToPath(new URL(`../../dist/${module}`, import.meta.url));
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a module's text in a Node process of its own; `args` are its process.argv from 1 on. */
export function runInChild(moduleText: string, args: readonly string[] = []): Promise<Ended> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', moduleText, '--', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return endOf(child);
}

/** Collects what a child writes until it has ended. `onText` is told of everything so far, whenever there is more. */
export function endOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  onText?: (text: { readonly stdout: string; readonly stderr: string }) => void,
): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
      onText?.(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...text }));
  });
}
