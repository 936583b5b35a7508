import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { COMMANDS } from './command-table.js';

const NAME = 'backfill';
/** `npm run` and `npx` put these before the shell's own folders; the shell does not know them. */
const NPM_FOLDER = /[\\/]node_modules[\\/]\.bin[\\/]?$/;

/** What a person types to start this program again: its name where the shell finds it, through npx otherwise. */
export function programName(path: string, isProgram: (file: string) => boolean = isExecutable): string {
  const folders = path.split(delimiter).filter((folder) => folder !== '' && !NPM_FOLDER.test(folder));
  return folders.some((folder) => isProgram(join(folder, NAME))) ? NAME : `npx ${NAME}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const A_COMMAND = new RegExp(`(?<!npx |[\\w./-])${NAME} (?=(?:${Object.keys(COMMANDS).join('|')}|--help)\\b)`, 'g');

/** The commands that a text names, as a person types them. */
export function nameCommands(text: string, name: string): string {
  return text.replace(A_COMMAND, `${name} `);
}
