import { openTarget } from './client.js';
import { EmbeddedServer } from './embedded/embedded.js';
import type { Target, TargetSettings } from './target.js';
import { parseTargetUrl } from './url.js';

export interface OpenedTarget {
  readonly target: Target;
  /** With the URL filled in and credentials taken out of it: what the threads open their own clients with. */
  readonly settings: TargetSettings & { readonly url: string };
  /** Present when no URL was given. */
  readonly embedded?: EmbeddedServer;
}

/** The target of a command: the given URL, or else the embedded server of the folder. The caller closes both. */
export async function openTargetOrEmbedded(settings: TargetSettings, embeddedDir: string): Promise<OpenedTarget> {
  if (settings.url !== undefined) {
    const { url, username, password } = parseTargetUrl(settings.url);
    const bare = {
      ...settings,
      url,
      username: username ?? settings.username,
      password: password ?? settings.password,
    };
    return { target: await openTarget(bare), settings: bare };
  }
  const embedded = await EmbeddedServer.start({ dir: embeddedDir });
  // The embedded server has its own login, whatever the environment says about another one.
  const own = { ...settings, url: embedded.url, ...embedded.login };
  return { target: await openTarget(own, () => embedded.ensure()), settings: own, embedded };
}
