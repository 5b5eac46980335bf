/** What stands between a visitor and the page. */
export const BLOCK_KINDS = ['challenge', 'captcha', 'denied', 'login', 'rate_limited'] as const;
export type BlockKind = (typeof BLOCK_KINDS)[number];

/** Why an answer counts as a block page: what came is not what was asked for. */
export interface BlockVerdict {
  kind: BlockKind;
  /** Whose product it is; null where nothing shows that. */
  vendor: string | null;
  /** The marks that it was told by, for a person to check. */
  evidence: string;
}

/**
 * Kinds with which a site turns this visitor away, whatever the page. A login wall stands before
 * some pages only, and a rate limit asks for a pause.
 */
const REFUSALS: ReadonlySet<BlockKind> = new Set(['challenge', 'captcha', 'denied']);

/** Whether the site refuses the visitor: the same request again has no better chance. */
export function isRefusal(verdict: BlockVerdict | null): boolean {
  return verdict !== null && REFUSALS.has(verdict.kind);
}
