import type { FetchedPage, PageRequest, Via } from '../../egress/index.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';

/** A request for the URL for which a host was entered. */
export type PlaceRequest = Omit<PageRequest, 'url' | 'userAgent' | 'onRedirect'>;

/** The rules for a way other than a fetch. */
export interface WayRules {
  /** Throws where the robots.txt of the site forbids an address, and the job respects it. */
  mayVisit: (url: string) => Promise<void>;
  /** The proxy that every connection goes through; null: none. */
  via: Via | null;
  timeoutMs: number;
}

/** A way other than a fetch. Resolves with null where it does not serve for this page. */
export type Way<T extends FetchedPage> = (rules: WayRules) => Promise<T | null>;

/** A page, and the proxy that it came through. */
export type Routed<T extends FetchedPage> = T & Pick<RoutedPage, 'via'>;

interface PlaceTools {
  fetch(request: PlaceRequest): Promise<RoutedPage>;
  visit<T extends FetchedPage>(way: Way<T>, timeoutMs: number): Promise<Routed<T> | null>;
}

/**
 * A place at a host, good for one fetch. It is given back when the answer is there; a host that may
 * be blocking keeps it taken until the answer has been judged and the place is disposed of.
 */
export class HostPlace implements Disposable {
  readonly #permit: Disposable;
  readonly #mayBlock: boolean;
  readonly #tools: PlaceTools;

  constructor(permit: Disposable, mayBlock: boolean, tools: PlaceTools) {
    this.#permit = permit;
    this.#mayBlock = mayBlock;
    this.#tools = tools;
  }

  /** Fetches what the place was entered for. */
  async fetch(request: PlaceRequest): Promise<RoutedPage> {
    const fetched = await this.#tools.fetch(request);
    this.#giveBack();
    return fetched;
  }

  /**
   * Gets it in another way. Null where that way does not serve: then the place is still good for a
   * fetch.
   */
  async visit<T extends FetchedPage>(way: Way<T>, timeoutMs: number): Promise<Routed<T> | null> {
    const fetched = await this.#tools.visit(way, timeoutMs);
    if (fetched !== null) this.#giveBack();
    return fetched;
  }

  #giveBack(): void {
    if (!this.#mayBlock) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#permit[Symbol.dispose]();
  }
}
