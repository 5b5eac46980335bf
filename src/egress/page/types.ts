import type { BodyMemory } from '../body/memory.ts';
import type { BodyReader } from '../body/read.ts';
import type { HeaderRecord } from '../headers.ts';
import type { Via } from '../upstream/upstream.ts';
import type { SiteCookies } from './cookies.ts';

export interface PageRequest {
  url: string;
  /** Sent besides, or in place of, the default ones; those of the transport are ignored. */
  headers?: HeaderRecord;
  /**
   * Cookies that go to their sites, and those that sites set on the way; default: none at first.
   */
  cookies?: SiteCookies;
  userAgent: string;
  /** The account that new connections count for. */
  payer?: string;
  /**
   * One deadline over everything: names, connections, redirects, `onRedirect`, the body and its
   * decoding.
   */
  timeoutMs: number;
  /** Limit of the decoded body; default 10 MiB. */
  maxBytes?: number;
  /** Reads the body of a 2xx answer while it arrives. The page then comes without a body. */
  read?: BodyReader;
  /**
   * Where a large body waits for room; no time of `timeoutMs` passes meanwhile. The caller gives
   * the room back.
   */
  memory?: BodyMemory;
  signal?: AbortSignal;
  /** Takes certificates with a fault, whatever it is. Default false. */
  skipTlsVerification?: boolean;
  /** The proxy that every connection of the fetch goes through; null: none. */
  via?: Via | null;
  /**
   * Asked with the `Content-Type` of the final answer before its body is read. Where it says no, it
   * is asked again with the first bytes of the body, their coding undone: many types are wrong.
   */
  accept?: (contentType: string | null, beginning?: Buffer) => boolean;
  /**
   * Called with the target of each redirect before it is requested. The fetch fails with what it
   * throws.
   */
  onRedirect?: (url: string) => void | Promise<void>;
  /**
   * The URL that a page goes on to by itself (a refresh), or null. Followed like a redirect, of
   * which it counts as one.
   */
  refresh?: (page: AnsweredPage) => string | null;
}

export interface AnsweredPage {
  /** The URL that answered. */
  url: string;
  status: number;
  /** By lower-case name; repeated ones are joined with commas. */
  headers: Record<string, string>;
  /** Each `X-Robots-Tag` header: the names of robots in one do not count for the next. */
  robotsTags: string[];
  /** The `Content-Type` field that counts, if there are several. */
  contentType: string | null;
  /** With its content coding undone. */
  body: Buffer;
  /** Whether the body ended early, on the wire or within its coding: `body` is what came. */
  truncated: boolean;
}

/**
 * A redirect on the way to a page: the URL that answered with it, and its status; null where a
 * browser followed it.
 */
export interface Hop {
  url: string;
  status: number | null;
}

export interface FetchedPage extends AnsweredPage {
  /** The redirects in turn; the first is of the URL that was asked for. */
  hops: Hop[];
  durationMs: number;
}
