import type { FetchedPage, PageRequest, Via } from '../../egress/index.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';

/** What a page is asked for with, once its host is entered. */
export type PlaceRequest = Omit<PageRequest, 'url' | 'userAgent' | 'onRedirect'>;

/** What another way than a fetch has to keep to. */
export interface WayRules {
  /** Throws where the robots.txt of the site forbids an address, and the job respects it. */
  mayVisit: (url: string) => Promise<void>;
  /** The proxy that every connection goes through; null: none. */
  via: Via | null;
  timeoutMs: number;
}

/** Another way than a fetch; null where it was none for this page. */
export type Way<T extends FetchedPage> = (rules: WayRules) => Promise<T | null>;

/** What came of a way, and which it was. */
export type Routed<T extends FetchedPage> = T & Pick<RoutedPage, 'via'>;

interface PlaceTools {
  fetch(request: PlaceRequest): Promise<RoutedPage>;
  visit<T extends FetchedPage>(way: Way<T>, timeoutMs: number): Promise<Routed<T> | null>;
}

/** A place at a host, good for one fetch. */
export class HostPlace implements Disposable {
  readonly #permit: Disposable;
  readonly #tools: PlaceTools;

  constructor(permit: Disposable, tools: PlaceTools) {
    this.#permit = permit;
    this.#tools = tools;
  }

  /** Fetches what the place was entered for, and gives the place back when the answer is there. */
  async fetch(request: PlaceRequest): Promise<RoutedPage> {
    try {
      return await this.#tools.fetch(request);
    } finally {
      this[Symbol.dispose]();
    }
  }

  /**
   * Fetches it in another way, which says where it goes on to, and gives the place back. Null where
   * that way was none: then the place is good for a fetch.
   */
  async visit<T extends FetchedPage>(way: Way<T>, timeoutMs: number): Promise<Routed<T> | null> {
    const fetched = await this.#tools.visit(way, timeoutMs);
    if (fetched !== null) this[Symbol.dispose]();
    return fetched;
  }

  [Symbol.dispose](): void {
    this.#permit[Symbol.dispose]();
  }
}
