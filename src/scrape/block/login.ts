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

/** First labels of hosts where people sign in. */
const SIGN_IN_HOST = /^(?:login|auth|sso|signin|accounts?|id|idp)\./;

/**
 * A login wall: the site demands credentials, or leads from another page to a form with a password.
 * A form that asks for the name first counts where its URL names the way back.
 * A link or a small form to sign in is none.
 */
export function loginWall(
  answer: { url: string; status: number; headers: Record<string, string>; hops: readonly Hop[] },
  traces: Traces | null,
): BlockVerdict | null {
  if (answer.status === 401 && answer.headers['www-authenticate'] !== undefined)
    return { kind: 'login', vendor: null, evidence: 'status 401, header www-authenticate' };
  const [first] = answer.hops;
  if (!first || traces === null || isAboutSigningIn(first.url)) return null;
  const [signsIn, back] = [isAboutSigningIn(answer.url), leadsBack(answer.url, first.url)];
  if (traces.hasPassword && (signsIn || back))
    return { kind: 'login', vendor: null, evidence: 'a redirect to a form with a password' };
  const asks = traces.fields > 0 && (back || namesHost(answer.url, first.url));
  const isPlace = signsIn || SIGN_IN_HOST.test(URL.parse(answer.url)?.hostname ?? '');
  return asks && isPlace
    ? { kind: 'login', vendor: null, evidence: 'a redirect to a form to sign in' }
    : null;
}

function isAboutSigningIn(url: string): boolean {
  const path = URL.parse(url)?.pathname.toLowerCase() ?? '';
  return SIGN_IN.some((part) => path.includes(part));
}

/** Whether the query of a URL of another host names the host that the visitor came from. */
function namesHost(url: string, from: string): boolean {
  const [to, origin] = [URL.parse(url), URL.parse(from)];
  if (to === null || origin === null || to.host === origin.host) return false;
  return [...to.searchParams.values()].some((value) => value.includes(`//${origin.host}`));
}

/** Whether the query of a URL names where the visitor came from. */
function leadsBack(url: string, from: string): boolean {
  const path = URL.parse(from)?.pathname ?? '/';
  const query = URL.parse(url)?.searchParams;
  return path.length > 1 && query !== undefined && [...query.values()].some((value) => value.includes(path));
}
