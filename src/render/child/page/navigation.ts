import type { CDPSession } from 'playwright-core';
import { EgressError } from '../../../egress/index.ts';
import type { RenderFault, RenderRequest } from '../../messages.ts';
import type { Blockable } from '../../options.ts';

/** The most redirects that a page is followed through. */
const MAX_REDIRECTS = 10;
const BLOCKED_TYPES: Partial<Record<Blockable, string[]>> = {
  images: ['Image'],
  fonts: ['Font'],
  media: ['Media'],
};

interface NavigationOptions {
  cdp: CDPSession;
  request: RenderRequest;
  /** Good until the signal aborts. */
  credential: { username: string; password: string; signal: AbortSignal };
  /** The proxy that may ask for the credential. */
  proxyUrl: string;
  /** Whether the page may go on to an address. */
  mayVisit: (url: string) => Promise<boolean>;
  /** Throws where a request must not be made. Null: the proxy decides that. */
  check: ((url: string) => Promise<void>) | null;
}

interface Paused {
  requestId: string;
  /** Of a document: the id of its loader. */
  networkId?: string;
  frameId: string;
  resourceType: string;
  request: { url: string; headers: Record<string, string> };
  responseStatusCode?: number;
  responseHeaders?: { name: string; value: string }[];
  responseErrorReason?: string;
}

/** How a document was answered. */
export interface DocumentAnswer {
  url: URL;
  status: number;
  fields: { name: string; value: string }[];
  /** Each address that the page went on to until then, in turn. */
  redirects: string[];
}

/**
 * Where a page takes the browser: decides on each document before its request and at its answer,
 * and remembers the answers. Answers the proxy when that asks for credentials.
 */
export class Navigation {
  readonly #options: NavigationOptions;
  readonly #blocked: Set<string>;
  readonly #origin: string;
  /** The documents that were asked for. */
  readonly visited = new Set<string>();
  #mainFrame = '';
  readonly #redirects: string[] = [];
  readonly #answers = new Map<string | undefined, DocumentAnswer>();
  /** The document that was asked for last. */
  current: URL;
  /** Why the page was not loaded, where this class refused it. */
  fault: RenderFault | null = null;
  /** Whether the first answer is no page. Later ones leave the page where it is. */
  notHtml = false;
  /** The last answer that is a page. */
  answer: DocumentAnswer | null = null;

  constructor(options: NavigationOptions) {
    this.#options = options;
    this.current = new URL(options.request.url);
    this.#origin = this.current.origin;
    this.#blocked = new Set(options.request.options.block.flatMap((kind) => BLOCKED_TYPES[kind] ?? []));
  }

  /** Takes part in the page's requests from now on. */
  async begin(): Promise<void> {
    const { cdp, request } = this.#options;
    cdp.on('Fetch.authRequired', (event) => void this.#authenticate(event).catch(() => {}));
    cdp.on('Fetch.requestPaused', (event) => {
      // A request that is not let go on would hang. The page may be gone by then.
      const fail = async () => await this.#refuse(event, 'Aborted');
      void this.#decide(event as Paused)
        .catch(fail)
        .catch(() => {});
    });
    const types = ['Document', ...this.#blocked] as 'Document'[];
    const enabled = cdp.send('Fetch.enable', {
      handleAuthRequests: true,
      patterns: [
        ...(this.#options.check ? [{ urlPattern: '*' }] : []),
        ...types.map((resourceType) => ({ urlPattern: '*', resourceType })),
        { urlPattern: '*', resourceType: 'Document', requestStage: 'Response' },
        ...(Object.keys(request.headers).length > 0 ? [{ urlPattern: `${this.#origin}/*` }] : []),
      ],
    });
    const [{ frameTree }] = await Promise.all([cdp.send('Page.getFrameTree'), enabled]);
    this.#mainFrame = frameTree.frame.id;
  }

  /** Whether the document of a loader is an answer of its site. */
  hasAnswered(loaderId: string): boolean {
    return this.#answers.has(loaderId);
  }

  /**
   * How the document of a loader was answered; the last answer where a script has replaced that
   * document by one that has none.
   */
  answerOf(loaderId: string): DocumentAnswer | null {
    return this.#answers.get(loaderId) ?? this.answer;
  }

  async #authenticate(event: { requestId: string; authChallenge: { source?: string; origin: string } }) {
    const { cdp, credential, proxyUrl } = this.#options;
    const { source, origin } = event.authChallenge;
    const { username, password, signal } = credential;
    const ours = source === 'Proxy' && origin === proxyUrl && !signal.aborted;
    await cdp.send('Fetch.continueWithAuth', {
      requestId: event.requestId,
      authChallengeResponse: ours
        ? { response: 'ProvideCredentials', username, password }
        : { response: 'CancelAuth' },
    });
  }

  async #decide(event: Paused): Promise<void> {
    const isDocument = event.resourceType === 'Document' && event.frameId === this.#mainFrame;
    const answered = event.responseStatusCode !== undefined || event.responseErrorReason !== undefined;
    if (answered) return await this.#afterAnswer(event, isDocument);
    if (this.#blocked.has(event.resourceType)) return await this.#refuse(event, 'BlockedByClient');
    if (isDocument && !(await this.#mayGoOn(event.request.url))) return await this.#refuse(event, 'Aborted');
    if (!(await this.#isPermitted(event.request.url, isDocument)))
      return await this.#refuse(event, 'Aborted');
    await this.#continue(event);
  }

  async #isPermitted(url: string, isDocument: boolean): Promise<boolean> {
    try {
      await this.#options.check?.(url);
      return true;
    } catch (error) {
      if (isDocument) this.fault = error instanceof EgressError ? error.code : 'blocked_target';
      return false;
    }
  }

  async #mayGoOn(text: string): Promise<boolean> {
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol)) return this.#fail('blocked_target');
    const isFirst = this.visited.size === 0;
    const isNew = !this.visited.has(url.href);
    this.visited.add(url.href);
    if (!isFirst && this.#redirects.length >= MAX_REDIRECTS) return this.#fail('too_many_redirects');
    if (!isFirst && isNew && !(await this.#options.mayVisit(url.href))) return this.#fail('robots');
    if (!isFirst) this.#redirects.push(url.href);
    this.current = url;
    return true;
  }

  #fail(fault: RenderFault): false {
    this.fault = fault;
    return false;
  }

  async #afterAnswer(event: Paused, isDocument: boolean): Promise<void> {
    const { responseStatusCode: status = 0, responseHeaders: fields = [] } = event;
    const isRedirect = status >= 300 && status < 400 && valueOf(fields, 'location') !== null;
    if (isDocument && status > 0 && !isRedirect) {
      if (!isPage(status, fields)) {
        this.notHtml = this.answer === null;
        return await this.#refuse(event, 'Aborted');
      }
      this.answer = { url: this.current, status, fields, redirects: [...this.#redirects] };
      this.#answers.set(event.networkId, this.answer);
    }
    await this.#options.cdp.send('Fetch.continueRequest', { requestId: event.requestId });
  }

  async #continue({ requestId, request }: Paused): Promise<void> {
    const { cdp, request: wanted } = this.#options;
    const own = Object.entries(wanted.headers);
    const override = own.length > 0 && URL.parse(request.url)?.origin === this.#origin;
    const names = new Set(own.map(([name]) => name.toLowerCase()));
    const kept = Object.entries(request.headers).filter(([name]) => !names.has(name.toLowerCase()));
    const headers = [...kept, ...own].map(([name, value]) => ({ name, value }));
    await cdp.send('Fetch.continueRequest', { requestId, ...(override ? { headers } : {}) });
  }

  async #refuse({ requestId }: Paused, errorReason: 'Aborted' | 'BlockedByClient'): Promise<void> {
    await this.#options.cdp.send('Fetch.failRequest', { requestId, errorReason });
  }
}

/** The first field of a name; null where there is none. */
export function valueOf(fields: { name: string; value: string }[], wanted: string): string | null {
  return fields.find(({ name }) => name.toLowerCase() === wanted)?.value ?? null;
}

/** A status that leaves a browser where it is. */
const KEEPS_PAGE = new Set([204, 205]);

function isPage(status: number, fields: { name: string; value: string }[]): boolean {
  if (KEEPS_PAGE.has(status)) return false;
  const attachment = /^\s*attachment/i.test(valueOf(fields, 'content-disposition') ?? '');
  return (
    !attachment && /^\s*(?:$|text\/html|application\/xhtml\+xml)/i.test(valueOf(fields, 'content-type') ?? '')
  );
}
