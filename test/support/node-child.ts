import { spawn } from 'node:child_process';
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
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
