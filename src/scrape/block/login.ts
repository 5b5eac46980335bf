import type { Hop } from '../types.ts';
import type { Traces } from './traces.ts';
import type { BlockVerdict } from './verdict.ts';

/** Parts of paths that are about signing in. Whoever asks for one gets what was asked for. */
const SIGN_IN = [
  'login',
  'log-in',
  'log_in',
  'logon',
  'signin',
  'sign-in',
  'sign_in',
  'authwall',
  '/auth',
  '/sso',
];

/**
 * A login wall: the site demands credentials, or leads from another page to a form with a password.
 * A link or a small form to sign in is none.
 */
export function loginWall(
  answer: { url: string; status: number; headers: Record<string, string>; hops: readonly Hop[] },
  traces: Traces | null,
): BlockVerdict | null {
  if (answer.status === 401 && answer.headers['www-authenticate'] !== undefined)
    return { kind: 'login', vendor: null, evidence: 'status 401, header www-authenticate' };
  const [first] = answer.hops;
  if (!first || !traces?.hasPassword || isAboutSigningIn(first.url)) return null;
  if (!isAboutSigningIn(answer.url) && !leadsBack(answer.url, first.url)) return null;
  return { kind: 'login', vendor: null, evidence: 'a redirect to a form with a password' };
}

function isAboutSigningIn(url: string): boolean {
  const path = URL.parse(url)?.pathname.toLowerCase() ?? '';
  return SIGN_IN.some((part) => path.includes(part));
}

/** Whether the query of a URL names where the visitor came from. */
function leadsBack(url: string, from: string): boolean {
  const path = URL.parse(from)?.pathname ?? '/';
  const query = URL.parse(url)?.searchParams;
  return path.length > 1 && query !== undefined && [...query.values()].some((value) => value.includes(path));
}
