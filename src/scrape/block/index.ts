import type { Document } from 'domhandler';
import type { Hop } from '../types.ts';
import { loginWall } from './login.ts';
import { MARKS, type Mark, type Sign } from './marks.ts';
import { tracesOf, tracesOfText, type Traces } from './traces.ts';
import type { BlockVerdict } from './verdict.ts';

export { BLOCK_KINDS, isRefusal, type BlockKind, type BlockVerdict } from './verdict.ts';

/** An answer, as far as a verdict needs it. */
export interface Answer {
  /** The URL that answered, after redirects. */
  url: string;
  status: number;
  /** By lower-case name. */
  headers: Record<string, string>;
  /** The redirects on the way, the first from the URL that was asked for. */
  hops: readonly Hop[];
}

/** What else a page with nothing but a captcha may show. */
const MAX_CAPTCHA_CHARS = 1500;
/** "Please wait…" */
const BLANK_CHARS = 200;

/**
 * Whether an answer is a block page in place of the page that was asked for: by its status, its
 * headers, and how its body is built. What the page says does not count. `body`: a document, the
 * text of what is no HTML, or null.
 */
export function blockVerdict(answer: Answer, body: Document | string | null): BlockVerdict | null {
  const traces = typeof body === 'string' ? tracesOfText(body) : body && tracesOf(body);
  return (
    vendorsMark(answer, traces) ??
    (traces && onlyCaptcha(traces)) ??
    loginWall(answer, traces) ??
    (answer.status === 429 ? { kind: 'rate_limited', vendor: null, evidence: 'status 429' } : null)
  );
}

function vendorsMark(answer: Answer, traces: Traces | null): BlockVerdict | null {
  const found = MARKS.find(({ signs }) => signs.every((sign) => isThere(sign, answer, traces)));
  return found ? { kind: found.kind, vendor: found.vendor, evidence: evidenceOf(found) } : null;
}

function isThere(sign: Sign, { url, status, headers }: Answer, traces: Traces | null): boolean {
  switch (sign[0]) {
    case 'header':
      return headers[sign[1]]?.toLowerCase().includes(sign[2] ?? '') ?? false;
    case 'status':
      return sign.slice(1).includes(status);
    case 'url':
      return url.includes(sign[1]);
    case 'blank':
      return traces === null ? false : traces.text.trim().length <= BLANK_CHARS;
    case 'id':
      return traces?.id.includes(sign[1]) ?? false;
    case 'text':
      return traces?.text.includes(sign[1]) ?? false;
    default:
      return traces?.[sign[0]].some((value) => value.includes(sign[1])) ?? false;
  }
}

function evidenceOf({ signs }: Mark): string {
  const shown = signs.filter(([where]) => where !== 'blank' && where !== 'status');
  return shown.map(([where, ...parts]) => [where.replace('_', ' '), ...parts].join(' ')).join(', ');
}

/** A captcha and nothing to fill in besides: the form of a visitor would have fields. */
function onlyCaptcha({ captchas, fields, hasPassword, text }: Traces): BlockVerdict | null {
  const [vendor] = captchas;
  if (vendor === undefined || fields > 0 || hasPassword || text.length > MAX_CAPTCHA_CHARS) return null;
  return { kind: 'captcha', vendor, evidence: `nothing but a ${vendor} captcha` };
}
