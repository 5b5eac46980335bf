import type { BrowserAddress } from '../config/config.ts';
import type { EgressErrorCode, KeptCookie, SetCookie, Via } from '../egress/index.ts';
import type { FileErrorCode } from '../scrape/types.ts';
import type { RenderOptions } from './options.ts';

export type { BrowserAddress } from '../config/config.ts';

/** Where a browser finds programs. It gets no environment of ours. */
export const PROGRAMS = '/usr/local/bin:/usr/bin:/bin';

/** A page to render. It is sent to another process: plain values only. */
export interface RenderRequest {
  url: string;
  /** By lower-case name. Sent to the origin of `url` only. */
  headers: Record<string, string>;
  cookies: KeptCookie[];
  /** Whether the cookies that the page has at its end are wanted. */
  keepsCookies: boolean;
  userAgent: string;
  skipTlsVerification: boolean;
  timeoutMs: number;
  /** The proxy that every connection of the page goes through; null: none. */
  via: Via | null;
  options: RenderOptions;
  /** The account that the page's connections count for. */
  payer: string;
  /** Whether the service must be asked about each address that the page goes on to. */
  asks: boolean;
}

/** A file that was made of a page. */
export interface RenderedFile {
  /** Unique within the page. */
  name: string;
  type: string;
  content: Uint8Array;
  /** In hex. */
  sha256: string;
  /** Of a picture, in pixels. */
  size: { width: number; height: number } | null;
  /** Whether the page goes on below the picture. */
  truncated: boolean;
}

/** What came of the files that were to be made of a page. */
export interface RenderedFiles {
  made: RenderedFile[];
  faults: { name: string; code: FileErrorCode }[];
}

/** A page as it stands after its scripts have run. */
export interface RenderedPage {
  /** Where the browser has ended up. */
  url: string;
  /** Each address that the page went on to, in turn. */
  redirects: string[];
  status: number;
  /** Of the answer, by lower-case name. */
  headers: Record<string, string>;
  robotsTags: string[];
  /** What has become of the cookies of its sites, where that is wanted. */
  cookies: SetCookie[];
  /** The document in UTF-8. Null: the answer is no HTML, and was not rendered. */
  body: Uint8Array | null;
  files: RenderedFiles;
  durationMs: number;
}

/** What went wrong with one page. */
export type RenderFault = EgressErrorCode | 'robots' | 'render_failed' | 'render_timeout';

/** What the browser's process is given at its start. */
export interface BrowserSettings {
  browser: BrowserAddress;
  /** A folder of its own, which is removed at the end. */
  directory: string;
  /** The user that the browser runs as; none: the user of the service. */
  user: { uid: number; gid: number } | null;
  allowTargets: string[];
  dnsServers: string[];
}

export type ToBrowser =
  | { type: 'start'; settings: BrowserSettings }
  | { type: 'render'; id: number; request: RenderRequest }
  /** Whether the page may go on to the address that it asked for. */
  | { type: 'answer'; question: number; allowed: boolean }
  | { type: 'stop'; id: number };

export type FromBrowser =
  | { type: 'ready'; guarded: boolean }
  | { type: 'failed_to_start'; reason: string }
  | { type: 'ask'; id: number; question: number; url: string }
  | { type: 'rendered'; id: number; page: RenderedPage; residentBytes: number }
  | { type: 'failed'; id: number; fault: RenderFault; cause: string };
