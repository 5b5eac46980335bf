import { randomUUID } from 'node:crypto';
import { getDomain } from 'tldts';
import type { CDPSession } from 'playwright-core';

/** The most frames of one page that are read with it. */
const MAX_FRAMES = 20;
const WORLD = 'reader';

/** The document in a frame. */
export interface Frame {
  id: string;
  url: string;
  urlFragment?: string;
  loaderId: string;
  /** The address that the browser did not reach, where it shows a page of its own for that. */
  unreachableUrl?: string;
}

interface FrameTree {
  frame: Frame;
  childFrames?: FrameTree[];
}

/**
 * Runs in a frame, apart from its scripts: its document as HTML, or with `inner` what is in its
 * body. Shadow trees are in their places, and so are the marks of the frames that were read. Null
 * where it is longer than `max`. It parses nothing: a page may forbid that.
 */
const SERIALISE = `(max, inner) => {
  for (const plea of document.querySelectorAll('noscript')) plea.remove();
  const root = (inner && document.body) || document.documentElement;
  if (!root) return '';
  const elements = [root, ...root.querySelectorAll('*')];
  const nested = elements.some((element) => element.shadowRoot || element.readAs !== undefined);
  const copy = nested ? flattened() : root;
  const html = inner ? copy.innerHTML : copy.outerHTML;
  return html.length > max ? null : html;

  function flattened() {
    const inert = document.implementation.createHTMLDocument('');
    const copyOf = (node) => {
      if (node.localName === 'frameset') return inert.createElement('div');
      if (node.readAs === undefined) return inert.importNode(node, false);
      const section = inert.createElement('section');
      section.append(node.readAs);
      return section;
    };
    const childrenOf = (node) => {
      if (node.readAs !== undefined) return [];
      if (node.shadowRoot) return node.shadowRoot.childNodes;
      if (node.localName !== 'slot') return node.childNodes;
      const assigned = node.assignedNodes();
      return assigned.length > 0 ? assigned : node.childNodes;
    };
    const copy = copyOf(root);
    const open = [[root, copy]];
    for (let next = open.pop(); next; next = open.pop()) {
      for (const child of childrenOf(next[0])) {
        const copied = copyOf(child);
        next[1].append(copied);
        if (child.nodeType === Node.ELEMENT_NODE) open.push([child, copied]);
      }
    }
    return copy;
  }
}`;

/** Makes every shadow tree readable. Runs in each page before its own scripts. */
export const OPEN_SHADOWS = `(() => {
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (init) {
    return attachShadow.call(this, { ...init, mode: 'open' });
  };
})()`;

/** The document of a page as it stands. */
export interface Reading {
  frame: Frame;
  /** With its frames of the same site in their places. Null where it is too long. */
  html: string | null;
}

/** Reads the document of a page, of at most `maxChars`. */
export async function snapshot(cdp: CDPSession, maxChars: number): Promise<Reading> {
  const { frameTree } = await cdp.send('Page.getFrameTree');
  return { frame: frameTree.frame, html: await new Snapshot(cdp, maxChars).read(frameTree) };
}

class Snapshot {
  readonly #cdp: CDPSession;
  readonly #maxChars: number;
  #frames = 0;

  constructor(cdp: CDPSession, maxChars: number) {
    this.#cdp = cdp;
    this.#maxChars = maxChars;
  }

  async read({ frame, childFrames = [] }: FrameTree, isInner = false): Promise<string | null> {
    const { executionContextId } = await this.#cdp.send('Page.createIsolatedWorld', {
      frameId: frame.id,
      worldName: WORLD,
    });
    const inner = new Map<string, string>();
    for (const child of childFrames) {
      if (!sameSite(child.frame.url, frame.url) || this.#frames++ >= MAX_FRAMES) continue;
      const html = await this.read(child, true).catch(() => null); // it has gone, or never came
      const mark = html === null ? null : await this.#mark(child, executionContextId).catch(() => null);
      if (mark !== null) inner.set(mark, html!);
    }
    const { result, exceptionDetails } = await this.#cdp.send('Runtime.evaluate', {
      expression: `(${SERIALISE})(${this.#maxChars}, ${isInner})`,
      contextId: executionContextId,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    let html = result.value as string | null;
    for (const [mark, part] of inner) html = html?.replace(mark, () => part) ?? null;
    return html === null || html.length > this.#maxChars ? null : html;
  }

  /** Leaves a mark for a frame at its element, where only the reader sees it. */
  async #mark(child: FrameTree, executionContextId: number): Promise<string> {
    const mark = randomUUID();
    const { backendNodeId } = await this.#cdp.send('DOM.getFrameOwner', { frameId: child.frame.id });
    const { object } = await this.#cdp.send('DOM.resolveNode', { backendNodeId, executionContextId });
    await this.#cdp.send('Runtime.callFunctionOn', {
      objectId: object.objectId!,
      functionDeclaration: 'function (mark) { this.readAs = mark; }',
      arguments: [{ value: mark }],
    });
    return mark;
  }
}

/** A frame without an address of its own, such as `srcdoc`, belongs to its page's site. */
function sameSite(url: string, parent: string): boolean {
  if (/^(?:about:srcdoc$|about:blank$|blob:)/.test(url)) return true;
  const [host, other] = [URL.parse(url)?.hostname, URL.parse(parent)?.hostname];
  if (host === undefined || host === '' || other === undefined) return false;
  return host === other || (getDomain(host) !== null && getDomain(host) === getDomain(other));
}
