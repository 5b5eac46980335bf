import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserSettings } from './messages.ts';

const PREFIX = 'browser-';
/** Chromium makes a socket in its folder, and does not start where the path of that is too long. */
const SOCKET = 'XXXXXX/org.chromium.Chromium.XXXXXX/SingletonSocket';
/** In bytes: sun_path takes 104 on macOS, 108 on Linux, with the zero at its end. */
const MAX_SOCKET_PATH = 103;

/** A folder for the files of one browser, that its user owns. */
export async function makeBrowserFolder({ user }: Pick<BrowserSettings, 'user'>): Promise<string> {
  const directory = await mkdtemp(join(temporaryFolder(), PREFIX));
  if (user) await chown(directory, user.uid, user.gid);
  return directory;
}

/** The system's folder for temporary files, or `/tmp` where its path is too long for a browser. */
function temporaryFolder(): string {
  const folder = tmpdir();
  const longest = Buffer.byteLength(join(folder, PREFIX + SOCKET));
  return process.platform === 'win32' || longest <= MAX_SOCKET_PATH ? folder : '/tmp';
}
