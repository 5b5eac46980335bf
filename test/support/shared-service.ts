import { atEnd } from '../runner/at-end.ts';
import { startTestService, type TestService } from './service.ts';

/** A million, as the first account of a test's service has. */
const CREDITS = 1_000_000;
/** The services of this process that run, by their variables. */
const running = new Map<string, Promise<TestService>>();

/**
 * An account of its own on a service that the files of a folder share, where they give it the same
 * variables. For tests that look at what is their account's and leave the rest alone. Disposing
 * does nothing: the service stops after the folder's last file.
 */
export async function shareTestService(env: Record<string, string> = {}): Promise<TestService> {
  const name = JSON.stringify(env);
  let starting = running.get(name);
  if (!starting) {
    starting = startTestService(env);
    running.set(name, starting);
    atEnd.use(await starting);
  }
  const service = await starting;
  const { api, ...account } = await service.createAccount({ credits: CREDITS });
  return { ...service, api, account, [Symbol.asyncDispose]: async () => {} };
}
