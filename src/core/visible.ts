/** What moves the cursor, sets the title, writes the clipboard, or turns the direction of writing: C0, DEL, C1, bidi controls. */
const CONTROLS = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * A foreign text with its control characters as `\x1b` or `\u202e`, so that a terminal shows them and does not obey. Everything
 * that others have written passes here: messages of failures, cells of tables, every line printed or logged. Line breaks and
 * tabs stay.
 */
export function visible(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}
