/**
 * Imported before all else: whoever may list processes must not read what a URL on the command line holds. On Linux and macOS
 * the title takes the place of the arguments, for all threads; children get none of these arguments. Without a secret among
 * them the arguments stay as they were given.
 */

/** User and password, a key in the query, or a part of the path that is long enough for one. */
const SECRET = /:\/\/(?:.*[@?#]|[^/]*\/.*[^/]{20})/s;

const args = process.argv.slice(2);
if (args.some((arg) => SECRET.test(arg))) {
  process.title = ['backfill', ...args.map((arg) => (SECRET.test(arg) ? arg.replace(/:\/\/.*/s, '://…') : arg))].join(
    ' ',
  );
}
