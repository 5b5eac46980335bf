import { execFile } from 'node:child_process';
import { platform, userInfo } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The user that the browser runs as. Chromium's sandbox refuses root: where the service runs as
 * root, the browser runs as `nobody`, who owns none of our files. Null: the user of the service.
 */
export async function browserUser(): Promise<{ uid: number; gid: number } | null> {
  if (platform() === 'win32' || userInfo().uid !== 0) return null;
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'nobody'])));
  return { uid: Number(uid!.stdout), gid: Number(gid!.stdout) };
}
